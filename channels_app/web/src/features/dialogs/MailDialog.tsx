/** A channel in one's mail program: the settings to copy, with a password made on the spot. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { channels, me as meApi } from "../../api/endpoints";
import { messageOf } from "../../api/http";
import type { Id, NewAppPassword } from "../../api/types";
import { closeDialog } from "../../app/ui";
import { useChannelName } from "../../data/names";
import { useData } from "../../data/store";
import { Button } from "../../ui/Button";
import buttons from "../../ui/Button.module.css";
import { Dialog, DialogFoot } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { Spinner } from "../../ui/Splash";
import { complain } from "../../ui/toasts";
import css from "./dialogs.module.css";
import { Values } from "./Values";

export function MailDialog({ channel }: { channel: Id }) {
  const name = useChannelName(channel);
  const guest = useData((state) => state.me?.role === "guest");
  const mail = useQuery({ queryKey: ["mail", channel], queryFn: () => channels.mail(channel), staleTime: 0 });
  const [made, setMade] = useState<NewAppPassword | null>(null);
  const [busy, setBusy] = useState(false);

  async function make(): Promise<void> {
    setBusy(true);
    try {
      setMade(await meApi.newAppPassword("Mail program"));
    } catch (error) {
      complain(error);
    }
    setBusy(false);
  }

  return (
    <Dialog
      title="Open in a mail program"
      description={`${name} is also an IMAP folder. What you read and write there is here too.`}
      onClose={closeDialog}
      wide
    >
      {mail.isPending && <Spinner />}
      {mail.isError && <p>{messageOf(mail.error)}</p>}
      {mail.data && (
        <>
          <Values
            values={[
              { label: "IMAP server", value: mail.data.imap.host },
              { label: "Port", value: String(mail.data.imap.port) },
              { label: "Security", value: security(mail.data.imap.security) },
              { label: "User name", value: made?.username ?? mail.data.username },
              ...(made ? [{ label: "Password", value: made.password, code: true }] : []),
              { label: "Folder", value: mail.data.folder },
            ]}
          />
          {made && (
            <p className={css.once}>
              <Icon name="key" size={18} />
              This password is shown once. It belongs to your mail program only; you can take it back at any time under
              "App passwords".
            </p>
          )}
          <DialogFoot>
            <a className={`${buttons.button} ${buttons.plain}`} href={mail.data.url}>
              <Icon name="mail" size={18} /> Open the folder
            </a>
            {!made && !guest && (
              <Button look="primary" busy={busy} onClick={() => void make()}>
                <Icon name="key" size={18} /> Make a password for it
              </Button>
            )}
          </DialogFoot>
        </>
      )}
    </Dialog>
  );
}

function security(kind: string): string {
  const names: Record<string, string> = { tls: "TLS", ssl: "TLS", starttls: "STARTTLS", none: "None", plain: "None" };
  return names[kind.toLowerCase()] ?? kind;
}
