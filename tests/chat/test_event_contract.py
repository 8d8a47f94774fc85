"""Old client state + the events of a verb = what would be loaded afresh: every verb, everybody, any order of streams.

A public verb without an entry in the table fails, as does a kind of event that no verb here writes.
"""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
from django.utils import timezone

import channels_app.chat
import channels_app.files
import channels_app.guests
import channels_app.letters
import workspace.people
import workspace.signin
from channels_app.api import events
from channels_app.api.urls import api
from channels_app.chat import (
    channels,
    guest_links,
    guests,
    members,
    messages,
    pins,
    reactions,
    reads,
    sharing,
    visitors,
)
from channels_app.chat.models import Channel, GuestLink, GuestRequest, Seat, Share
from channels_app.files import uploads
from channels_app.guests import requests
from channels_app.guests.models import Blocked
from channels_app.guests.receiving.arrived import Arrived
from channels_app.letters import held, quarantine
from channels_app.letters.models import Quarantined
from channels_app.mail import parse
from channels_app.mirror.rebuild import personal, replay
from tests.cast import Api, Cast, gather
from tests.chat.client import ApiClient, comparable, load
from workspace.events.models import Event
from workspace.people import organizations, persons
from workspace.people.models import Person
from workspace.signin import app_passwords, links, passwords, setup, tokens
from workspace.signin.models import Link

ROOMS = (
    channels_app.chat, channels_app.files, channels_app.guests, channels_app.letters, workspace.people,
    workspace.signin,
)  # fmt: skip
TOMORROW = datetime(2100, 1, 1, tzinfo=UTC)
VIEWERS = ("alice", "amy", "bob", "dana")
MINE_FIRST, MINE_LAST = ("person", "org", "channel"), ("channel", "org", "person")
# Checked by the door of sign-in; they read, and change nothing.
READING = {passwords.check}
CONSTANTS = {"LOST": replay.LOST, "RESTORED": personal.RESTORED}
REBUILT = {("channel", replay.LOST), ("org", replay.LOST), ("person", personal.RESTORED)}


@dataclass
class Scene:
    """Where the verbs happen: a thread in #general, a channel only Alice is in, a conversation of Alice and Bob."""

    cast: Cast
    root: str = field(init=False)
    answer: str = field(init=False)
    lounge: Channel = field(init=False)
    talk: Channel = field(init=False)
    words: str = field(init=False)

    def __post_init__(self) -> None:
        self.root = self.post("bob", "hello @alice")
        self.answer = self.post("alice", "hello @bob", thread=self.root)
        self.lounge = channels.create(person=self.alice, name="lounge", kind="public")
        self.talk, _ = channels.direct(person=self.alice, members=[self.bob.id])
        self.words = self.post("alice", "in the lounge", channel=self.lounge)

    @property
    def alice(self) -> Person:
        return self.cast.alice

    @property
    def amy(self) -> Person:
        return self.cast.amy

    @property
    def bob(self) -> Person:
        return self.cast.bob

    @property
    def dana(self) -> Person:
        return self.cast.dana

    @property
    def general(self) -> str:
        return self.cast.general.id

    @property
    def head(self) -> int:
        return int(Api(self.alice).get(f"/channels/{self.general}").json()["head"])

    def post(self, who: str, text: str, *, channel: Channel | None = None, **more: Any) -> str:
        where = (channel or self.cast.general).id
        return messages.post(person=self.cast.named(who), channel=where, text=text, **more).message["id"]

    def file(self) -> str:
        return uploads.store(uploader=self.bob, name="notes.txt", chunks=[b"some notes"]).id

    def someone_else(self) -> Person:
        return persons.add(org=self.cast.acme, email="eve@a.test", name="Eve", by=self.alice)


Deed = Callable[[Scene], object]


def _all(*deeds: Deed) -> Deed:
    return lambda s: [deed(s) for deed in deeds]


def _post(who: str, text: str, **more: Any) -> Deed:
    return lambda s: s.post(who, text, **more)


