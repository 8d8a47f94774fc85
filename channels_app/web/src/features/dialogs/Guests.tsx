/** The guests by mail over all channels: everybody's for admins, those one looks after for members. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { me as meApi, orgs } from "../../api/endpoints";
import { messageOf } from "../../api/http";
import { closeDialog } from "../../app/ui";
import { usePerson } from "../../data/names";
import { useData } from "../../data/store";
import { Button } from "../../ui/Button";
import { Choice } from "../../ui/Choice";
import { Dialog } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { Spinner } from "../../ui/Splash";
import { isAdmin } from "../people/guests";
import { Rows } from "./GuestRows";
import css from "./Guests.module.css";
import { ask, EVERYBODY, useAsked } from "./guestsAsked";

const TYPING = 250;

const states = [
  { value: "", words: "Any state" },
  { value: "ok", words: "Mail arrives" },
  { value: "waiting", words: "Mail waits" },
  { value: "failing", words: "Cannot be reached" },
  { value: "paused", words: "Paused" },
];

export function Guests() {
  const admin = useData(({ me }) => me !== null && isAdmin(me));
  const query = useGuests(admin);
  const guests = query.data?.pages.flatMap((page) => page.items) ?? [];
  const again = (): void => void query.refetch();
  function close(): void {
    useAsked.setState(EVERYBODY);
    closeDialog();
  }
  return (
    <Dialog title="Guests by mail" onClose={close} broad>
      <Filters admin={admin} />
      <div className={css.scroll}>
        {guests.length > 0 && (
          <table className={css.table}>
            <thead>
              <tr>
                <th scope="col">Guest</th>
                <th scope="col">Channel</th>
                <th scope="col">Invited by</th>
                <th scope="col">Gets</th>
                <th scope="col">Last heard of</th>
                <th scope="col">Until</th>
                <th scope="col" className={css.last}>
                  <span className="sr-only">Actions</span>
                </th>
              </tr>
            </thead>
            {guests.map((guest) => (
              <Rows key={guest.id} guest={guest} admin={admin} again={again} />
            ))}
          </table>
        )}
        {query.isPending && <Spinner />}
        {query.error && <p role="alert">{messageOf(query.error)}</p>}
        {query.data && guests.length === 0 && <None />}
        {query.hasNextPage && (
          <div className={css.more}>
            <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              Show more
            </Button>
          </div>
        )}
      </div>
    </Dialog>
  );
}

function None() {
  const everybody = useAsked((asked) => !Object.values(asked).some(Boolean));
  return (
    <p className={css.none}>
      {everybody
        ? "Nobody takes part by mail yet. Invite the first guest from the members of a channel."
        : "No guests are like that."}
    </p>
  );
}

function useGuests(admin: boolean) {
  const { mine, q, state, channel, sponsor } = useAsked();
  const org = useData(({ org }) => org?.id ?? "");
  const words = useSettled(q);
  const everybody = admin && !mine;
  return useInfiniteQuery({
    queryKey: ["guests", everybody, words, state, channel, sponsor],
    queryFn: ({ pageParam }) => {
      const asked = {
        q: words || undefined,
        state: state || undefined,
        channel: channel || undefined,
        sponsor: sponsor || undefined,
        cursor: pageParam,
      };
      return everybody ? orgs.guests(org, asked) : meApi.guests(asked);
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
}

/** What was typed, once nothing more comes for a moment. */
function useSettled(words: string): string {
  const [settled, settle] = useState(words);
  useEffect(() => {
    const timer = setTimeout(() => settle(words), TYPING);
    return () => clearTimeout(timer);
  }, [words]);
  return settled;
}

function Filters({ admin }: { admin: boolean }) {
  const { mine, q, state, channel, sponsor } = useAsked();
  const channels = useData((all) => all.channels);
  const vouching = usePerson(sponsor)?.name;
  const places = Object.values(channels)
    .filter(({ kind }) => kind !== "direct")
    .sort((a, b) => a.name.localeCompare(b.name));
  return (
    <div className={css.filters}>
      <input
        type="search"
        className={css.find}
        placeholder="Name or address"
        aria-label="Find a guest"
        maxLength={200}
        value={q}
        onChange={(event) => ask({ q: event.target.value })}
      />
      {admin && (
        <Choice label="Whose" quiet value={mine ? "mine" : ""} onChange={(value) => ask({ mine: value === "mine" })}>
          <option value="">All guests</option>
          <option value="mine">Those I look after</option>
        </Choice>
      )}
      <Choice label="State" quiet value={state} onChange={(value) => ask({ state: value })}>
        {states.map(({ value, words }) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </Choice>
      <Choice label="Channel" quiet value={channel} onChange={(value) => ask({ channel: value })}>
        <option value="">Any channel</option>
        {places.map(({ id, name }) => (
          <option key={id} value={id}>
            #{name}
          </option>
        ))}
      </Choice>
      {sponsor && (
        <button type="button" className={css.chip} onClick={() => ask({ sponsor: "" })}>
          Invited by {vouching} <Icon name="close" size={16} />
        </button>
      )}
    </div>
  );
}
