"""Old client state + the events of a verb = freshly loaded state, for every verb on messages and read state."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from channels_app.chat import messages, pins, reactions
from tests.cast import Api, Cast
from workspace.events import log

State = dict[str, dict[str, Any]]


def _fresh(api: Api, cast: Cast) -> State:
    page = api.get(f"/channels/{cast.general.id}/messages?limit=200").json()["items"]
    state = {message["id"]: message for message in page}
    for message in page:
        for reply in api.get(f"/messages/{message['id']}/thread?limit=200").json()["items"]:
            state[reply["id"]] = reply
    return state


def _apply(state: State, kind: str, payload: dict[str, Any], at: str) -> None:
    """What any client does with an event (the web client's reducer does the same)."""
    if kind == "message.posted":
        message = payload["message"]
        state[message["id"]] = message
        if root := state.get(message["thread"] or ""):
            people = [p for p in (root["replies"] or {"people": []})["people"] if p != message["author"]]
            count = (root["replies"] or {"count": 0})["count"] + 1
            people = [message["author"], *people][:5]
            root["replies"] = {"count": count, "last_at": message["created_at"], "people": people}
    elif kind == "message.edited":
        changed = {key: value for key, value in payload.items() if key != "before"}
        state[payload["id"]].update(changed)
    elif kind == "message.deleted":
        state[payload["id"]] = payload["message"]
        if (root := state.get(payload["thread"] or "")) and root["replies"]:
            root["replies"]["count"] -= 1
            if root["replies"]["count"] == 0:
                root["replies"] = None
    elif kind == "message.pinned":
        state[payload["id"]]["pinned"] = {"by": payload["by"], "at": payload["at"]}
    elif kind == "message.unpinned":
        state[payload["id"]]["pinned"] = None
    elif kind in ("reaction.added", "reaction.removed"):
        _react(state[payload["id"]]["reactions"], payload, kind == "reaction.added")


def _react(shown: list[dict[str, Any]], payload: dict[str, Any], added: bool) -> None:
    entry = next((r for r in shown if r["emoji"] == payload["emoji"]), None)
    if added and entry is None:
        shown.append({"emoji": payload["emoji"], "people": [payload["person"]]})
    elif added and entry is not None:
        entry["people"].append(payload["person"])
    elif entry is not None:
        entry["people"].remove(payload["person"])
        if not entry["people"]:
            shown.remove(entry)


def _post(cast: Cast, text: str, **more: Any) -> str:
    return messages.post(person=cast.alice, channel=cast.general.id, text=text, **more).message["id"]


Verb = Callable[[Cast, str], object]
VERBS: dict[str, Verb] = {
    "post": lambda c, m: _post(c, "hello @bob **and** @here"),
    "reply": lambda c, m: _post(c, "in a thread", thread=m),
    "reply to the channel too": lambda c, m: _post(c, "for all", thread=m, also_to_channel=True),
    "two replies": lambda c, m: (_post(c, "1", thread=m), messages.post(
        person=c.bob, channel=c.general.id, text="2", thread=m)),
    "edit": lambda c, m: messages.edit(person=c.alice, message=m, text="changed, @bob"),
    "edit twice": lambda c, m: [messages.edit(person=c.alice, message=m, text=t) for t in ("a", "b")],
    "delete": lambda c, m: messages.delete(person=c.alice, message=m),
    "delete a reply": lambda c, m: messages.delete(person=c.alice, message=_post(c, "oops", thread=m)),
    "delete a root": lambda c, m: (_post(c, "answer", thread=m), messages.delete(person=c.alice, message=m)),
    "react": lambda c, m: [reactions.add(person=p, message=m, emoji="🎉") for p in (c.bob, c.alice)],
    "unreact": lambda c, m: (reactions.add(person=c.bob, message=m, emoji="👍"),
                             reactions.remove(person=c.bob, message=m, emoji="👍")),
    "pin": lambda c, m: pins.pin(person=c.bob, message=m),
    "unpin": lambda c, m: (pins.pin(person=c.bob, message=m), pins.unpin(person=c.bob, message=m)),
}  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_events_lead_to_the_fresh_state(cast: Cast, bob: Api, verb: str) -> None:
    root = _post(cast, "the root")
    old = copy.deepcopy(_fresh(bob, cast))
    cursor = log.heads([cast.general.stream])[cast.general.stream]
    VERBS[verb](cast, root)
    missed = bob.get(f"/sync?streams={cast.general.stream}@{cursor}").json()["streams"][cast.general.stream]
    assert missed["events"] and not missed["more"]
    assert [e["seq"] for e in missed["events"]] == list(range(cursor + 1, missed["head"] + 1))
    for event in missed["events"]:
        _apply(old, event["kind"], event["payload"], event["at"])
    assert old == _fresh(bob, cast)


def test_a_deleted_text_is_gone_from_the_log_too(cast: Cast, bob: Api) -> None:
    message = _post(cast, "a secret slip")
    messages.edit(person=cast.alice, message=message, text="a secret slip, again")
    messages.delete(person=cast.alice, message=message)
    assert "secret slip" not in bob.get(f"/sync?streams={cast.general.stream}@0").content.decode()
