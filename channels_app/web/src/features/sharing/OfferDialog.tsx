/** A channel that another organization offers: an admin says how it is called here, or that we do not want it. */
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { orgs } from "../../api/endpoints";
import type { Share } from "../../api/types";
import { closeDialog } from "../../app/ui";
import { useData } from "../../data/store";
import { takeChannel } from "../../data/verbs";
import { Button } from "../../ui/Button";
import { Dialog, DialogFoot } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { tell } from "../../ui/toasts";
import { Trouble } from "../signin/Card";
import { useForm } from "../signin/useForm";

export function OfferDialog({ share }: { share: Share }) {
  const org = useData((state) => state.org?.id ?? "");
  const form = useForm({ name: share.name });
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const [, go] = useLocation();

  async function settle(work: () => Promise<void>): Promise<void> {
    setBusy(true);
    try {
      await work();
      closeDialog();
    } catch (error) {
      setTrouble(form.place(error));
      setBusy(false);
    }
  }

  const accept = () =>
    settle(async () => {
      const channel = await orgs.acceptOffer(org, share.id, {
        name: form.values.name,
        kind: open ? "public" : "private",
      });
      takeChannel(channel);
      go(`/c/${channel.id}`);
    });
  const decline = () =>
    settle(async () => {
      await orgs.declineOffer(org, share.id);
      tell(`The offer of ${share.org_name} is declined`);
    });

  function submit(event: FormEvent): void {
    event.preventDefault();
    void accept();
  }

  return (
    <Dialog
      title={`${share.org_name} offers a channel`}
      description={`${share.from_name} (${share.domain}) would like to share “${share.name}” with you. All who are in it here read and write it together with them.`}
      onClose={closeDialog}
    >
      <form onSubmit={submit}>
        {share.topic && <p>{share.topic}</p>}
        <Field label="Name here" required autoFocus autoComplete="off" {...form.field("name")} />
        <label>
          <input type="checkbox" checked={open} onChange={(event) => setOpen(event.target.checked)} /> Everybody in the
          organization may read and join
        </label>
        {trouble && <Trouble words={trouble} />}
        <DialogFoot>
          <Button onClick={() => void decline()} disabled={busy}>
            Decline
          </Button>
          <Button type="submit" look="primary" busy={busy}>
            Accept
          </Button>
        </DialogFoot>
      </form>
    </Dialog>
  );
}
