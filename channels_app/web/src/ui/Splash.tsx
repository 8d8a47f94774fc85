/** The whole page while there is nothing to show yet. */
import { Logo } from "./Logo";
import css from "./Splash.module.css";

export function Splash({ words = "" }: { words?: string }) {
  return (
    <main className={css.splash} aria-busy="true">
      <Logo size={48} />
      <p role="status">{words}</p>
    </main>
  );
}

export function Spinner({ label = "Loading" }: { label?: string }) {
  return <span className={css.spinner} role="status" aria-label={label} />;
}
