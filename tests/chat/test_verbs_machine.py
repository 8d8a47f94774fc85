"""Hypothesis plays a whole conversation, with any texts, by any people, and compares it with a simple model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from channels_app.chat import channels, members, messages, pins, reactions, reads, shapes
from channels_app.chat.models import Channel, Membership, Message
from tests.cast import Cast, gather
from workspace.events import log
from workspace.events.refusal import Refusal

PEOPLE = ("alice", "amy", "bob", "dana", "charlie")
ODD = [
    "",
    " ",
    "\0",
    "\ud800",
    "a\udfffb",
    "\u202eshalom שלום\u202c",
    "x" * 40_000,
    "x" * 40_001,
    "**a" * 3000,
    "\r\n\r",
]
NAMED = ["@bob", "@dana hi", "@channel", "@here and @alice", "@charlie", '@"Amy Admin"', "@bob @amy @alice.", "`@bob`"]

people = st.sampled_from(PEOPLE)
places = st.sampled_from(("general", "secret"))
texts = st.sampled_from([*ODD, *NAMED]) | st.text(max_size=30)
emojis = st.sampled_from(["👍", "🎉", "❤️", "1️⃣", "x", "", "\0", "\ud800", "👍" * 40])
numbers = st.integers(0, 2**20)
seqs = st.sampled_from([-1, 0, 1, 2**62, 2**80]) | st.integers(0, 40)


@dataclass
class Told:
    """A message as the verbs left it, as far as the model goes."""

    channel: str
    author: str
    thread: str | None
    also: bool
    text: str
    named: set[str] = field(default_factory=set)
    everybody: bool = False
    deleted: bool = False
    pinned: bool = False
    reactions: set[tuple[str, str]] = field(default_factory=set)


class Conversation(RuleBasedStateMachine):
    """Every rule is a verb; what it may raise is a `Refusal`, which changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._transaction = transaction.atomic()
        self._transaction.__enter__()
        self.cast: Cast = gather()
        self.told: dict[str, Told] = {}

    def teardown(self) -> None:
        try:
            self.events_lead_to_what_is_there()
            self.counts_are_what_is_there()
        finally:
            transaction.set_rollback(True)
            self._transaction.__exit__(None, None, None)

    def do(self, verb: Callable[..., Any], who: str, **what: Any) -> Any:
        """What a verb gives, or None when it refuses; anything else it raises fails the test."""
        try:
            with transaction.atomic():
                return verb(person=self.cast.named(who), **what)
        except Refusal as refusal:
            assert refusal.code and refusal.message and 400 <= refusal.status < 500
            return None

    def place(self, name: str) -> Channel:
        place: Channel = getattr(self.cast, name)
        return place

    def one(self, number: int) -> str:
        return list(self.told)[number % len(self.told)]

    def learn(self, shape: Any) -> None:
        """Take over what the answer to a post or an edit says that the renderer and the look-up decide."""
        told = self.told.setdefault(
            shape["id"],
            Told(shape["channel"], shape["author"], shape["thread"], shape["also_to_channel"], shape["text"]),
        )
        told.text, told.named = shape["text"], set(shape["mentions"])
        told.everybody = shape["mentions_all"] is not None

    @rule(who=people, where=places, text=texts)
    def post(self, who: str, where: str, text: str) -> None:
        posted = self.do(messages.post, who, channel=self.place(where).id, text=text)
        if posted:
            assert text.strip() and len(text) <= 40_000 and "\0" not in text
            self.learn(posted.message)

    @precondition(lambda self: self.told)
    @rule(who=people, number=numbers, text=texts, also=st.booleans())
    def reply(self, who: str, number: int, text: str, also: bool) -> None:
        root = self.one(number)
        where = self.told[root].channel
        posted = self.do(messages.post, who, channel=where, text=text, thread=root, also_to_channel=also)
        if posted:
            assert posted.message["thread"] == (self.told[root].thread or root)
            self.learn(posted.message)

    @rule(who=people, where=places, client_id=st.sampled_from(["a", "b"]), text=texts)
    def post_again(self, who: str, where: str, client_id: str, text: str) -> None:
        posted = self.do(messages.post, who, channel=self.place(where).id, text=text, client_id=client_id)
        if posted:
            assert posted.fresh == (posted.message["id"] not in self.told)
            if posted.fresh:
                self.learn(posted.message)

    @precondition(lambda self: self.told)
    @rule(who=people, number=numbers, text=texts)
    def edit(self, who: str, number: int, text: str) -> None:
        shape = self.do(messages.edit, who, message=self.one(number), text=text)
        if shape:
            assert not self.told[shape["id"]].deleted
            assert self.told[shape["id"]].author == self.cast.named(who).id
            self.learn(shape)

    @precondition(lambda self: self.told)
    @rule(who=people, number=numbers)
    def delete(self, who: str, number: int) -> None:
        shape = self.do(messages.delete, who, message=self.one(number))
        if shape:
            told = self.told[shape["id"]]
            told.deleted, told.pinned, told.text, told.reactions, told.named = True, False, "", set(), set()
            told.everybody = False

    @precondition(lambda self: self.told)
    @rule(who=people, number=numbers, emoji=emojis, on=st.booleans())
    def react(self, who: str, number: int, emoji: str, on: bool) -> None:
        shape = self.do(reactions.add if on else reactions.remove, who, message=self.one(number), emoji=emoji)
        if shape:
            mine = self.told[shape["id"]].reactions
            (mine.add if on else mine.discard)((self.cast.named(who).id, reactions.clean_emoji(emoji)))

    @precondition(lambda self: self.told)
    @rule(who=people, number=numbers, on=st.booleans())
    def pin(self, who: str, number: int, on: bool) -> None:
        shape = self.do(pins.pin if on else pins.unpin, who, message=self.one(number))
        if shape:
            self.told[shape["id"]].pinned = on

    @rule(who=people, where=places, seq=seqs, back=st.booleans())
    def read(self, who: str, where: str, seq: int, back: bool) -> None:
        place = self.place(where)
        counts = self.do(reads.unread if back else reads.read, who, channel=place.id, seq=seq)
        if counts:
            assert 0 <= counts["read"] <= log.heads([place.stream])[place.stream]
            assert counts["read"] >= min(seq, log.heads([place.stream])[place.stream]) or back

    @rule(who=people, where=places, text=texts)
    def draft(self, who: str, where: str, text: str) -> None:
        self.do(reads.set_draft, who, channel=self.place(where).id, thread="", typed=text)

    @rule(who=people, where=places, on=st.booleans())
    def come_and_go(self, who: str, where: str, on: bool) -> None:
        self.do(members.join if on else members.leave, who, channel=self.place(where).id)

    @rule(who=people, where=places, whom=people, on=st.booleans())
    def add_and_remove(self, who: str, where: str, whom: str, on: bool) -> None:
        person, place = self.cast.named(whom).id, self.place(where).id
        if on:
            self.do(members.add, who, channel=place, people=[person])
        else:
            self.do(members.remove, who, channel=place, member=person)

    @rule(who=people, where=places, on=st.booleans())
    def archive(self, who: str, where: str, on: bool) -> None:
        self.do(channels.archive, who, channel=self.place(where).id, archived=on)

    @rule(who=people, where=places, text=texts)
    def change(self, who: str, where: str, text: str) -> None:
        self.do(channels.change, who, channel=self.place(where).id, topic=text)

    @invariant()
    def messages_are_what_was_told(self) -> None:
        for row in Message.objects.all():
            told = self.told[row.id]
            assert (row.text, row.deleted_at is not None, row.pinned_at is not None, row.thread_id) == (
                told.text, told.deleted, told.pinned, told.thread,
            )  # fmt: skip
            assert set(row.reactions.values_list("person_id", "emoji")) == told.reactions
            answers = [one for one in self.told.values() if one.thread == row.id and not one.deleted]
            assert row.reply_count == len(answers)
        assert Message.objects.count() == len(self.told)

    def events_lead_to_what_is_there(self) -> None:
        """The streams have no gaps, and their events, replayed, make the messages as they are."""
        for place in (self.cast.general, self.cast.secret):
            events = log.read(place.stream, 0, limit=10_000)
            assert [event.seq for event in events] == list(range(1, log.heads([place.stream])[place.stream] + 1))
            shown = {shape["id"]: shape for shape in shapes.messages(list(Message.objects.filter(channel=place)))}
            assert _replayed(events) == {id: _gist(dict(shape)) for id, shape in shown.items()}

    def counts_are_what_is_there(self) -> None:
        for membership in Membership.objects.filter(channel__in=[self.cast.general, self.cast.secret]):
            person = membership.person
            counts = shapes.counts(person, [membership.channel_id])[membership.channel_id]
            after = [
                told
                for row in Message.objects.filter(channel=membership.channel_id, seq__gt=membership.read)
                if not (told := self.told[row.id]).deleted and told.author != person.id
            ]
            assert counts["unread"] == sum(told.thread is None or told.also for told in after)
            assert counts["mentions"] == sum(person.id in told.named or told.everybody for told in after)


