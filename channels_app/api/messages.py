"""Endpoints on messages: read, post, edit, delete, react, pin, save, mark as read."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpResponse
from ninja import Path, Query, Router
from pydantic import Field
from typing_extensions import TypedDict

from channels_app.api.channels import MessageItems
from channels_app.api.door import LIMIT_DEFAULT, Request, answer, nothing
from channels_app.api.params import IdempotencyKey, IdPath, Limit, SeqQuery
from channels_app.chat import access, messages, pins, reactions, reads, shapes
from channels_app.chat.batch import batcher
from channels_app.chat.forms import EditForm, Form, PostForm, SeqForm, Text
from channels_app.chat.messages import Page
from channels_app.chat.posting import Posting
from channels_app.chat.shapes import CountsShape, DraftShape, MessageShape, VersionShape
from workspace.events.refusal import Invalid
from workspace.events.snapshot import snapshot

router = Router(tags=["messages"])
EmojiPath = Annotated[str, Path(min_length=1, max_length=64)]


class PageShape(TypedDict):
    items: list[MessageShape]
    has_before: bool
    has_after: bool
    head: int


class ThreadShape(PageShape):
    root: MessageShape


class VersionItems(TypedDict):
    items: list[VersionShape]


class DraftItems(TypedDict):
    items: list[DraftShape]


class DraftForm(Form):
    text: Text
    thread: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{0,32}$")] = ""


@router.get("/channels/{id}/messages", response=PageShape)
def list_messages(
    request: Request,
    id: IdPath,
    before: SeqQuery = None,
    after: SeqQuery = None,
    around: SeqQuery = None,
    limit: Limit = LIMIT_DEFAULT,
) -> HttpResponse:
    if sum(place is not None for place in (before, after, around)) > 1:
        raise Invalid("Only one of before, after, around.", fields={"around": "more than one place"})
    with snapshot():
        seen = access.channel(request.auth, id, "channel.read")
        page = messages.timeline(seen.channel, before=before, after=after, around=around, limit=limit)
    return answer(_page(page))


def _page(page: Page) -> PageShape:
    return {"items": page.items, "has_before": page.has_before, "has_after": page.has_after, "head": page.head}


@router.post("/channels/{id}/messages", response={201: MessageShape, 200: MessageShape})
async def post_message(
    request: Request, id: IdPath, form: PostForm, idempotency_key: IdempotencyKey = None
) -> HttpResponse:
    posting = Posting(
        person=request.auth.id,
        channel=id,
        text=form.text,
        thread=form.thread,
        also_to_channel=form.also_to_channel,
        files=form.files,
        client_id=form.client_id or idempotency_key,
        origin="web" if request.COOKIES else "api",
    )
    posted = await batcher.post(posting)
    return answer(posted.message, 201 if posted.fresh else 200)


@router.get("/messages/{id}", response=MessageShape)
def get_message(request: Request, id: IdPath) -> HttpResponse:
    row, _ = access.message(request.auth, id, "channel.read")
    return answer(shapes.message(row))


@router.patch("/messages/{id}", response=MessageShape)
def edit_message(request: Request, id: IdPath, form: EditForm) -> HttpResponse:
    return answer(messages.edit(person=request.auth, message=id, text=form.text))


@router.delete("/messages/{id}", response=MessageShape)
def delete_message(request: Request, id: IdPath) -> HttpResponse:
    return answer(messages.delete(person=request.auth, message=id))


@router.get("/messages/{id}/thread", response=ThreadShape)
def get_thread(
    request: Request, id: IdPath, after: Annotated[int, Query(ge=0, le=2**53)] = 0, limit: Limit = LIMIT_DEFAULT
) -> HttpResponse:
    with snapshot():
        row, _ = access.message(request.auth, id, "channel.read")
        root = row.thread or row
        page = messages.thread(root, after=after, limit=limit)
        return answer({"root": shapes.message(root), **_page(page)})


@router.get("/messages/{id}/history", response=VersionItems)
def get_history(request: Request, id: IdPath) -> HttpResponse:
    row, _ = access.message(request.auth, id, "channel.read")
    return answer({"items": messages.history(row)})


@router.put("/messages/{id}/reactions/{emoji}", response=MessageShape)
def add_reaction(request: Request, id: IdPath, emoji: EmojiPath) -> HttpResponse:
    return answer(reactions.add(person=request.auth, message=id, emoji=emoji))


@router.delete("/messages/{id}/reactions/{emoji}", response=MessageShape)
def remove_reaction(request: Request, id: IdPath, emoji: EmojiPath) -> HttpResponse:
    return answer(reactions.remove(person=request.auth, message=id, emoji=emoji))


@router.put("/messages/{id}/pin", response=MessageShape)
def pin_message(request: Request, id: IdPath) -> HttpResponse:
    return answer(pins.pin(person=request.auth, message=id))


@router.delete("/messages/{id}/pin", response=MessageShape)
def unpin_message(request: Request, id: IdPath) -> HttpResponse:
    return answer(pins.unpin(person=request.auth, message=id))


@router.get("/channels/{id}/pins", response=MessageItems)
def list_pins(request: Request, id: IdPath) -> HttpResponse:
    seen = access.channel(request.auth, id, "channel.read")
    return answer({"items": pins.pinned(seen.channel)})


@router.put("/messages/{id}/save", response={204: None})
def save_message(request: Request, id: IdPath) -> HttpResponse:
    pins.save(person=request.auth, message=id)
    return nothing()


@router.delete("/messages/{id}/save", response={204: None})
def unsave_message(request: Request, id: IdPath) -> HttpResponse:
    pins.unsave(person=request.auth, message=id)
    return nothing()


@router.get("/me/saved", response=MessageItems)
def list_saved(request: Request) -> HttpResponse:
    return answer({"items": pins.saved(request.auth)})


@router.post("/channels/{id}/read", response=CountsShape)
def mark_read(request: Request, id: IdPath, form: SeqForm) -> HttpResponse:
    return answer(reads.read(person=request.auth, channel=id, seq=form.seq))


@router.post("/channels/{id}/unread", response=CountsShape)
def mark_unread(request: Request, id: IdPath, form: SeqForm) -> HttpResponse:
    return answer(reads.unread(person=request.auth, channel=id, seq=form.seq))


@router.put("/channels/{id}/draft", response=DraftShape)
def set_draft(request: Request, id: IdPath, form: DraftForm) -> HttpResponse:
    return answer(reads.set_draft(person=request.auth, channel=id, thread=form.thread, typed=form.text))


@router.get("/me/drafts", response=DraftItems)
def list_drafts(request: Request) -> HttpResponse:
    return answer({"items": reads.drafts(request.auth)})
