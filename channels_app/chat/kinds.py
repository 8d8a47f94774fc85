"""Every kind of event, by the stream it comes in, and what each says: the contract with clients, published as it is.

A client that holds the state of its streams as of their cursors and applies every event after them, each stream in its
order, the streams in any, holds what it would load afresh. What an event does not carry is loaded once it tells of it:
the messages, drafts, saved messages and requests of a channel on `channel.joined` and on the organization's
`channel.created`, everything on `access.changed` and `state.restored` (a rebuild from mail: what was before it is not
known any more).
"""

from __future__ import annotations

from typing_extensions import TypedDict

from channels_app.chat.shapes import (
    CallName,
    ChannelRoleName,
    ChannelShape,
    CountsShape,
    DraftShape,
    GuestRequestShape,
    KindName,
    LinkShape,
    MessageShape,
    SeatShape,
    ShareShape,
)
from workspace.people import kinds as people
from workspace.people.kinds import Nothing
from workspace.people.shapes import PersonShape


class MessagePosted(TypedDict):
    """A new message; one that was deleted since is told as what remains of it, and its deletion follows."""

    message: MessageShape


class MessageEdited(TypedDict):
    """The fields of a message that are different now, and what its text was `before`."""

    id: str
    text: str
    html: str
    mentions: list[str]
    mentions_all: CallName | None
    edited_at: str
    before: str


class MessageDeleted(TypedDict):
    """`message` is what remains: its place. The thread it was in has one answer less."""

    id: str
    thread: str | None
    message: MessageShape


class MessagePinned(TypedDict):
    id: str
    by: str
    at: str


class MessageNamed(TypedDict):
    id: str


class Reacted(TypedDict):
    id: str
    emoji: str
    person: str


class MemberJoined(TypedDict):
    """Somebody came into the channel, or is active again."""

    person: PersonShape
    channel_role: ChannelRoleName
    joined_at: str
    by: str | None


class MemberLeft(TypedDict):
    """Somebody went out of the channel, or is deactivated and out until they are active again."""

    person: str
    by: str | None
    deactivated: bool


class MemberChanged(TypedDict):
    """A member's name or role; told in channels with guests, who do not follow the organization's stream."""

    person: PersonShape
    channel_role: ChannelRoleName


class GuestTold(TypedDict):
    """How somebody sits in the channel who takes part by mail alone."""

    guest: SeatShape


class GuestLeft(TypedDict):
    """The id of the person; `member.left` says the rest."""

    person: str


class DeliveryFailed(TypedDict):
    """Mail to a guest comes back, so no more is sent until their seat is set to another delivery; why."""

    person: str
    why: str


class ShareTold(TypedDict):
    """How a share stands: in its channel's stream, and in the organization's one that is offered to us."""

    share: ShareShape


class ChannelTold(TypedDict):
    """The channel as of its `head`: what its own stream says after that is not in it."""

    channel: ChannelShape


class ChannelChanged(TypedDict):
    name: str
    topic: str
    kind: KindName


class ChannelArchived(TypedDict):
    archived: bool


class NamedChannelChanged(ChannelChanged):
    id: str


class NamedChannelArchived(ChannelArchived):
    id: str


class NamedChannel(TypedDict):
    """For whoever is not in it the channel is gone: deleted, or closed to them."""

    id: str


class ReadMoved(CountsShape):
    channel: str


class ChannelLeft(TypedDict):
    """One is out of the channel; an open one can still be seen, unless it was `deleted`."""

    channel: str
    deleted: bool


class ChannelMuted(TypedDict):
    channel: str
    muted: bool


class LinkTold(TypedDict):
    """A link of one's own by which people ask to be guests: it is new, or somebody came in by it."""

    link: LinkShape


class LinkEnded(TypedDict):
    """A link of one's own leads nowhere any more."""

    id: str
    channel: str


class GuestAsked(TypedDict):
    """Somebody asks by a link to be a guest of a channel; told to whom it is to answer."""

    request: GuestRequestShape


class GuestAnswered(TypedDict):
    """A request (by id) waits no longer."""

    id: str
    channel: str
    accepted: bool


class SavedTold(TypedDict):
    """The id of a message and of its channel."""

    id: str
    channel: str


class RequestShape(TypedDict):
    """Somebody from outside has written to a member (`mails` times) and waits for them to accept or not.

    `name` is what they call themselves, `preview` the beginning of their last mail.
    """

    id: str
    email: str
    name: str
    subject: str
    preview: str
    mails: int
    created_at: str
    updated_at: str


class RequestReceived(TypedDict):
    """A new request, or another mail in one that is open."""

    request: RequestShape


class RequestAccepted(TypedDict):
    """`channel` is the conversation it became."""

    id: str
    channel: str


class RequestNamed(TypedDict):
    id: str


class RequestBlocked(TypedDict):
    """The request (an id) is gone, and mail from this address does not come in any more."""

    id: str
    email: str


class AddressUnblocked(TypedDict):
    email: str


CHANNEL: dict[str, type] = {
    "message.posted": MessagePosted,
    "message.edited": MessageEdited,
    "message.deleted": MessageDeleted,
    "message.pinned": MessagePinned,
    "message.unpinned": MessageNamed,
    "reaction.added": Reacted,
    "reaction.removed": Reacted,
    "member.joined": MemberJoined,
    "member.left": MemberLeft,
    "member.changed": MemberChanged,
    "guest.joined": GuestTold,
    "guest.changed": GuestTold,
    "guest.left": GuestLeft,
    "delivery.failed": DeliveryFailed,
    "share.offered": ShareTold,
    "share.active": ShareTold,
    "share.ended": ShareTold,
    "channel.created": ChannelTold,
    "channel.changed": ChannelChanged,
    "channel.archived": ChannelArchived,
    "channel.deleted": Nothing,
    "event.lost": Nothing,
}
ORG: dict[str, type] = {
    **people.ORG,
    "channel.created": ChannelTold,
    "channel.changed": NamedChannelChanged,
    "channel.archived": NamedChannelArchived,
    "channel.deleted": NamedChannel,
    "share.offered": ShareTold,
    "share.active": ShareTold,
    "share.ended": ShareTold,
    "event.lost": Nothing,
}
PERSON: dict[str, type] = {
    **people.PERSON,
    "channel.joined": ChannelTold,
    "channel.left": ChannelLeft,
    "channel.muted": ChannelMuted,
    "read.moved": ReadMoved,
    "link.changed": LinkTold,
    "link.ended": LinkEnded,
    "guest.asked": GuestAsked,
    "guest.answered": GuestAnswered,
    "draft.changed": DraftShape,
    "message.saved": SavedTold,
    "message.unsaved": SavedTold,
    "request.received": RequestReceived,
    "request.accepted": RequestAccepted,
    "request.declined": RequestNamed,
    "request.blocked": RequestBlocked,
    "request.unblocked": AddressUnblocked,
    "state.restored": Nothing,
}
STREAMS: dict[str, dict[str, type]] = {"channel": CHANNEL, "org": ORG, "person": PERSON}
