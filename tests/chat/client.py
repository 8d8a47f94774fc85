"""A small client: it loads what the API shows to one person, and keeps it true by events alone.

`State` is what a fresh load gives; `apply` is what any client does with an event. What it has to load again when an
event says so (the rooms of channels that came in, everything when the person's role changed) is in `to_load`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.cast import Api
from workspace.people.models import Person

Json = dict[str, Any]
OPEN_KINDS = ("public", "announcement")


@dataclass
class State:
    """Everything of one person's client; `cursors` are the streams it follows and how far it has them."""

    me: Json = field(default_factory=dict)
    people: dict[str, Json] = field(default_factory=dict)
    channels: dict[str, Json] = field(default_factory=dict)
    members: dict[str, dict[str, Json]] = field(default_factory=dict)
    messages: dict[str, dict[str, Json]] = field(default_factory=dict)
    guests: dict[str, dict[str, Json]] = field(default_factory=dict)
    shares: dict[str, Json] = field(default_factory=dict)
    offers: dict[str, Json] = field(default_factory=dict)
    drafts: dict[tuple[str, str], Json] = field(default_factory=dict)
    saved: dict[str, str] = field(default_factory=dict)
    requests: dict[str, Json] = field(default_factory=dict)
    strangers: dict[str, Json] = field(default_factory=dict)
    cursors: dict[str, int] = field(default_factory=dict)
    signed_out: bool = False


