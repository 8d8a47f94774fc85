"""The everyday verbs over the socket: one table, the same verbs and answers as the JSON API."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from channels.db import database_sync_to_async

from channels_app.chat import messages, reactions, reads
from channels_app.chat.batch import batcher
from channels_app.chat.forms import EditCall, MessageCall, PostCall, ReactionCall, ReadCall, read
from channels_app.chat.posting import Posting
from workspace.events.refusal import NotFound, Refusal, Unavailable
from workspace.events.statement import AWAY
from workspace.people.models import Person

log = logging.getLogger(__name__)

Method = Callable[[Person, Any], Awaitable[Any]]


def _in_thread(verb: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    return database_sync_to_async(verb, thread_sensitive=False)


_edit, _delete = _in_thread(messages.edit), _in_thread(messages.delete)
_react, _unreact = _in_thread(reactions.add), _in_thread(reactions.remove)
_mark_read = _in_thread(reads.read)


async def post(person: Person, params: Any) -> Any:
    form = read(PostCall, params)
    posting = Posting(
        person.id, form.channel, form.text, form.thread, form.also_to_channel, form.files, form.client_id, "web"
    )
    return (await batcher.post(posting)).message


async def edit(person: Person, params: Any) -> Any:
    form = read(EditCall, params)
    return await _edit(person=person, message=form.message, text=form.text)


async def delete(person: Person, params: Any) -> Any:
    return await _delete(person=person, message=read(MessageCall, params).message)


async def react(person: Person, params: Any) -> Any:
    form = read(ReactionCall, params)
    return await _react(person=person, message=form.message, emoji=form.emoji)


async def unreact(person: Person, params: Any) -> Any:
    form = read(ReactionCall, params)
    return await _unreact(person=person, message=form.message, emoji=form.emoji)


async def mark_read(person: Person, params: Any) -> Any:
    form = read(ReadCall, params)
    return await _mark_read(person=person, channel=form.channel, seq=form.seq)


METHODS: dict[str, Method] = {
    "messages.post": post,
    "messages.edit": edit,
    "messages.delete": delete,
    "reactions.add": react,
    "reactions.remove": unreact,
    "channels.read": mark_read,
}


async def answer(person: Person, method: str, params: Any) -> dict[str, Any]:
    """`{"result": …}` or `{"error": …}`. Never raises."""
    try:
        if method not in METHODS:
            raise NotFound(f"There is no method {method[:40]!r}.", code="unknown_method")
        return {"result": await METHODS[method](person, params)}
    except Refusal as refusal:
        return {"error": refusal.body()}
    except AWAY as error:
        log.warning("call of %s: the database is away (%s)", method, error)
        return {"error": Unavailable().body()}
    except Exception:
        log.exception("call of %s failed", method)
        return {"error": {"code": "internal", "message": "Something went wrong here; it was logged.", "fields": {}}}
