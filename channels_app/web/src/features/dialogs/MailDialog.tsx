/** A channel in one's mail program: the settings to copy, with a password made on the spot. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { channels, me as meApi } from "../../api/endpoints";
import { messageOf } from "../../api/http";
import type { ChannelMail, Id, NewAppPassword } from "../../api/types";
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
import { type Value, Values } from "./Values";

export function MailDialog({ channel }: { channel: Id }) {
  const name = useChannelName(channel);
  const direct = useData((state) => state.channels[channel]?.kind === "direct");
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
      description={`${direct ? "This conversation" : `#${name}`} is also an IMAP folder. What you read and write there is here too.`}
      onClose={closeDialog}
      wide
    >
      {mail.isPending && <Spinner />}
      <Values values={settings(mail.data, made)} />
      {mail.isError && <p className={css.note}>The folder itself is not there yet: {messageOf(mail.error)}</p>}
      {made && (
        <p className={css.once}>
          <Icon name="key" size={18} />
          This password is shown once. It belongs to your mail program only; you can take it back at any time under "App
          passwords".
        </p>
      )}
      <DialogFoot>
        {mail.data && (
          <a className={`${buttons.button} ${buttons.plain}`} href={mail.data.url}>
            <Icon name="mail" size={18} /> Open the folder
          </a>
        )}
        {!made && (
          <Button look="primary" busy={busy} onClick={() => void make()}>
            <Icon name="key" size={18} /> Make a password for it
          </Button>
        )}
      </DialogFoot>
    </Dialog>
  );
}

/** What is known of the settings: from the channel's folder, and from the password once it is made. */
function settings(mail: ChannelMail | undefined, made: NewAppPassword | null): Value[] {
  const imap = mail?.imap ?? made?.imap;
  return [
    ...(imap
      ? [
          { label: "IMAP server", value: imap.host },
          { label: "Port", value: String(imap.port) },
          { label: "Security", value: security(imap.security) },
        ]
      : []),
    // A password has a user name of its own, so there is none to show before.
    ...(made
      ? [
          { label: "User name", value: made.username },
          { label: "Password", value: made.password, code: true },
        ]
      : []),
    ...(mail ? [{ label: "Folder", value: mail.folder }] : []),
  ];
}

function security(kind: string): string {
  const names: Record<string, string> = { tls: "TLS", ssl: "TLS", starttls: "STARTTLS", none: "None", plain: "None" };
  return names[kind.toLowerCase()] ?? kind;
}
