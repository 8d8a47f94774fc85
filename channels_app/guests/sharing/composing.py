"""What happened in a shared channel as mails for the other server.

| event | mail |
|---|---|
| message.posted | the message as it stands now, with its files |
| message.edited, message.deleted | what it says now, that it is gone |
| reaction.added, reaction.removed | all that this person has on it now |
| member.joined, member.left, member.changed | whether this person is in the channel, and their name |
| share.active | all who are in the channel |

A mail says how things stand, so it may be made again at any time and taken in again. What people of the other side do
is not told back to it; pins, the channel's name and its topic are each side's own. So is what admins take out: of what
people of the other side wrote they delete our copy alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.conf import settings

from channels_app.chat.models import Membership, Message, Reaction, Share, Visitor
from channels_app.guests import addresses
from channels_app.guests.sending.big_files import fitting
from channels_app.guests.sending.composing import message_of
from channels_app.guests.sharing import ORIGIN
from channels_app.letters import outgoing
from channels_app.mail import Address, Heard, LogEntry, Slip, SlipKind, compose_log, compose_post, write_slip
from workspace.events.log import Entry, stamp
from workspace.people.models import Person

MOST_PEOPLE = 1000  # in one mail


@dataclass(frozen=True, slots=True)
class Item:
    """A mail without its signature, and the event it stands for."""

    seq: int
    mail: bytes


def slip(share: Share, kind: SlipKind, **more: Any) -> Slip:
    """What a mail of ours says of itself, with how far we have theirs."""
    heard = Heard(share.peer_epoch, share.received, share.received_at) if share.peer_epoch else None
    return Slip(
        share=share.code,
        kind=kind,
        channel=share.channel_id or share.id,
        epoch=share.epoch,
        base=share.base,
        heard=heard,
        **more,
    )


@dataclass(frozen=True, slots=True)
class Place:
    """The number of an event, and when it was (RFC 3339)."""

    seq: int
    at: str


class Items:
    """The items of some events, in order, that come after what was sent last.

    What they need is read in a few queries, at once.
    """

    def __init__(self, share: Share, entries: Sequence[Entry], after: Place) -> None:
        assert share.channel is not None
        self._share, self._entries, self._channel, self._after = share, entries, share.channel, after
        ids = {id for entry in entries if (id := message_of(entry))}
        self._rows = {row.id: row for row in Message.objects.filter(id__in=ids)}
        roots = {row.thread_id for row in self._rows.values() if row.thread_id}
        self._roots = {row.id: row for row in Message.objects.filter(id__in=roots)} if roots else {}
        posted = {message_of(entry) for entry in entries if entry.kind == "message.posted"}
        self._around = outgoing.gather(self._channel, [row for row in self._rows.values() if row.id in posted])

    def __iter__(self) -> Iterator[Item]:
        for entry in self._entries:
            made = self._made(entry)
            if made is not None:
                yield Item(entry.seq, made)
                self._after = Place(entry.seq, stamp(entry.at))

    def _made(self, entry: Entry) -> bytes | None:
        if entry.kind == "share.active":
            return self._roster(entry)
        if entry.kind in ("member.joined", "member.left", "member.changed"):
            return self._member(entry)
        row = self._rows.get(message_of(entry))
        if row is None or (row.author_id in self._visitors and not entry.kind.startswith("reaction.")):
            return None
        if entry.kind == "message.deleted":
            return self._about(entry, row, row.author_id, "deleted a message")
        if row.deleted_at:
            return None
        if entry.kind == "message.posted":
            return self._message(entry, row)
        if entry.kind == "message.edited":
            return self._about(entry, row, row.author_id, "edited a message", {"text": row.text})
        if entry.kind in ("reaction.added", "reaction.removed"):
            return self._reaction(entry, row)
        return None

    def _message(self, entry: Entry, row: Message) -> bytes:
        files = self._around.files.get(row.id, ())
        chosen = fitting(files)
        post = outgoing.post_of(row, replace(self._around, files={row.id: chosen}))
        left_out = ", ".join(file.name for file in files if file not in chosen)
        root = self._roots.get(row.thread_id or "")
        answered = wire_id(root) if root else None
        return compose_post(
            replace(
                post,
                author=self._sender(row.author_id),
                channel_address=self._share.address,
                text=f"{post.text}\n\n*(Too big to come along: {left_out})*".strip() if left_out else post.text,
                in_reply_to=answered,
                references=(answered,) if answered else (),
                mentions=(),
                roost={
                    **self._headers(entry, row.author_id),
                    **({"Also-To-Channel": "yes"} if row.also_to_channel else {}),
                },
            )
        )

    def _reaction(self, entry: Entry, row: Message) -> bytes | None:
        who = entry.payload["person"]
        if who in self._visitors:
            return None
        emoji = self._emoji.get((row.id, who), [])
        return self._about(entry, row, who, "reacted", {"emoji": emoji}, " ".join(emoji))

    def _member(self, entry: Entry) -> bytes | None:
        told = entry.payload["person"]
        who = told if isinstance(told, str) else told["id"]
        if who in self._visitors or who not in self._people:
            return None
        return self._status(entry, [who])

    def _roster(self, entry: Entry) -> bytes:
        inside = [id for id in sorted(self._inside) if id not in self._visitors]
        return self._status(entry, inside[:MOST_PEOPLE])

    def _status(self, entry: Entry, ids: Sequence[str]) -> bytes:
        people = [
            {"handle": person.handle, "name": person.name, "inside": person.id in self._inside and person.active}
            for id in ids
            if (person := self._people.get(id))
        ]
        said = ", ".join(f"{one['name']} is {'' if one['inside'] else 'not '}in the channel" for one in people)
        return self._log(entry, None, said or "Nobody is in the channel.", None, {"people": people})

    def _about(
        self,
        entry: Entry,
        row: Message,
        who: str,
        text: str,
        payload: Mapping[str, Any] | None = None,
        emoji: str = "",
    ) -> bytes:
        return self._log(entry, who, f"{self._name(who)} {text}.", wire_id(row), payload or {}, emoji)

    def _log(
        self,
        entry: Entry,
        who: str | None,
        text: str,
        target: str | None,
        payload: Mapping[str, Any],
        emoji: str = "",
    ) -> bytes:
        return compose_log(
            LogEntry(
                channel_uid=self._channel.id,
                seq=entry.seq,
                domain=settings.MAIL_DOMAIN,
                channel_name=outgoing.shown_name(self._channel),
                channel_address=self._share.address,
                actor=self._sender(who),
                date=entry.at,
                kind=entry.kind,
                text=text,
                target=target,
                event={"kind": entry.kind, "payload": dict(payload)},
                emoji=emoji,
                roost=self._headers(entry, who),
            )
        )

    def _headers(self, entry: Entry, who: str | None) -> dict[str, str]:
        said = slip(
            self._share,
            "item",
            after=self._after.seq,
            since=self._after.at,
            seq=entry.seq,
            at=stamp(entry.at),
        )
        headers = {"Share": write_slip(said)}
        if who is not None and who in self._people:
            headers |= {"Author": self._people[who].handle, "Author-Name": self._people[who].name}
        return headers

    def _sender(self, who: str | None) -> Address:
        """On our own domain, so that it agrees with who signs it (RFC 7489)."""
        org = self._share.org.name
        return Address(f"{self._name(who)} ({org})" if who else org, addresses.share_address(self._share))

    def _name(self, who: str | None) -> str:
        return self._people[who].name if who is not None and who in self._people else "Somebody"

    # People

    @cached_property
    def _people(self) -> Mapping[str, Person]:
        ids = {row.author_id for row in self._rows.values()}
        for entry in self._entries:
            told = entry.payload.get("person")
            if told is not None:
                ids.add(told if isinstance(told, str) else told["id"])
            if entry.kind == "share.active":
                ids |= self._inside
        return Person.objects.in_bulk(ids)

    @cached_property
    def _visitors(self) -> set[str]:
        return set(Visitor.objects.filter(org=self._share.org_id).values_list("person_id", flat=True))

    @cached_property
    def _inside(self) -> set[str]:
        rows = Membership.objects.filter(channel=self._channel, person__active=True)
        return set(rows.values_list("person_id", flat=True))

    @cached_property
    def _emoji(self) -> Mapping[tuple[str, str], list[str]]:
        """All that each person now has on each of the messages."""
        reacted = {entry.payload["id"] for entry in self._entries if entry.kind.startswith("reaction.")}
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        rows = Reaction.objects.filter(message__in=reacted).order_by("id")
        for message, person, emoji in rows.values_list("message_id", "person_id", "emoji"):
            found[message, person].append(emoji)
        return found


def wire_id(row: Message) -> str:
    """The Message-ID that both sides know a message by: the one under which it was sent at first."""
    if row.origin == ORIGIN and row.external_id:
        return row.external_id
    return outgoing.own_id(row.channel_id, row.id)