def _edit(text: str) -> Deed:
    return lambda s: messages.edit(person=s.bob, message=s.root, text=text)


def _delete(what: Callable[[Scene], str], who: str = "alice") -> Deed:
    return lambda s: messages.delete(person=s.cast.named(who), message=what(s))


def _react(who: str, emoji: str, verb: Callable[..., Any] = reactions.add) -> Deed:
    return lambda s: verb(person=s.cast.named(who), message=s.root, emoji=emoji)


def _change(name: str | None = None, topic: str | None = None, kind: str | None = None, where: str = "general") -> Deed:
    def change(s: Scene) -> object:
        channel = {"general": s.general, "secret": s.cast.secret.id, "lounge": s.lounge.id}[where]
        return channels.change(person=s.alice, channel=channel, name=name, topic=topic, kind=kind)

    return change


def _person(who: str, **changes: Any) -> Deed:
    return lambda s: persons.change(person=s.cast.named(who), by=s.alice, **changes)


def _read(seq: Callable[[Scene], int], verb: Callable[..., Any] = reads.read) -> Deed:
    return lambda s: verb(person=s.alice, channel=s.general, seq=seq(s))


def _draft(text: str, thread: Callable[[Scene], str] = lambda s: "") -> Deed:
    return lambda s: reads.set_draft(person=s.bob, channel=s.general, thread=thread(s), typed=text)


def _save(s: Scene) -> object:
    return [pins.save(person=person, message=s.root) for person in (s.bob, s.dana)]


def _save_outside(s: Scene) -> object:
    return pins.save(person=s.bob, message=s.words)


def _remove(who: str) -> Deed:
    return lambda s: members.remove(person=s.alice, channel=s.general, member=s.cast.named(who).id)


def _add(*who: str, where: str = "lounge") -> Deed:
    def add(s: Scene) -> object:
        channel = s.lounge if where == "lounge" else s.cast.secret
        return members.add(person=s.alice, channel=channel.id, people=[s.cast.named(name).id for name in who])

    return add


def _create(kind: str, *who: str) -> Deed:
    def create(s: Scene) -> object:
        people = [s.cast.named(name).id for name in who]
        return channels.create(person=s.alice, name="fresh", kind=kind, topic="news", members=people)

    return create


def _direct(*who: str) -> Deed:
    return lambda s: channels.direct(person=s.alice, members=[s.cast.named(name).id for name in who])


def _join_by_link(s: Scene) -> object:
    return setup.join(secret=links.create(Link.Kind.JOIN, s.bob), name="Robert", password="a long enough secret")


def _set_up(s: Scene) -> object:
    """There is an organization already, so the link is refused: nothing changes."""
    with pytest.raises(links.LinkUsed):
        setup.run(secret="used", organization="New", name="Eve", email="eve@e.test", password="a long enough secret")
    return None


BETA = sharing.Peer("roost+s@beta.b.test", "Beta", "beta.b.test", "b.test", "roost", "v=DKIM1; p=x", "C" * 16)


def _offer(s: Scene) -> Share:
    return sharing.offer(person=s.alice, channel=s.general, address="roost@beta.b.test")


def _offered(s: Scene, code: str = "A" * 16) -> Share:
    sharing.invited(org=s.cast.acme, code=code, peer=BETA, offer={"name": "plans", "topic": "news", "by": "Bea"})
    return Share.objects.get(org=s.cast.acme, code=code)


def _approved(s: Scene) -> Share:
    share = _offered(s)
    sharing.approve(person=s.alice, share=share.id, name="with-beta")
    found = sharing.locked(share.id)
    assert found is not None
    return found


def _app_password(s: Scene) -> str:
    return app_passwords.create(person=s.bob, name="phone").id


def _new_password(s: Scene) -> object:
    passwords.set_password(person=s.bob, password="the first secret")
    return passwords.change_password(person=s.bob, old="the first secret", new="the second secret")


def _guest(email: str = "gus@g.test", **more: Any) -> Deed:
    return lambda s: guests.invite(person=s.bob, channel=s.general, email=email, name="Gus", **more)


