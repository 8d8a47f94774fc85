/** Everybody who asks to be a guest and waits for our answer. */
import { closeDialog } from "../../app/ui";
import { useData } from "../../data/store";
import { Dialog } from "../../ui/Dialog";
import { RequestList } from "../people/Requests";
import css from "./dialogs.module.css";

export function GuestRequests() {
  const requests = useData((state) => state.requests);
  const channels = useData((state) => state.channels);
  const shown = Object.values(requests).filter(({ channel }) => channels[channel]);
  return (
    <Dialog
      title="Asking to join"
      description="They came by an invitation link. Who is approved gets a welcome by mail; who is declined is not told."
      onClose={closeDialog}
    >
      {shown.length > 0 ? <RequestList requests={shown} named /> : <p className={css.none}>Nobody waits.</p>}
    </Dialog>
  );
}
