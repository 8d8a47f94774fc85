/** What is open on the page: a dialog, the side pane, the drawer of a phone. Nothing of it comes from the server. */
import { create } from "zustand";
import type { FileInfo, Id, Seat, Share } from "../api/types";

/** The seat as the list of all guests has it, to which the dialog leads back. */
export type Listed = Pick<Seat, "expires_at" | "sponsor">;

export type DialogState =
  | { kind: "create-channel" }
  | { kind: "browse" }
  | { kind: "direct" }
  | { kind: "switcher" }
  | { kind: "invite" }
  | { kind: "app-passwords" }
  | { kind: "profile" }
  | { kind: "keys" }
  | { kind: "channel-settings"; channel: Id }
  | { kind: "add-people"; channel: Id }
  | { kind: "invite-guest"; channel: Id }
  | { kind: "guest-end"; channel: Id; guest: Id; from?: Listed }
  | { kind: "guest-sponsor"; channel: Id; guest: Id; from?: Listed }
  | { kind: "remove-guest"; channel: Id; guest: Id; from?: Listed }
  | { kind: "remove-guest-everywhere"; guest: Id }
  | { kind: "guests" }
  | { kind: "guest-links"; channel: Id }
  | { kind: "guest-requests" }
  | { kind: "organization" }
  | { kind: "join-code"; channel: Id }
  | { kind: "share"; channel: Id }
  | { kind: "share-offer"; share: Share }
  | { kind: "mail"; channel: Id }
  | { kind: "requests" }
  | { kind: "held" }
  | { kind: "person"; person: Id }
  | { kind: "image"; file: FileInfo };

export type Pane = { kind: "thread"; root: Id; at?: Id } | { kind: "members" } | { kind: "pins" } | { kind: "saved" };

interface Ui {
  dialog: DialogState | null;
  pane: Pane | null;
  drawer: boolean;
  /** The message that is being edited. */
  editing: Id | null;
}

export const useUi = create<Ui>()(() => ({ dialog: null, pane: null, drawer: false, editing: null }));

export const openDialog = (dialog: DialogState): void => useUi.setState({ dialog, drawer: false });
export const closeDialog = (): void => useUi.setState({ dialog: null });
export const openPane = (pane: Pane): void => useUi.setState({ pane });
export const closePane = (): void => useUi.setState({ pane: null });
export const setDrawer = (drawer: boolean): void => useUi.setState({ drawer });
export const startEditing = (editing: Id): void => useUi.setState({ editing });
export const stopEditing = (): void => useUi.setState({ editing: null });

export function togglePane(kind: "members" | "pins" | "saved"): void {
  useUi.setState(({ pane }) => ({ pane: pane?.kind === kind ? null : { kind } }));
}