def _gus(s: Scene) -> Person:
    return Person.objects.get(org=s.cast.acme, email="gus@g.test")


def _leave_as_guest(s: Scene) -> object:
    return guests.leave(guest=_gus(s), channel=s.general)


def _link(s: Scene, where: str = "", who: str = "bob", *, approval: bool = True) -> GuestLink:
    return guest_links.make(person=s.cast.named(who), channel=where or s.general, approval=approval)


def _asked(s: Scene, where: str = "", who: str = "bob") -> GuestRequest:
    guest_links.ask(link=_link(s, where, who).id, email="gus@g.test", name="Gus")
    return GuestRequest.objects.get(channel=where or s.general)


def _time_passes() -> object:
    Seat.objects.update(expires_at=timezone.now())
    return guests.expire()


def _came_back(s: Scene) -> object:
    _person("bob", active=False)(s)
    return persons.add(org=s.cast.acme, email="bob@a.test", role="admin", name="Bobby", by=s.alice)


def _mail(sender: str, text: str = "May I ask you something?") -> bytes:
    return f"From: {sender}\r\nSubject: A question\r\n\r\n{text}\r\n".encode()


def _eve_asks(s: Scene, text: str = "May I ask you something?", sender: str = "Eve <eve@e.test>") -> str:
    """Eve, whom nobody knows, writes to Bob; the id of her request."""
    return requests.receive(person=s.bob, mail=Arrived(_mail(sender, text), "eve@e.test")).id


def _accept(s: Scene) -> object:
    return requests.accept(person=s.bob, request=_eve_asks(s))


def _block(s: Scene) -> object:
    return requests.block(person=s.bob, request=_eve_asks(s))


def _unblock(s: Scene) -> object:
    _block(s)
    return requests.unblock(person=s.bob, blocked=Blocked.objects.get(person=s.bob).id)


def _held(s: Scene, stream: str, sender: str) -> int:
    """The number of a mail in quarantine."""
    raw = _mail(sender)
    quarantine.keep(
        [raw], parse(raw), org=s.cast.acme.id, stream=stream, origin="mail", place="", user="", why="nobody knows"
    )
    return int(Quarantined.objects.get(stream=stream).id)


def _release(s: Scene) -> object:
    return held.release(person=s.alice, held=_held(s, f"channel:{s.general}", "bob@a.test"))


def _throw_away(s: Scene) -> object:
    return held.delete(person=s.alice, held=_held(s, f"channel:{s.general}", "eve@e.test"))