class ApiClient:
    """One person's client."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.api = Api(person)
        self.state = load(self.api, person)
        self.to_load: set[str] = set()
        self._counted: dict[str, int] = {id: channel["head"] for id, channel in self.state.channels.items()}
        self._since: dict[str, list[tuple[Json, Json | None]]] = {}

    # Catching up

    def catch_up(self, order: Iterable[str] = ("person", "org", "channel")) -> list[Json]:
        """Fetch what was missed until nothing is left, the streams in the given order; every event."""
        got: list[Json] = []
        while events := self._missed(list(order)):
            for event in events:
                if event["stream"] in self.state.cursors:
                    self._take(event)
            got += events
        return got

    def _missed(self, order: list[str]) -> list[Json]:
        cursors = self.state.cursors
        asked = ",".join(f"{stream}@{seq}" for stream, seq in cursors.items())
        answer = self.api.get(f"/sync?streams={asked}")
        if answer.status_code == 401:
            return self._last_words(cursors)
        streams = answer.json()["streams"]
        ordered = sorted(streams, key=lambda stream: (order.index(stream.partition(":")[0]), stream))
        return [event for stream in ordered for event in streams[stream]["events"]]

    def _last_words(self, cursors: dict[str, int]) -> list[Json]:
        """Whoever is out gets nothing from the API any more; an open socket was still told why."""
        from workspace.events import log

        if self.state.signed_out:
            return []
        return [entry.json() for entry in log.read(self.person.stream, cursors[self.person.stream])]

    def _take(self, event: Json) -> None:
        stream, seq = event["stream"], event["seq"]
        if seq <= self.state.cursors[stream]:
            return  # it is in what was loaded
        assert seq == self.state.cursors[stream] + 1, f"a gap in {stream}"
        self.state.cursors[stream] = seq
        scope, _, id = stream.partition(":")
        {"channel": self._in_channel, "org": self._in_org, "person": self._in_person}[scope](id, event)

    # The stream of a channel

    def _in_channel(self, id: str, event: Json) -> None:
        kind, payload = event["kind"], event["payload"]
        before = self._named(id, payload) if kind.startswith("message.") else None
        self._since.setdefault(id, []).append((event, copy.deepcopy(before)))
        self._count(id, event, before)
        channel = self.state.channels[id]
        channel["head"] = event["seq"]
        if kind.startswith(("message.", "reaction.")) and id not in self.to_load:
            self._in_room(self.state.messages.setdefault(id, {}), kind, payload)
        if kind == "message.deleted":
            self.state.saved.pop(payload["id"], None)
        elif kind == "member.joined":
            shown = {**payload["person"], "channel_role": payload["channel_role"], "joined_at": payload["joined_at"]}
            self.state.members.setdefault(id, {})[shown["id"]] = shown
            channel["members"] += 1
            self._rename(id, payload["person"])
        elif kind == "member.left":
            self.state.members[id].pop(payload["person"], None)
            channel["members"] -= 1
        elif kind == "member.changed":
            if payload["person"]["id"] in self.state.members[id]:
                self.state.members[id][payload["person"]["id"]].update(payload["person"])
            self._rename(id, payload["person"])
        elif kind.startswith("guest.") and self.state.me["person"]["role"] == "guest":
            pass  # guests see the people of a channel, not who vouches for whom
        elif kind in ("guest.joined", "guest.changed"):
            seat = payload["guest"]
            self.state.guests.setdefault(id, {})[seat["person"]] = seat
        elif kind == "guest.left":
            self.state.guests[id].pop(payload["person"], None)
        elif kind.startswith("share.") and self.state.me["person"]["role"] != "guest":
            self.state.shares.pop(id, None)
            if kind != "share.ended":
                self.state.shares[id] = payload["share"]
        elif kind in ("channel.changed", "channel.archived"):
            channel.update(payload)
        elif kind == "channel.deleted":
            self._forget(id)

    def _named(self, id: str, payload: Json) -> Json | None:
        return self.state.messages.get(id, {}).get(payload.get("id", ""))

    def _rename(self, id: str, person: Json) -> None:
        for message in self.state.messages.get(id, {}).values():
            if message["author"] == person["id"]:
                message["author_name"] = person["name"]

    def _in_room(self, room: dict[str, Json], kind: str, payload: Json) -> None:
        if kind == "message.posted":
            message = copy.deepcopy(payload["message"])
            room[message["id"]] = message
            if message["thread"]:
                _answered(room[message["thread"]], message)
        elif kind == "message.edited":
            room[payload["id"]].update({key: value for key, value in payload.items() if key != "before"})
        elif kind == "message.deleted":
            replies = room[payload["id"]]["replies"]
            room[payload["id"]] = {**payload["message"], "replies": replies}
            if payload["thread"]:
                _answer_gone(room[payload["thread"]])
        elif kind in ("message.pinned", "message.unpinned"):
            on = kind == "message.pinned"
            room[payload["id"]]["pinned"] = {"by": payload["by"], "at": payload["at"]} if on else None
        else:
            _react(room[payload["id"]]["reactions"], payload, kind == "reaction.added")

    # Unread and mentions

    def _count(self, id: str, event: Json, before: Json | None) -> None:
        """What an event does to the counts; nothing when they were counted with it already."""
        my = self.state.channels[id]["my"]
        if my is None or event["seq"] <= self._counted.get(id, 0):
            return
        kind, payload = event["kind"], event["payload"]
        if kind == "message.posted":
            self._add(id, payload["message"], 1)
        elif kind in ("message.edited", "message.deleted") and before is not None:
            self._add(id, before, -1)
            self._add(id, {**before, **payload} if kind == "message.edited" else payload["message"], 1)
        self._counted[id] = event["seq"]

    def _add(self, id: str, message: Json, sign: int) -> None:
        channel, me = self.state.channels[id], self.person.id
        if message["seq"] <= channel["my"]["read"] or message["deleted"] or message["author"] == me:
            return
        in_line = message["thread"] is None or message["also_to_channel"]
        called = message["mentions_all"] or me in message["mentions"] or (channel["kind"] == "direct" and in_line)
        channel["my"]["unread"] += sign * in_line
        channel["my"]["mentions"] += sign * bool(called)

    def _read_moved(self, payload: Json) -> None:
        """The counts as of `head`; what we have of the channel after that is counted on top."""
        channel = self.state.channels[payload["channel"]]
        channel["my"].update({key: payload[key] for key in ("read", "unread", "mentions")})
        self._counted[channel["id"]] = payload["head"]
        for event, before in self._since.get(channel["id"], []):
            if event["seq"] > payload["head"]:
                self._count(channel["id"], event, before)

    # The stream of the organization

    def _in_org(self, _: str, event: Json) -> None:
        kind, payload = event["kind"], event["payload"]
        channels = self.state.channels
        if kind in ("member.joined", "member.changed"):
            self._person(payload["person"])
        elif kind == "member.left":
            self.state.people[payload["person"]]["active"] = False
        elif kind == "channel.created":
            id = payload["channel"]["id"]
            if id not in channels or channels[id]["my"] is None:
                channels[id] = copy.deepcopy(payload["channel"])
            self.to_load.add("mine")
        elif kind in ("channel.changed", "channel.archived"):
            if channels[payload["id"]]["my"] is None:
                channels[payload["id"]].update({key: value for key, value in payload.items() if key != "id"})
        elif kind.startswith("share.") and self.state.me["person"]["role"] in ("admin", "owner"):
            self.state.offers.pop(payload["share"]["id"], None)
            if kind == "share.offered":
                self.state.offers[payload["share"]["id"]] = payload["share"]
        elif kind == "channel.deleted" and payload["id"] in channels and channels[payload["id"]]["my"] is None:
            self._forget(payload["id"])
        elif kind in ("org.created", "org.changed"):
            self.state.me["org"] = payload["org"]

    def _person(self, person: Json) -> None:
        self.state.people[person["id"]] = person
        if person["id"] == self.person.id:
            self.state.me["person"] = person
        for id, members in self.state.members.items():
            if person["id"] in members:
                members[person["id"]].update(person)
            self._rename(id, person)

    # One's own stream

    def _in_person(self, _: str, event: Json) -> None:
        kind, payload = event["kind"], event["payload"]
        if kind == "channel.joined":
            self._joined(copy.deepcopy(payload["channel"]))
        elif kind == "channel.left":
            self._left(payload["channel"], payload["deleted"])
        elif kind == "channel.muted":
            self.state.channels[payload["channel"]]["my"]["muted"] = payload["muted"]
        elif kind == "read.moved":
            self._read_moved(payload)
        elif kind == "draft.changed":
            key = (payload["channel"], payload["thread"])
            self.state.drafts.pop(key, None)
            if payload["text"] and payload["channel"] in self.state.channels:
                self.state.drafts[key] = payload
        elif kind == "message.saved" and payload["channel"] in self.state.channels:
            self.state.saved[payload["id"]] = payload["channel"]
        elif kind == "message.unsaved":
            self.state.saved.pop(payload["id"], None)
        elif kind == "request.received":
            self.state.strangers[payload["request"]["id"]] = payload["request"]
        elif kind in ("request.accepted", "request.declined", "request.blocked"):
            self.state.strangers.pop(payload["id"])
        elif kind == "guest.asked" and payload["request"]["channel"] in self.state.channels:
            self.state.requests[payload["request"]["id"]] = payload["request"]
        elif kind == "guest.answered":
            self.state.requests.pop(payload["id"], None)
        elif kind == "me.changed":
            self.state.me.update(person=payload["person"], settings=payload["settings"])
        elif kind in ("access.changed", "access.ended"):
            self.state.signed_out = kind == "access.ended"
            self.to_load.add("all")

    def _joined(self, channel: Json) -> None:
        id = channel["id"]
        self.state.channels[id] = channel
        self.state.cursors[f"channel:{id}"] = self._counted[id] = channel["head"]
        self.state.members.setdefault(id, {})
        self.to_load |= {id, "mine"}

    def _left(self, id: str, deleted: bool) -> None:
        channel = self.state.channels.get(id)
        if channel is None:
            return
        guest = self.state.me["person"]["role"] == "guest"
        if deleted or guest or channel["kind"] not in OPEN_KINDS:
            self._forget(id)
            return
        channel["my"] = None
        if self.state.me["person"]["role"] not in ("owner", "admin"):
            self._answer_no_more(id)
        self._unfollow(id)

    def _answer_no_more(self, id: str) -> None:
        self.state.requests = {key: one for key, one in self.state.requests.items() if one["channel"] != id}

    def _forget(self, id: str) -> None:
        self.state.channels.pop(id, None)
        self._answer_no_more(id)
        self.state.saved = {message: channel for message, channel in self.state.saved.items() if channel != id}
        self.state.drafts = {key: draft for key, draft in self.state.drafts.items() if key[0] != id}
        self._unfollow(id)

    def _unfollow(self, id: str) -> None:
        self.state.cursors.pop(f"channel:{id}", None)
        self.state.members.pop(id, None)
        self.state.guests.pop(id, None)
        self.state.shares.pop(id, None)
        self.state.messages.pop(id, None)
        self._since.pop(id, None)

    # What an event told of and did not carry

    def load_what_was_told(self) -> None:
        """Load rooms that came in, as a client does when it opens them; counts and lists stay as events made them."""
        if "all" in self.to_load:
            self.state = load(self.api, self.person)
        if "mine" in self.to_load and not self.state.signed_out:
            self.state.drafts, self.state.saved = _drafts(self.api), _saved(self.api)
            self.state.requests = _requests(self.api)
        for id in self.to_load & self.state.channels.keys():
            self.state.messages[id] = _messages(self.api, id)
            self.state.members[id], self.state.guests[id] = _members(self.api, id), _guests(self.api, id)
            self.state.shares |= _shares(self.api, id)
        self.to_load.clear()


def _answered(root: Json, answer: Json) -> None:
    had = root["replies"] or {"count": 0, "people": []}
    people = [answer["author"], *(person for person in had["people"] if person != answer["author"])][:5]
    root["replies"] = {"count": had["count"] + 1, "last_at": answer["created_at"], "people": people}


def _answer_gone(root: Json) -> None:
    left = root["replies"]["count"] - 1
    root["replies"] = {**root["replies"], "count": left} if left else None


def _react(shown: list[Json], payload: Json, added: bool) -> None:
    entry = next((reaction for reaction in shown if reaction["emoji"] == payload["emoji"]), None)
    if added and entry is None:
        shown.append({"emoji": payload["emoji"], "people": [payload["person"]]})
    elif added and entry is not None:
        entry["people"].append(payload["person"])
    elif entry is not None:
        entry["people"].remove(payload["person"])
        if not entry["people"]:
            shown.remove(entry)


# Loading afresh


def load(api: Api, person: Person) -> State:
    """What the API shows now."""
    answer = api.get("/me")
    if answer.status_code == 401:
        return State(signed_out=True)
    me = answer.json()
    channels = {channel["id"]: channel for channel in api.get("/channels?filter=all&limit=200").json()["items"]}
    state = State({"person": me["person"], "settings": me["settings"], "org": me["org"]}, channels=channels)
    own = api.get(f"/sync?streams={person.stream}@0,org:{person.org_id}@0").json()["streams"]
    state.cursors = {stream: told["head"] for stream, told in own.items()}
    if me["person"]["role"] != "guest":
        people = api.get(f"/orgs/{person.org_id}/members?limit=200").json()["items"]
        state.people = {other["id"]: other for other in people}
        state.strangers = {one["id"]: one for one in api.get("/me/requests").json()["items"]}
    state.drafts, state.saved, state.requests = _drafts(api), _saved(api), _requests(api)
    for id, channel in channels.items():
        if channel["my"] is not None:
            state.cursors[f"channel:{id}"] = channel["head"]
            state.messages[id], state.members[id] = _messages(api, id), _members(api, id)
            state.guests[id] = _guests(api, id)
            state.shares |= _shares(api, id)
    state.offers = _offers(api, person)
    return state


def _messages(api: Api, channel: str) -> dict[str, Json]:
    page = api.get(f"/channels/{channel}/messages?limit=200").json()["items"]
    found = {message["id"]: message for message in page}
    for message in page:
        if message["thread"] is None:
            answers = api.get(f"/messages/{message['id']}/thread?limit=200").json()["items"]
            found |= {answer["id"]: answer for answer in answers}
    return found


def _members(api: Api, channel: str) -> dict[str, Json]:
    return {member["id"]: member for member in api.get(f"/channels/{channel}/members?limit=200").json()["items"]}


def _guests(api: Api, channel: str) -> dict[str, Json]:
    answer = api.get(f"/channels/{channel}/guests?limit=200")
    if answer.status_code == 403:
        return {}
    seats = ("sponsor", "expires_at", "delivery", "encrypted")
    return {
        guest["id"]: {"person": guest["id"], **{name: guest[name] for name in seats}}
        for guest in answer.json()["items"]
    }


def _requests(api: Api) -> dict[str, Json]:
    return {request["id"]: request for request in api.get("/me/guest-requests").json()["items"]}


def _shares(api: Api, channel: str) -> dict[str, Json]:
    answer = api.get(f"/channels/{channel}/shares")
    return {} if answer.status_code == 403 else {share["channel"]: share for share in answer.json()["items"]}


def _offers(api: Api, person: Person) -> dict[str, Json]:
    answer = api.get(f"/orgs/{person.org_id}/shares")
    return {} if answer.status_code == 403 else {share["id"]: share for share in answer.json()["items"]}


def _drafts(api: Api) -> dict[tuple[str, str], Json]:
    return {(draft["channel"], draft["thread"]): draft for draft in api.get("/me/drafts").json()["items"]}


def _saved(api: Api) -> dict[str, str]:
    return {message["id"]: message["channel"] for message in api.get("/me/saved").json()["items"]}


def comparable(state: State) -> Json:
    """What must be equal: all of it, but for what nobody promises (the order of reactions, and how large and how far
    a channel is that one does not follow)."""
    shown = copy.deepcopy(vars(state))
    if shown["me"] and shown["me"]["person"]["role"] == "guest":  # who invites nobody, and is not told who does
        del shown["me"]["org"]["guest_invites"]
    for channel in shown["channels"].values():
        if channel["my"] is None:
            del channel["members"], channel["head"]
    for room in shown["messages"].values():
        for message in room.values():
            message["reactions"] = {reaction["emoji"]: reaction["people"] for reaction in message["reactions"]}
    return shown
