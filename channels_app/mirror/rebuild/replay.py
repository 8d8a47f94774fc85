"""The events of a channel, once more, in memory: what they did to the tables then, they do to these rows now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from channels_app.chat import shapes
from channels_app.chat.models import Channel, Kind, Membership, Message, Reaction, Revision, Seat, Share
from channels_app.files import shapes as file_shapes
from channels_app.files.models import StoredFile
from channels_app.mirror.rebuild.reading import Event
from workspace.events.log import Entry

LOST = "event.lost"


def moment(text: str) -> datetime:
    """RFC 3339 as the event log writes it."""
    return datetime.fromisoformat(text)


@dataclass(slots=True)
class Posted:
    """A message as its mail has it."""

    row: Message
    author_name: str
    files: list[StoredFile]


@dataclass(slots=True)
class Rows:
    """Everything of a channel."""

    channel: Channel
    memberships: dict[str, Membership] = field(default_factory=dict)
    seats: dict[str, Seat] = field(default_factory=dict)
    shares: dict[str, Share] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    files: dict[str, list[StoredFile]] = field(default_factory=dict)
    revisions: dict[str, list[Revision]] = field(default_factory=dict)
    reactions: dict[str, dict[tuple[str, str], Reaction]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    lost: int = 0


class Replay:
    """Lets events happen in order of their numbers; a number nobody knows becomes an event that says so."""

    def __init__(self, channel: Channel, events: Mapping[int, Event], posts: Mapping[int, Posted]) -> None:
        self.rows = Rows(channel)
        self._events, self._posts = events, posts
        self._edits: dict[str, list[Event]] = {}
        self._ends: dict[str, Event] = {}
        for _, event in sorted(events.items()):
            if event["kind"] == "message.edited":
                self._edits.setdefault(event["payload"]["id"], []).append(event)
            elif event["kind"] == "message.deleted":
                self._ends[event["payload"]["id"]] = event
        self._tombstones = {end["payload"]["message"]["seq"]: end for end in self._ends.values()}

    def run(self) -> Rows:
        known = [*self._events, *self._posts, *self._tombstones]
        for seq in range(1, max(known, default=0) + 1):
            event = self._events.get(seq)
            if event is not None and event["kind"] != "message.posted":
                self._happen(seq, event)
            elif seq in self._tombstones:
                self._bury(seq)
            elif seq in self._posts:
                self._post(seq, self._posts[seq])
            else:
                self._lose(seq)
        self._finish()
        return self.rows

    def _happen(self, seq: int, event: Event) -> None:
        actor, origin, at = event["actor"], event["origin"], moment(event["at"])
        stream = self.rows.channel.stream
        self.rows.entries.append(Entry(stream, seq, event["kind"], actor, origin, event["payload"], at))
        effect = self._effects().get(event["kind"])
        if effect is not None:
            effect(event["payload"], event, at)

    def _effects(self) -> dict[str, Callable[[dict[str, Any], Event, datetime], None]]:
        return {
            "member.joined": self._join,
            "member.left": self._leave,
            "member.changed": self._change_member,
            "guest.joined": self._seat,
            "guest.changed": self._seat,
            "share.offered": self._share,
            "share.active": self._share,
            "share.ended": self._share,
            "channel.changed": self._change,
            "channel.archived": self._archive,
            "channel.deleted": self._delete_channel,
            "message.edited": self._edit,
            "message.deleted": self._delete,
            "message.pinned": self._pin,
            "message.unpinned": self._unpin,
            "reaction.added": self._react,
            "reaction.removed": self._take_back,
        }

    def _lose(self, seq: int) -> None:
        entries, stream = self.rows.entries, self.rows.channel.stream
        at = entries[-1].at if entries else self.rows.channel.created_at
        entries.append(Entry(stream, seq, LOST, None, "import", {}, at))
        self.rows.lost += 1

    def _post(self, seq: int, posted: Posted) -> None:
        row = posted.row
        self._as_posted(posted)
        shape = shapes.fresh_message(row, posted.author_name, [file_shapes.file(file) for file in posted.files])
        payload: dict[str, Any] = {"message": shape}
        stream = self.rows.channel.stream
        self.rows.entries.append(
            Entry(stream, seq, "message.posted", row.author_id, row.origin, payload, row.created_at)
        )
        self.rows.files[row.id] = posted.files
        self._add(row)

    def _as_posted(self, posted: Posted) -> None:
        """The mail says what the message is now; put back what it was at first, the edits come again."""
        row, edits = posted.row, self._edits.get(posted.row.id)
        row.edited_at = None
        if edits:
            known = (edit.get("facts", {}).get("posted") for edit in edits)
            was: dict[str, Any] = next((found for found in known if found), {})
            row.text = edits[0]["payload"]["before"]
            row.html = was.get("html", row.html)
            row.mentions, row.mentions_all = was.get("mentions", row.mentions), was.get("mentions_all")
            posted.author_name = was.get("author_name", posted.author_name)

    def _bury(self, seq: int) -> None:
        """A message that was deleted later; only its place is known."""
        end = self._tombstones[seq]
        shape: dict[str, Any] = {**end["payload"]["message"]}
        stream = self.rows.channel.stream
        at = moment(shape["created_at"])
        payload = {"message": {**shape, "replies": None}}
        self.rows.entries.append(Entry(stream, seq, "message.posted", shape["author"], shape["origin"], payload, at))
        row = Message(id=shape["id"], channel=self.rows.channel, seq=seq, created_at=at)
        row.client_id = shape.get("client_id") or row.id
        row.thread_id, row.also_to_channel = shape["thread"], shape["also_to_channel"]
        row.author_id, row.origin = shape["author"], shape["origin"]
        row.text = row.html = ""
        self._add(row)

    def _add(self, row: Message) -> None:
        self.rows.messages[row.id] = row
        root = self.rows.messages.get(row.thread_id or "")
        if root is not None:
            root.reply_count += 1
            root.last_reply_at = row.created_at
            root.reply_people = [row.author_id, *(who for who in root.reply_people if who != row.author_id)][:5]

    def _join(self, payload: dict[str, Any], event: Event, at: datetime) -> None:
        person, role = payload["person"]["id"], payload["channel_role"]
        if person in self.rows.memberships:  # active again
            return
        # Who comes in has read what was there before; what one verb wrote has one time.
        read = next((entry.seq for entry in reversed(self.rows.entries) if entry.at != at), 0)
        self.rows.memberships[person] = Membership(
            channel=self.rows.channel,
            person_id=person,
            role=role,
            joined_at=moment(payload["joined_at"]),
            read=read,
        )

    def _leave(self, payload: dict[str, Any], event: Event, at: datetime) -> None:
        if not payload["deactivated"]:
            self.rows.memberships.pop(payload["person"], None)
            self.rows.seats.pop(payload["person"], None)

    def _seat(self, payload: dict[str, Any], event: Event, at: datetime) -> None:
        told = payload["guest"]
        until = moment(told["expires_at"]) if told["expires_at"] else None
        if membership := self.rows.memberships.get(told["person"]):
            self.rows.seats[told["person"]] = Seat(
                membership=membership,
                sponsor_id=told["sponsor"],
                expires_at=until,
                delivery=told["delivery"],
                encrypted=told.get("encrypted", False),
            )

    def _share(self, payload: dict[str, Any], event: Event, at: datetime) -> None:
        """In a new life of its numbers: what they have is asked for, and what they sent is sent again."""
        told, known_by = payload["share"], event.get("facts", {}).get("share")
        if not known_by:
            return
        share = Share(channel=self.rows.channel, state=told["state"], why=told["why"], by_id=told["by"], **known_by)
        share.at = moment(told["at"])
        before = self.rows.shares.get(share.id)
        share.start = event["seq"] - 1 if told["state"] == Share.State.ACTIVE else before.start if before else 0
        self.rows.shares[share.id] = share

    def _change_member(self, payload: dict[str, Any], event: Event, at: datetime) -> None:
        member = self.rows.memberships.get(payload["person"]["id"])
        if member is not None:
            member.role = payload["channel_role"]

    def _change(self, payload: dict[str, Any], event: Event, at: datetime) -> None:
        channel = self.rows.channel
        channel.name, channel.topic, channel.kind = payload["name"], payload["topic"], payload["kind"]

    def _archive(self, payload: dict[str, Any], event: Event, at: datetime) -> None:
        self.rows.channel.archived_at = at if payload["archived"] else None

    def _delete_channel(self, payload: dict[str, Any], event: Event, at: datetime) -> None:
        self.rows.channel.deleted_at = at

    def _edit(self, payload: dict[str, Any], event: Event, at: datetime) -> None:
        row = self.rows.messages.get(payload["id"])
        if row is None or row.id in self._ends:
            return
        former = Revision(message=row, text=row.text, html=row.html, at=row.edited_at or row.created_at)
        self.rows.revisions.setdefault(row.id, []).append(former)
        row.text, row.html, row.edited_at = payload["text"], payload["html"], moment(payload["edited_at"])
        row.mentions, row.mentions_all = payload["mentions"], payload["mentions_all"]

    def _delete(self, payload: dict[str, Any], event: Event, at: datetime) -> None:
        row = self.rows.messages.get(payload["id"])
        if row is None:
            return
        row.deleted_at, row.pinned_at, row.pinned_by_id = at, None, None
        self.rows.reactions.pop(row.id, None)
        root = self.rows.messages.get(row.thread_id or "")
        if root is not None:
            root.reply_count = max(root.reply_count - 1, 0)
            if root.reply_count == 0:
                root.reply_people, root.last_reply_at = [], None

    def _pin(self, payload: dict[str, Any], event: Event, at: datetime) -> None:
        row = self.rows.messages.get(payload["id"])
        if row is not None:
            row.pinned_at, row.pinned_by_id = moment(payload["at"]), payload["by"]

    def _unpin(self, payload: dict[str, Any], event: Event, at: datetime) -> None:
        row = self.rows.messages.get(payload["id"])
        if row is not None:
            row.pinned_at = row.pinned_by_id = None

    def _react(self, payload: dict[str, Any], event: Event, at: datetime) -> None:
        row = self.rows.messages.get(payload["id"])
        if row is not None:
            one = Reaction(message=row, person_id=payload["person"], emoji=payload["emoji"], at=at)
            self.rows.reactions.setdefault(row.id, {})[one.person_id, one.emoji] = one

    def _take_back(self, payload: dict[str, Any], event: Event, at: datetime) -> None:
        self.rows.reactions.get(payload["id"], {}).pop((payload["person"], payload["emoji"]), None)

    def _finish(self) -> None:
        if self.rows.channel.kind == Kind.DIRECT:
            self.rows.channel.direct_key = "+".join(sorted(self.rows.memberships))