VERBS: dict[Callable[..., Any], dict[str, Deed]] = {
    messages.post: {
        "a post": _post("bob", "hello @alice **and** @here", client_id="mine"),
        "an answer": lambda s: s.post("amy", "@dana look", thread=s.root),
        "an answer to the channel too": lambda s: s.post("amy", "all", thread=s.root, also_to_channel=True),
        "answers of several": lambda s: [s.post(who, "me", thread=s.answer) for who in (*VIEWERS, "alice")],
        "in a conversation": lambda s: s.post("bob", "psst", channel=s.talk),
        "with a file": lambda s: s.post("bob", "", files=[s.file()]),
    },
    messages.edit: {
        "once": _edit("changed"),
        "twice": _all(_edit("@dana"), _edit("@alice @amy")),
        "for everybody": _edit("@channel"),
    },
    messages.delete: {
        "a root": _delete(lambda s: s.root),
        "the only answer": _delete(lambda s: s.answer),
        "the only answer, and one more": _all(_delete(lambda s: s.answer), lambda s: s.post("amy", "1", thread=s.root)),
        "one nobody saw": _delete(lambda s: s.post("bob", "oops @alice @channel", thread=s.root)),
        "an edited root nobody saw, with answers": lambda s: _deleted_with_answers(s),
        "a direct one": _delete(lambda s: s.post("bob", "psst", channel=s.talk), "bob"),
        "one that was saved": _all(_save, _delete(lambda s: s.root)),
        "one that was saved from outside": _all(_save_outside, _delete(lambda s: s.words)),
        "one with everything": _all(_react("amy", "🎉"), lambda s: pins.pin(person=s.bob, message=s.root),
                                    _edit("@dana"), _delete(lambda s: s.root)),
    },
    reactions.add: {"several": _all(_react("bob", "👍"), _react("amy", "🎉"), _react("dana", "👍"))},
    reactions.remove: {
        "the only one": _all(_react("bob", "👍"), _react("bob", "👍", reactions.remove)),
        "the first of two": _all(_react("bob", "👍"), _react("amy", "🎉"), _react("amy", "👍"),
                                 _react("bob", "👍", reactions.remove)),
    },
    pins.pin: {"a message": lambda s: pins.pin(person=s.bob, message=s.root)},
    pins.unpin: {"a message": _all(*(lambda s, v=v: v(person=s.bob, message=s.root) for v in (pins.pin, pins.unpin)))},
    pins.save: {"a message": _save, "a message of a channel one is not in": _save_outside},
    pins.unsave: {"a message": _all(_save, lambda s: pins.unsave(person=s.bob, message=s.root))},
    reads.read: {
        "all": _read(lambda s: s.head),
        "a part": _read(lambda s: s.head - 1),
        "between posts": _all(_post("bob", "1 @alice"), _read(lambda s: s.head), _post("bob", "2 @alice")),
    },
    reads.unread: {
        "from a message on": _all(_read(lambda s: s.head), _read(lambda s: s.head - 1, reads.unread)),
        "and more came": _all(_read(lambda s: s.head), _read(lambda s: 1, reads.unread), _post("bob", "@alice")),
    },
    reads.set_draft: {
        "in a channel": _draft("half a"),
        "in a thread": _draft("half a", lambda s: s.root),
        "and cleared": _all(_draft("half a"), _draft("half a tho"), _draft("")),
    },
    channels.create: {
        "a public one": _create("public", "bob", "dana"),
        "a private one": _create("private", "bob", "amy"),
        "an announcement": _create("announcement"),
        "and talked in": lambda s: messages.post(
            person=s.bob, channel=channels.create(person=s.bob, name="fresh", kind="public",
                                                  members=[s.alice.id]).id, text="@alice"),
    },
    channels.direct: {
        "of two": _direct("amy"), "of three": _direct("amy", "bob"), "with a guest": _direct("dana"),
        "alone": _direct(), "there already": _direct("bob"),
        "and talked in": lambda s: messages.post(
            person=s.alice, channel=channels.direct(person=s.alice, members=[s.amy.id])[0].id, text="psst"),
    },
    channels.change: {
        "a name": _change("renamed", "news"), "a topic": _change(topic="news"),
        "a private name": _change("renamed", where="secret"),
        "closed": _change(kind="private", where="lounge"),
        "closed with guests in it": _change(kind="private"),
        "opened": _change(kind="public", where="secret"),
        "closed and opened, with things saved": _all(
            _save_outside, _change(kind="private", where="lounge"), _change(kind="public", where="lounge")),
    },
    channels.archive: {
        "a channel": lambda s: channels.archive(person=s.alice, channel=s.general),
        "a private one": lambda s: channels.archive(person=s.alice, channel=s.cast.secret.id),
        "one that is opened again": lambda s: [
            channels.archive(person=s.alice, channel=s.lounge.id, archived=on) for on in (True, False)],
    },
    channels.delete: {
        "with drafts and saved messages": _all(
            _save, _draft("half a"), lambda s: channels.delete(person=s.alice, channel=s.general)),
        "a private one": lambda s: channels.delete(person=s.alice, channel=s.cast.secret.id),
        "one looked into": _all(_save_outside, lambda s: channels.delete(person=s.alice, channel=s.lounge.id)),
    },
    members.join: {
        "an open channel": lambda s: members.join(person=s.bob, channel=s.lounge.id),
        "and talked in": lambda s: [
            members.join(person=s.bob, channel=s.lounge.id), s.post("alice", "hi @bob", channel=s.lounge)],
    },
    members.leave: {
        "an open channel": _all(_save, _draft("half a"), lambda s: members.leave(person=s.bob, channel=s.general)),
        "as a guest": _all(_save, lambda s: members.leave(person=s.dana, channel=s.general)),
        "a private one": lambda s: members.leave(person=s.bob, channel=s.cast.secret.id),
        "and came back": lambda s: [
            members.leave(person=s.bob, channel=s.general), s.post("alice", "hi"),
            members.join(person=s.bob, channel=s.general), s.post("alice", "welcome @bob")],
    },
    members.add: {
        "one": _add("bob"), "several": _add("amy", "bob", "dana"), "a guest": _add("dana"),
        "into a private one": _add("amy", where="secret"), "who is in": _add("bob", where="secret"),
        "a guest by mail": _all(_guest("dana@d.test"), _add("dana")),
    },
    members.remove: {"one": _remove("bob"), "a guest": _all(_save, _remove("dana"))},
    guests.invite: {
        "an address": _guest(), "with an end": _guest(expires_at=TOMORROW),
        "a guest of the house": _guest("dana@d.test"),
        "who left before": _all(_guest(), _leave_as_guest, _guest()),
    },
    guests.change: {"an end": _all(_guest(), lambda s: guests.change(
        person=s.bob, channel=s.general, guest=_gus(s).id, expires_at=TOMORROW, delivery="mentions",
        sponsor=s.amy.id))},
    guests.choose: {"less": _all(_guest(), lambda s: guests.choose(
        guest=_gus(s), channel=s.general, delivery="daily"))},
    guests.encrypt: {"once": _all(_guest(), *2 * [lambda s: guests.encrypt(guest=_gus(s))])},
    guests.give_up: {"an address that is dead": _all(_guest(), *2 * [lambda s: guests.give_up(
        guest=_gus(s), channel=s.general, why="550 no such user")])},
    guests.remove: {"by the sponsor": _all(_guest(), lambda s: guests.remove(
        person=s.bob, channel=s.general, guest=_gus(s).id))},
    guests.leave: {
        "once": _all(_guest(), _leave_as_guest), "twice": _all(_guest(), _leave_as_guest, _leave_as_guest),
        "when the time is over": _all(_guest(expires_at=TOMORROW), lambda s: _time_passes()),
    },
    guests.talk: {
        "with a new one": lambda s: guests.talk(person=s.bob, email="gus@g.test", name="Gus"),
        "with a guest of a channel": _all(_guest(), lambda s: guests.talk(person=s.bob, email="gus@g.test")),
        "with a guest of the page": lambda s: guests.talk(person=s.bob, email="dana@d.test"),
        "with a member": lambda s: guests.talk(person=s.bob, email="alice@a.test"),
        "with one whose time was over": lambda s: [
            guests.talk(person=s.bob, email="gus@g.test"), _time_passes(),
            guests.talk(person=s.bob, email="gus@g.test")],
    },
    requests.receive: {
        "one": _eve_asks, "the same again": _all(_eve_asks, _eve_asks),
        "another": _all(_eve_asks, lambda s: _eve_asks(s, "Well?")),
    },
    requests.accept: {
        "one mail": _accept,
        "several": _all(_eve_asks, lambda s: _eve_asks(s, "Well?"), _accept),
        "of a former guest": _all(_guest("eve@e.test"), lambda s: persons.change(
            person=Person.objects.get(email="eve@e.test", org=s.cast.acme), by=s.alice, active=False), _accept),
    },
    requests.decline: {
        "one": lambda s: requests.decline(person=s.bob, request=_eve_asks(s)),
        "and another comes": lambda s: [requests.decline(person=s.bob, request=_eve_asks(s)), _eve_asks(s, "Well?")],
    },
    requests.block: {"one": _block},
    requests.unblock: {"one": _unblock},
    requests.let_in: {"for a member": lambda s: requests.let_in(
        person=s.alice, held=_held(s, s.bob.stream, "eve@e.test"))},
    held.release: {"a post": _release},
    held.delete: {"one": _throw_away},
    guests.invite_to: {"two channels": lambda s: guests.invite_to(
        person=s.alice, channels=[s.general, s.lounge.id], email="gus@g.test", name="Gus")},
    guests.remove_everywhere: {"a guest of two channels, who talks": _all(
        lambda s: guests.invite_to(person=s.alice, channels=[s.general, s.lounge.id], email="gus@g.test"),
        lambda s: channels.direct(person=s.alice, members=[_gus(s).id]),
        lambda s: guests.remove_everywhere(person=s.amy, guest=_gus(s).id))},
    guest_links.make: {"one": lambda s: _link(s)},
    guest_links.revoke: {"one": lambda s: guest_links.revoke(person=s.bob, link=_link(s).id)},
    guest_links.ask: {
        "by a member's": lambda s: _asked(s), "twice": lambda s: [_asked(s), _asked(s)],
        "in a private channel": lambda s: _asked(s, s.cast.secret.id),
        "without approval": lambda s: guest_links.ask(
            link=_link(s, who="alice", approval=False).id, email="gus@g.test", name="Gus"),
        "and the channel closes": _all(
            lambda s: _asked(s, s.lounge.id, "alice"), _change(kind="private", where="lounge")),
        "and the channel opens": _all(lambda s: _asked(s, s.cast.secret.id), _change(kind="public", where="secret")),
        "and the maker goes": _all(lambda s: _asked(s), lambda s: members.leave(person=s.bob, channel=s.general)),
        "and the maker comes back": _all(lambda s: _asked(s), lambda s: [
            members.leave(person=s.bob, channel=s.general), members.join(person=s.bob, channel=s.general)]),
        "and an admin goes": _all(lambda s: _asked(s), lambda s: members.leave(person=s.amy, channel=s.general)),
        "and the channel is deleted": _all(
            lambda s: _asked(s), lambda s: channels.delete(person=s.alice, channel=s.general)),
        "and the maker becomes admin": _all(lambda s: _asked(s, s.lounge.id, "alice"), _person("bob", role="admin")),
    },
    guest_links.approve: {"one": lambda s: guest_links.approve(person=s.amy, request=_asked(s).id)},
    guest_links.decline: {"one": lambda s: guest_links.decline(person=s.bob, request=_asked(s).id)},
    sharing.offer: {"an address": lambda s: _offer(s), "from a private one": lambda s: sharing.offer(
        person=s.alice, channel=s.cast.secret.id, address="x@b.test")},
    sharing.invited: {
        "by another server": lambda s: _offered(s), "twice": _all(*2 * [lambda s: _offered(s, "B" * 16)])},
    sharing.approve: {"as a private channel": lambda s: _approved(s), "as a public one": lambda s: sharing.approve(
        person=s.amy, share=_offered(s).id, name="with-beta", kind="public")},
    sharing.decline: {"an offer": lambda s: sharing.decline(person=s.amy, share=_offered(s).id)},
    sharing.accepted: {"by them": lambda s: sharing.accepted(share=_offer(s), peer=BETA)},
    sharing.end: {"twice": lambda s: [sharing.end(person=s.alice, channel=s.general, share=share)
                                      for share in 2 * [_offer(s).id]]},
    sharing.closed: {"by them": lambda s: sharing.closed(share=_approved(s), why="They ended it.")},
    visitors.enter: {"a new one, who changes the name": lambda s: [
        visitors.enter(share=share, handle="bea", name=name)
        for share in [_approved(s)] for name in ("Bea", "Beatrix")]},
    visitors.leave: {"one who was in": lambda s: [
        verb(share=share, handle="bea", **more) for share in [_approved(s)]
        for verb, more in ((visitors.enter, {"name": "Bea"}), (visitors.leave, {}), (visitors.leave, {}))]},
    members.mute: {"a channel": lambda s: members.mute(person=s.bob, channel=s.general, muted=True)},
    persons.add: {"new": Scene.someone_else, "back again": _came_back},
    persons.change: {
        "a name": _person("bob", name="Robert"),
        "a guest's name": _person("dana", name="Daniela"),
        "a role": _person("bob", role="admin"),
        "a guest becomes a member": _person("dana", role="member"),
        "a member becomes a guest": _person("bob", role="guest"),
        "deactivated": _person("bob", active=False),
        "a guest deactivated": _person("dana", active=False),
        "a guest by mail who is back again": _all(_guest("dana@d.test"), _person("dana", active=False),
                                                  _person("dana", active=True)),
        "renamed and deactivated at once": _person("bob", name="Robert", active=False),
        "renamed while away": _all(_person("bob", active=False), _person("bob", name="Robert")),
        "back again": _all(_person("bob", active=False), _person("bob", active=True, name="Robert")),
    },
    persons.change_settings: {
        "merged": lambda s: persons.change_settings(person=s.bob, settings={"theme": "dark", "gone": None})},
    organizations.change: {"who invites": lambda s: organizations.change(
        org=s.cast.acme, by=s.alice, guest_invites="admins")},
    organizations.create: {"another": lambda s: organizations.create(name="New", owner_email="eve@e.test")},
    setup.join: {"by a link": _join_by_link},
    # What follows shows nothing to a client, so it writes no events.
    setup.run: {"a second time": _set_up},
    uploads.store: {"not posted": Scene.file},
    app_passwords.create: {"one": _app_password},
    app_passwords.delete: {"one": lambda s: app_passwords.delete(person=s.bob, id=_app_password(s))},
    passwords.set_password: {
        "the first": lambda s: passwords.set_password(person=s.bob, password="a long enough secret")},
    passwords.change_password: {"one's own": _new_password},
    tokens.create: {"one": lambda s: tokens.create(person=s.bob, name="program")},
}  # fmt: skip


