/** Above the channels: that strangers wrote, as long as somebody waits for an answer. */
import { openDialog } from "../../app/ui";
import { useData } from "../../data/store";
import { Icon } from "../../ui/Icon";
import css from "./Sidebar.module.css";

export function Waiting() {
  const count = useData((state) => Object.keys(state.strangers).length);
  if (count === 0) return null;
  return (
    <button
      type="button"
      className={css.row}
      data-unread="true"
      aria-label={`Requests, ${count} waiting`}
      onClick={() => openDialog({ kind: "requests" })}
    >
      <Icon name="mail" size={18} />
      <span className={css.name}>Requests</span>
      <span className={css.badge}>{count > 99 ? "99+" : count}</span>
    </button>
  );
}
