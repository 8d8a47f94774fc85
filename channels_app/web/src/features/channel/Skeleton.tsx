/** The shape of a conversation while it loads; shown only when that takes a moment. */
import css from "./Skeleton.module.css";

const widths = [62, 88, 45, 74, 56, 91, 68];

export function Skeleton() {
  return (
    <div className={css.skeleton} role="status" aria-label="Loading">
      {widths.map((width) => (
        <div key={width} className={css.row}>
          <span className={css.face} />
          <span className={css.words}>
            <i className={css.name} />
            <i style={{ width: `${width}%` }} />
          </span>
        </div>
      ))}
    </div>
  );
}