def _deleted_with_answers(s: Scene) -> None:
    root = s.post("bob", "oops @alice")
    messages.edit(person=s.bob, message=root, text="oops @dana @channel")
    answer = s.post("amy", "what?", thread=root)
    reactions.add(person=s.amy, message=root, emoji="👀")
    messages.delete(person=s.bob, message=root)
    s.post("amy", "what was it?", thread=root)
    messages.delete(person=s.amy, message=answer)


CASES = [(verb, label) for verb, deeds in VERBS.items() for label in deeds]
NAMES = [f"{verb.__module__.rpartition('.')[2]}.{verb.__name__}: {label}" for verb, label in CASES]


@cache
def _validator(stream: str, kind: str) -> Any:
    """Of one kind, so that a failure says what is wrong."""
    schema = _strict(copy.deepcopy(events.schema()))
    del schema["anyOf"]
    return jsonschema.Draft202012Validator({**schema, "$ref": f"#/$defs/{events.MODELS[stream, kind].__name__}"})


def _strict(schema: Any) -> Any:
    """The published schema, with what it does not name forbidden: clients let it pass, we do not write it."""
    if isinstance(schema, dict):
        if "properties" in schema:
            schema["additionalProperties"] = False
        for part in schema.values():
            _strict(part)
    elif isinstance(schema, list):
        for part in schema:
            _strict(part)
    return schema


