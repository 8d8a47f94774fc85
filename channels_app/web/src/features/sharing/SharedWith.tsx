/** Below the people of a channel: which other organization has it too, and for admins a way to share it, or to end that. */
import { channels } from "../../api/endpoints";
import type { Id } from "../../api/types";
import { openDialog } from "../../app/ui";
import { useData } from "../../data/store";
import { dateOf } from "../../text/time";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { attempt } from "../../ui/toasts";
import guests from "../people/GuestList.module.css";
import list from "../people/MemberList.module.css";
import { isAdmin, mayShare, shareWords } from "./sharing";
import css from "./sharing.module.css";
import { useShare } from "./useShares";

export function SharedWith({ channel }: { channel: Id }) {
  const share = useShare(channel);
  const may = useData(({ channels: known, me }) => {
    const here = known[channel];
    return here !== undefined && me !== null && mayShare(here, me);
  });
  const ends = useData(({ me }) => me !== null && isAdmin(me));
  if (!share && !may) return null;
  return (
    <section className={guests.guests} aria-labelledby="shared-with">
      <h3 id="shared-with" className={guests.title}>
        Other organizations
      </h3>
      {share ? (
        <div className={css.share}>
          <strong>{shareWords(share)}</strong>
          <small>
            {share.state === "active" ? share.domain : "Not answered yet"} · since {dateOf(share.at, Date.now())}
          </small>
          {share.why && <small role="status">{share.why}</small>}
          {ends && (
            <Button onClick={() => attempt(channels.endShare(channel, share.id), "The channel is not shared any more")}>
              {share.state === "active" ? "End sharing" : "Take the offer back"}
            </Button>
          )}
        </div>
      ) : (
        <button type="button" className={list.add} onClick={() => openDialog({ kind: "share", channel })}>
          <Icon name="people" /> Share with another organization
        </button>
      )}
    </section>
  );
}
