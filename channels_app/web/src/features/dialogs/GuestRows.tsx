/** One guest in the list of all: a row for each seat, with what may be done about it. */
import { useState } from "react";
import type { Delivery, HeldGuest, HeldSeat } from "../../api/types";
import { openDialog } from "../../app/ui";
import { usePerson } from "../../data/names";
import { changeGuest } from "../../data/verbs";
import { agoOf, dateOf } from "../../text/time";
import { Avatar } from "../../ui/Avatar";
import { Button, IconButton } from "../../ui/Button";
import { Menu, MenuChoice, MenuItem, MenuLine } from "../../ui/Menu";
import { attempt, complain, tell } from "../../ui/toasts";
import { deliveries, deliveryWords } from "../people/guests";
import css from "./Guests.module.css";
import { ask } from "./guestsAsked";

interface RowsProps {
  guest: HeldGuest;
  admin: boolean;
  again: () => void;
}

/** One guest: as many rows as they have seats. */
export function Rows({ guest, admin, again }: RowsProps) {
  const [first, ...rest] = guest.seats;
  return (
    <tbody className={css.guest}>
      <tr>
        <th scope="rowgroup" rowSpan={Math.max(guest.seats.length, 1)} className={css.who}>
          <Who guest={guest} />
        </th>
        {first ? (
          <Cells guest={guest} seat={first} admin={admin} again={again} />
        ) : (
          <>
            <td colSpan={5} className={css.hidden}>
              {elsewhere(guest.elsewhere)}
            </td>
            <td className={css.last}>{admin && <Everywhere guest={guest} />}</td>
          </>
        )}
      </tr>
      {rest.map((seat) => (
        <tr key={seat.channel}>
          <Cells guest={guest} seat={seat} admin={admin} again={again} />
        </tr>
      ))}
    </tbody>
  );
}

function Who({ guest }: { guest: HeldGuest }) {
  return (
    <div className={css.person}>
      <Avatar id={guest.id} name={guest.name} size={32} />
      <div>
        <strong>{guest.name}</strong>
        <small>{guest.email}</small>
        {guest.seats.length > 0 && guest.elsewhere > 0 && <small>and {elsewhere(guest.elsewhere)}</small>}
      </div>
    </div>
  );
}

const elsewhere = (count: number): string =>
  count === 1 ? "in a private channel you are not in" : `in ${count} private channels you are not in`;

interface CellsProps extends RowsProps {
  seat: HeldSeat;
}

function Cells({ guest, seat, admin, again }: CellsProps) {
  const sponsor = usePerson(seat.sponsor ?? "")?.name;
  return (
    <>
      <td data-label="Channel">#{seat.channel_name}</td>
      <td data-label="Invited by">
        {sponsor ? (
          <button type="button" className={css.sponsor} onClick={() => ask({ sponsor: seat.sponsor ?? "" })}>
            {sponsor}
          </button>
        ) : (
          "nobody"
        )}
      </td>
      <td data-label="Gets">
        <div>
          <span data-paused={seat.delivery === "paused"}>{deliveryWords(seat.delivery)}</span>
          <Trouble guest={guest} seat={seat} again={again} />
        </div>
      </td>
      <td data-label="Last heard of">{seat.active_at === null ? "never" : agoOf(seat.active_at, Date.now())}</td>
      <td data-label="Until">{seat.expires_at === null ? "no end" : dateOf(seat.expires_at, Date.now())}</td>
      <td className={css.last}>
        <SeatMenu guest={guest} seat={seat} admin={admin} again={again} />
      </td>
    </>
  );
}

/** Why mail does not arrive, and the way out when it is not sent any more. */
function Trouble({ guest, seat, again }: Omit<CellsProps, "admin">) {
  const [busy, setBusy] = useState(false);
  if (seat.state === "ok") return null;

  async function resume(): Promise<void> {
    setBusy(true);
    try {
      await changeGuest(seat.channel, guest.id, { delivery: "every" });
      tell(`${guest.name} gets mail again`);
      again();
    } catch (error) {
      complain(error);
    }
    setBusy(false);
  }

  return (
    <>
      <small className={css.trouble} data-state={seat.state}>
        {seat.state === "failing" ? "Cannot be reached" : "Mail waits"}
        {seat.why && `: ${seat.why}`}
      </small>
      {seat.state === "failing" && seat.delivery === "paused" && (
        <Button busy={busy} onClick={() => void resume()}>
          Send again
        </Button>
      )}
    </>
  );
}

function SeatMenu({ guest, seat, admin, again }: CellsProps) {
  const { channel, expires_at, sponsor } = seat;
  const at = { channel, guest: guest.id, from: { expires_at, sponsor } };
  function deliver(delivery: Delivery): void {
    attempt(changeGuest(channel, guest.id, { delivery }).then(again));
  }
  return (
    <Menu trigger={<IconButton size="s" icon="more" label={`More about ${guest.name} in ${seat.channel_name}`} />}>
      <MenuChoice label="What they get" value={seat.delivery} options={deliveries} onChange={deliver} />
      <MenuLine />
      <MenuItem icon="calendar" onSelect={() => openDialog({ kind: "guest-end", ...at })}>
        {expires_at === null ? "Set an end date" : "Change the end date"}
      </MenuItem>
      <MenuItem icon="person" onSelect={() => openDialog({ kind: "guest-sponsor", ...at })}>
        Change who vouches
      </MenuItem>
      <MenuLine />
      <MenuItem icon="out" danger onSelect={() => openDialog({ kind: "remove-guest", ...at })}>
        Remove from #{seat.channel_name}
      </MenuItem>
      {admin && (
        <MenuItem icon="trash" danger onSelect={() => openDialog({ kind: "remove-guest-everywhere", guest: guest.id })}>
          Remove everywhere
        </MenuItem>
      )}
    </Menu>
  );
}

function Everywhere({ guest }: { guest: HeldGuest }) {
  return (
    <Menu trigger={<IconButton size="s" icon="more" label={`More about ${guest.name}`} />}>
      <MenuItem icon="trash" danger onSelect={() => openDialog({ kind: "remove-guest-everywhere", guest: guest.id })}>
        Remove everywhere
      </MenuItem>
    </Menu>
  );
}