def _check(event: dict[str, Any]) -> None:
    _validator(event["stream"].partition(":")[0], event["kind"]).validate(event)


@pytest.mark.parametrize(("verb", "label"), CASES, ids=NAMES)
def test_events_lead_to_the_fresh_state(cast: Cast, verb: Callable[..., Any], label: str) -> None:
    scene = Scene(cast)
    clients = [(ApiClient(cast.named(name)), MINE_FIRST) for name in ("alice", "bob")]
    clients += [(ApiClient(cast.named(name)), MINE_LAST) for name in ("amy", "bob", "dana")]
    VERBS[verb][label](scene)
    for client, order in clients:
        for event in client.catch_up(order):
            _check(event)
        client.load_what_was_told()
        assert comparable(client.state) == comparable(load(client.api, client.person)), (client.person, order)


def test_every_kind_of_the_schema_is_written_by_a_verb(db: None) -> None:
    for verb, label in CASES:
        VERBS[verb][label](Scene(gather()))
    written = {(row.stream.partition(":")[0], row.kind) for row in Event.objects.only("stream", "seq", "kind")}
    assert written == set(events.MODELS) - REBUILT


def test_every_kind_in_the_code_is_in_the_schema() -> None:
    """Kinds are written as literals where events are made, so that the code can be searched for them."""
    found = {kind for file in _sources() for kind in _kinds_in(file)}
    assert found == {kind for _, kind in events.MODELS}


