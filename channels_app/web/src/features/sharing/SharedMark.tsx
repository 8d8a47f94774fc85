/** At a channel's head: that another organization has it too. */
import type { Id } from "../../api/types";
import { togglePane } from "../../app/ui";
import { Icon } from "../../ui/Icon";
import { shareWords } from "./sharing";
import css from "./sharing.module.css";
import { useShare } from "./useShares";

export function SharedMark({ channel }: { channel: Id }) {
  const share = useShare(channel);
  if (share?.state !== "active") return null;
  const words = shareWords(share);
  return (
    <button type="button" className={css.mark} title={words} aria-label={words} onClick={() => togglePane("members")}>
      <Icon name="link" size={16} /> <span>{share.org_name}</span>
    </button>
  );
}
