"""Endpoints on channels and who is in them."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import quote

from django.db.models import Q
from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field
from typing_extensions import TypedDict

from channels_app.api.door import LIMIT_DEFAULT, Items, Request, after, answer, nothing, page
from channels_app.api.params import Cursor, IdPath, Limit
from channels_app.api.people import ImapShape, imap
from channels_app.chat import access, channels, members, shapes
from channels_app.chat.forms import Flag, Form, Id
from channels_app.chat.models import Channel, Membership
from channels_app.chat.shapes import ChannelRoleName, ChannelShape, MessageShape
from channels_app.mirror.names import channel_folder
from workspace.events.snapshot import snapshot
from workspace.people import access as people_access
from workspace.people import shapes as people_shapes
from workspace.people.shapes import PersonShape

router = Router(tags=["channels"])


class MemberShape(PersonShape):
    channel_role: ChannelRoleName
    joined_at: str


class MessageItems(TypedDict):
    items: list[MessageShape]


class MailShape(TypedDict):
    folder: str
    imap: ImapShape
    url: str


class CreateForm(Form):
    kind: Literal["public", "private", "announcement", "direct"]
    name: Annotated[str, Field(max_length=1000)] = ""
    topic: Annotated[str, Field(max_length=2000)] = ""
    members: Annotated[list[Id], Field(max_length=200)] = []
    org: Annotated[str, Field(max_length=40)] | None = None


class ChangeForm(Form):
    name: Annotated[str, Field(max_length=1000)] | None = None
    topic: Annotated[str, Field(max_length=2000)] | None = None
    kind: Literal["public", "private", "announcement"] | None = None
    muted: Flag | None = None


class PeopleForm(Form):
    people: Annotated[list[Id], Field(min_length=1, max_length=200)]


@router.get("/channels", response=Items[ChannelShape])
def list_channels(
    request: Request,
    org: Annotated[str | None, Query(max_length=40)] = None,
    filter: Literal["mine", "all"] = "mine",
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> HttpResponse:
    person = request.auth
    if org:
        people_access.organization(person, org)
    which = Q(memberships__person=person, deleted_at=None) if filter == "mine" else access.visible_channels(person)
    with snapshot():
        rows = Channel.objects.filter(which, id__gt=after(cursor)).order_by("id")[: limit + 1]
        shown, following = page(list(rows), limit, lambda channel: channel.id)
        return answer({"items": shapes.channels(shown, person), "next": following})


@router.post("/channels", response={201: ChannelShape, 200: ChannelShape})
def create_channel(request: Request, form: CreateForm) -> HttpResponse:
    person = request.auth
    if form.org:
        people_access.organization(person, form.org)
    if form.kind == "direct":
        channel, fresh = channels.direct(person=person, members=form.members)
        return answer(shapes.channel(channel, person), 201 if fresh else 200)
    channel = channels.create(person=person, name=form.name, kind=form.kind, topic=form.topic, members=form.members)
    return answer(shapes.channel(channel, person), 201)


@router.get("/channels/{id}", response=ChannelShape)
def get_channel(request: Request, id: IdPath) -> HttpResponse:
    with snapshot():
        seen = access.channel(request.auth, id, "channel.read")
        return answer(shapes.channel(seen.channel, request.auth))


@router.get("/channels/{id}/mail", response=MailShape)
def open_in_mail_program(request: Request, id: IdPath) -> HttpResponse:
    """Where the channel lies for mail programs (the user name and password are an app password's)."""
    seen = access.channel(request.auth, id, "channel.mail")
    folder, server = channel_folder(seen.channel), imap()
    scheme = "imaps" if server["security"] == "tls" else "imap"
    url = f"{scheme}://{server['host']}:{server['port']}/{quote(folder)}"  # RFC 5092
    return answer({"folder": folder, "imap": server, "url": url})


@router.patch("/channels/{id}", response=ChannelShape)
def change_channel(request: Request, id: IdPath, form: ChangeForm) -> HttpResponse:
    person = request.auth
    if form.muted is not None:
        channel = members.mute(person=person, channel=id, muted=form.muted)
    if form.muted is None or form.model_dump(exclude={"muted"}, exclude_none=True):
        channel = channels.change(person=person, channel=id, name=form.name, topic=form.topic, kind=form.kind)
    return answer(shapes.channel(channel, person))


@router.delete("/channels/{id}", response={204: None})
def delete_channel(request: Request, id: IdPath) -> HttpResponse:
    channels.delete(person=request.auth, channel=id)
    return nothing()


@router.post("/channels/{id}/join", response=ChannelShape)
def join_channel(request: Request, id: IdPath) -> HttpResponse:
    return answer(shapes.channel(members.join(person=request.auth, channel=id), request.auth))


@router.post("/channels/{id}/leave", response=ChannelShape)
def leave_channel(request: Request, id: IdPath) -> HttpResponse:
    return answer(shapes.channel(members.leave(person=request.auth, channel=id), request.auth))


@router.post("/channels/{id}/archive", response=ChannelShape)
def archive_channel(request: Request, id: IdPath) -> HttpResponse:
    return answer(shapes.channel(channels.archive(person=request.auth, channel=id), request.auth))


@router.post("/channels/{id}/unarchive", response=ChannelShape)
def unarchive_channel(request: Request, id: IdPath) -> HttpResponse:
    row = channels.archive(person=request.auth, channel=id, archived=False)
    return answer(shapes.channel(row, request.auth))


@router.get("/channels/{id}/members", response=Items[MemberShape])
def list_members(request: Request, id: IdPath, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None) -> HttpResponse:
    seen = access.channel(request.auth, id, "members.list")
    rows = Membership.objects.filter(channel=seen.channel, person_id__gt=after(cursor), person__active=True)
    shown, following = page(
        list(rows.select_related("person").order_by("person_id")[: limit + 1]), limit, lambda m: m.person_id
    )
    return answer({"items": [_member(row) for row in shown], "next": following})


def _member(row: Membership) -> MemberShape:
    return {
        **people_shapes.person(row.person),
        "channel_role": row.role,
        "joined_at": shapes.at(row.joined_at) or "",
    }


@router.post("/channels/{id}/members", response=ChannelShape)
def add_members(request: Request, id: IdPath, form: PeopleForm) -> HttpResponse:
    row = members.add(person=request.auth, channel=id, people=form.people)
    return answer(shapes.channel(row, request.auth))


@router.delete("/channels/{id}/members/{member}", response={204: None})
def remove_member(request: Request, id: IdPath, member: IdPath) -> HttpResponse:
    members.remove(person=request.auth, channel=id, member=member)
    return nothing()
