/** Says that the post leaves by itself when its files are there, or what holds it up, and takes it back. */
import type { Attached } from "../../data/uploads";
import { Icon } from "../../ui/Icon";
import { Spinner } from "../../ui/Splash";
import css from "./Composer.module.css";

export function Waiting({ attached, onTakeBack }: { attached: readonly Attached[]; onTakeBack: () => void }) {
  const failed = attached.find((one) => one.error !== "");
  const missing = attached.filter((one) => !one.file).length;
  return (
    <div className={css.waiting} data-bad={failed !== undefined}>
      {failed ? <Icon name="warn" size={18} /> : <Spinner label="" />}
      <span role="status">
        {failed
          ? `Not sent: ${failed.name} could not be uploaded. Try it again, or remove it.`
          : `Will be sent once ${missing === 1 ? "the file is" : `${missing} files are`} uploaded.`}
      </span>
      <button type="button" onClick={onTakeBack}>
        Take back
      </button>
    </div>
  );
}