def _gist(shape: dict[str, Any]) -> dict[str, Any]:
    """What a replay can tell of a message."""
    said = {name: shape[name] for name in ("seq", "text", "html", "deleted", "mentions", "thread")}
    made = {(person, one["emoji"]) for one in shape["reactions"] for person in one["people"]}
    return {**said, "reactions": made, "pinned": shape["pinned"] is not None}


def _replayed(events: list[log.Entry]) -> dict[str, dict[str, Any]]:
    state: dict[str, dict[str, Any]] = {}
    for event in events:
        payload: Any = event.payload
        if event.kind == "message.posted":
            state[payload["message"]["id"]] = _gist({**payload["message"], "seq": event.seq})
        elif event.kind == "message.edited":
            state[payload["id"]] |= {name: payload[name] for name in ("text", "html", "mentions")}
        elif event.kind == "message.deleted":
            state[payload["id"]] = _gist(payload["message"])
        elif event.kind in ("message.pinned", "message.unpinned"):
            state[payload["id"]]["pinned"] = event.kind == "message.pinned"
        elif event.kind == "reaction.added":
            state[payload["id"]]["reactions"].add((payload["person"], payload["emoji"]))
        elif event.kind == "reaction.removed":
            state[payload["id"]]["reactions"].remove((payload["person"], payload["emoji"]))
    return state


@pytest.mark.usefixtures("db")
def test_any_conversation_is_what_its_verbs_say() -> None:
    run_state_machine_as_test(
        Conversation,
        settings=settings(
            max_examples=25,
            stateful_step_count=40,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],  # making a failure small takes minutes; its steps are printed as they are
            suppress_health_check=list(HealthCheck),
        ),
    )
