/** An invitation: a link that lets one person in. */
import { type FormEvent, useState } from "react";
import { orgs } from "../../api/endpoints";
import { closeDialog } from "../../app/ui";
import { useData } from "../../data/store";
import { Button } from "../../ui/Button";
import { Dialog, DialogFoot } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { Trouble } from "../signin/Card";
import { useForm } from "../signin/useForm";
import css from "./dialogs.module.css";
import { Values } from "./Values";

export function Invite() {
  const org = useData((state) => state.org);
  const form = useForm({ email: "", name: "" });
  const [link, setLink] = useState("");
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");

  async function invite(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setTrouble("");
    try {
      const { email, name } = form.values;
      const answer = await orgs.invite(org?.id ?? "", name ? { email, name } : { email });
      setLink(answer.link);
    } catch (error) {
      setTrouble(form.place(error));
    }
    setBusy(false);
  }

  return (
    <Dialog
      title={`Invite people to ${org?.name ?? ""}`}
      description="You get a link to pass on. It works once, for this person."
      onClose={closeDialog}
    >
      {link ? (
        <>
          <Values values={[{ label: "Link", value: link.startsWith("/") ? location.origin + link : link }]} />
          <p className={css.note}>Send it to {form.values.email}.</p>
          <DialogFoot>
            <Button
              onClick={() => {
                setLink("");
                form.set({ email: "", name: "" });
              }}
            >
              Invite another
            </Button>
            <Button look="primary" onClick={closeDialog}>
              Done
            </Button>
          </DialogFoot>
        </>
      ) : (
        <form onSubmit={(event) => void invite(event)}>
          <Field label="Email" type="email" required autoFocus autoComplete="off" {...form.field("email")} />
          <Field label="Name (optional)" autoComplete="off" {...form.field("name")} />
          {trouble && <Trouble words={trouble} />}
          <DialogFoot>
            <Button onClick={closeDialog}>Cancel</Button>
            <Button type="submit" look="primary" busy={busy}>
              Make the link
            </Button>
          </DialogFoot>
        </form>
      )}
    </Dialog>
  );
}