def _sources() -> Iterator[Path]:
    for room in (workspace, channels_app):
        for file in Path(room.__path__[0]).rglob("*.py"):
            if not {"node_modules", "migrations"} & set(file.parts):
                yield file


def _kinds_in(file: Path) -> Iterator[str]:
    """The second argument of everything that makes an event: a literal, one of two, or a constant of its module."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("log.Draft", "Entry"):
            position = 2 if ast.unparse(node.func).endswith("Entry") else 1
            yield from _literals(node.args[position], f"{file}:{node.lineno}")


def _literals(kind: ast.expr, where: str) -> Iterator[str]:
    if isinstance(kind, ast.IfExp):
        yield from _literals(kind.body, where)
        yield from _literals(kind.orelse, where)
    elif isinstance(kind, ast.Constant):
        yield str(kind.value)
    elif isinstance(kind, ast.Name) and kind.id in CONSTANTS:
        yield CONSTANTS[kind.id]
    else:
        assert ast.unparse(kind).endswith((".kind", "['kind']")), f"{where}: a kind that can't be searched for"


def test_every_verb_has_an_entry() -> None:
    assert {verb for room in ROOMS for module in _modules(room) for verb in _verbs(module)} == set(VERBS) | READING


def _modules(room: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
        if not found.name.endswith(".migrations"):
            yield importlib.import_module(found.name)


def _verbs(module: ModuleType) -> Iterator[Callable[..., Any]]:
    """Its public functions that take keywords only."""
    for name, function in inspect.getmembers(module, inspect.isfunction):
        kinds_of = [parameter.kind for parameter in inspect.signature(function).parameters.values()]
        own = function.__module__ == module.__name__ and not name.startswith("_")
        if own and kinds_of and set(kinds_of) == {inspect.Parameter.KEYWORD_ONLY}:
            yield function


def test_the_schema_is_published(db: None) -> None:
    published = Api(None).get("/events.json").json()
    assert published == events.schema()
    jsonschema.Draft202012Validator.check_schema(published)
    components = api.get_openapi_schema()["components"]["schemas"]
    assert {model.__name__ for model in events.MODELS.values()} <= set(components)


def test_a_deleted_text_is_gone_from_the_log_too(cast: Cast, bob: Api) -> None:
    message = messages.post(person=cast.alice, channel=cast.general.id, text="a secret slip").message["id"]
    messages.edit(person=cast.alice, message=message, text="a secret slip, again")
    messages.delete(person=cast.alice, message=message)
    assert "secret slip" not in bob.get(f"/sync?streams={cast.general.stream}@0").content.decode()


def test_an_author_knows_a_post_again_in_answer_event_and_page(cast: Cast, bob: Api) -> None:
    sent = bob.post(f"/channels/{cast.general.id}/messages", {"text": "mine", "client_id": "c1"}).json()
    page = bob.get(f"/channels/{cast.general.id}/messages").json()["items"]
    told = bob.get(f"/sync?streams={cast.general.stream}@{sent['seq'] - 1}").json()["streams"][cast.general.stream]
    assert sent["client_id"] == "c1"
    assert page == [sent] == [event["payload"]["message"] for event in told["events"]]
    assert messages.post(person=cast.bob, channel=cast.general.id, text="no name").message["client_id"] is None
