/** The guests of a channel who take part by mail alone, below its members. */
import type { GuestSeat, Id, Person } from "../../api/types";
import { openDialog } from "../../app/ui";
import { useMe } from "../../data/names";
import { useData } from "../../data/store";
import { changeGuest } from "../../data/verbs";
import { agoOf, dateOf } from "../../text/time";
import { Avatar } from "../../ui/Avatar";
import { Button, IconButton } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { Menu, MenuChoice, MenuItem, MenuLine } from "../../ui/Menu";
import { Spinner } from "../../ui/Splash";
import { attempt } from "../../ui/toasts";
import { rankOf } from "../composer/complete";
import css from "./GuestList.module.css";
import { deliveries, deliveryWords, domainOf, encryptedWords, looksAfter, mayInvite } from "./guests";
import list from "./MemberList.module.css";
import { Requests } from "./Requests";
import type { Seated } from "./useSeats";

interface Props {
  channel: Id;
  seated: Seated;
  /** What is looked for in the list. */
  wanted: string;
}

export function GuestList({ channel, seated, wanted }: Props) {
  const people = useData((state) => state.people);
  const may = useData(({ channels, me, org }) => {
    const here = channels[channel];
    return here !== undefined && me !== null && mayInvite(here, me, org);
  });
  const seats = Object.values(seated.seats ?? {});
  if (seats.length === 0 && !may && !seated.trouble) return null;
  const found = seats
    .map((seat) => ({ seat, person: people[seat.person] }))
    .filter((guest): guest is { seat: GuestSeat; person: Person } => guest.person !== undefined)
    .filter(({ person }) => rankOf(wanted, person.name, person.email) > 0)
    .sort((a, b) => a.person.name.localeCompare(b.person.name));
  return (
    <section className={css.guests} aria-labelledby="guests-by-mail">
      <h3 id="guests-by-mail" className={css.title}>
        Guests by mail {seats.length > 0 && <span>{seats.length}</span>}
      </h3>
      {may && (
        <button type="button" className={list.add} onClick={() => openDialog({ kind: "invite-guest", channel })}>
          <Icon name="mail" /> Invite a guest by mail
        </button>
      )}
      {may && (
        <button type="button" className={list.add} onClick={() => openDialog({ kind: "guest-links", channel })}>
          <Icon name="link" /> Invitation links
        </button>
      )}
      {may && (
        <button type="button" className={list.add} onClick={() => openDialog({ kind: "join-code", channel })}>
          <Icon name="lock" /> Invite by Delta Chat
        </button>
      )}
      <Requests channel={channel} />
      <ul className={list.list}>
        {found.map(({ seat, person }) => (
          <Guest key={person.id} channel={channel} seat={seat} person={person} />
        ))}
      </ul>
      <State seated={seated} empty={seats.length === 0} />
    </section>
  );
}

function State({ seated, empty }: { seated: Seated; empty: boolean }) {
  if (seated.trouble) {
    return (
      <div className={css.state}>
        <p role="alert">{seated.trouble}</p>
        <Button onClick={seated.retry}>Try again</Button>
      </div>
    );
  }
  if (!seated.seats) {
    return (
      <div className={css.state}>
        <Spinner />
      </div>
    );
  }
  return empty && <p className={css.note}>Whoever has a mail address can take part, without an account or an app.</p>;
}

function Guest({ channel, seat, person }: { channel: Id; seat: GuestSeat; person: Person }) {
  const me = useMe();
  const sponsor = useData(({ people }) => (seat.sponsor === null ? undefined : people[seat.sponsor]?.name));
  const brought = sponsor && `invited by ${seat.sponsor === me ? "you" : sponsor}`;
  const paused = seat.delivery === "paused";
  return (
    <li className={list.member} data-guest={person.id}>
      <Avatar id={person.id} name={person.name} size={32} />
      <div className={`${list.words} ${css.words}`}>
        <strong>{person.name}</strong>
        <small title={[person.email, brought].filter(Boolean).join(", ")}>
          <Means encrypted={seat.encrypted} /> {[domainOf(person.email), brought].filter(Boolean).join(" · ")}
        </small>
        <small>
          <span data-paused={paused} title={paused ? "No mail is sent to them" : undefined}>
            {deliveryWords(seat.delivery)}
          </span>
          {seat.expires_at !== null && ` · until ${dateOf(seat.expires_at, Date.now())}`}
        </small>
        {seat.active_at !== null && <small>Last heard of {agoOf(seat.active_at, Date.now())}</small>}
        {seat.state !== "ok" && (
          <small className={css.trouble} data-state={seat.state}>
            {seat.state === "failing" ? "Cannot be reached" : "Mail to them waits"}
            {seat.why && `: ${seat.why}`}
          </small>
        )}
      </div>
      <GuestMenu channel={channel} seat={seat} person={person} />
    </li>
  );
}

function Means({ encrypted }: { encrypted: boolean }) {
  if (!encrypted) return <Icon name="mail" size={16} />;
  return (
    <span role="img" aria-label={encryptedWords} title={encryptedWords}>
      <Icon name="lock" size={16} />
    </span>
  );
}

function GuestMenu({ channel, seat, person }: { channel: Id; seat: GuestSeat; person: Person }) {
  const may = useData(({ channels, me }) => {
    const here = channels[channel];
    return here !== undefined && me !== null && looksAfter(here, me, seat);
  });
  const change = (fields: Parameters<typeof changeGuest>[2]): void => attempt(changeGuest(channel, person.id, fields));
  return (
    <Menu trigger={<IconButton size="s" icon="more" label={`More about ${person.name}`} />}>
      {may && (
        <>
          <MenuChoice
            label="What they get"
            value={seat.delivery}
            options={deliveries}
            onChange={(delivery) => change({ delivery })}
          />
          <MenuLine />
          <MenuItem icon="calendar" onSelect={() => openDialog({ kind: "guest-end", channel, guest: person.id })}>
            {seat.expires_at === null ? "Set an end date" : "Change the end date"}
          </MenuItem>
          {seat.expires_at !== null && (
            <MenuItem icon="close" onSelect={() => change({ expires_at: null })}>
              Clear the end date
            </MenuItem>
          )}
          <MenuItem icon="person" onSelect={() => openDialog({ kind: "guest-sponsor", channel, guest: person.id })}>
            Change who vouches
          </MenuItem>
        </>
      )}
      <MenuItem icon="copy" onSelect={() => attempt(navigator.clipboard.writeText(person.email), "Address copied")}>
        Copy e-mail address
      </MenuItem>
      {may && (
        <>
          <MenuLine />
          <MenuItem icon="out" danger onSelect={() => openDialog({ kind: "remove-guest", channel, guest: person.id })}>
            Remove from the channel
          </MenuItem>
        </>
      )}
    </Menu>
  );
}
