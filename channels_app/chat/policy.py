"""Who may do what: one table, role × action.

A cell says what is needed beside the role:
  ANY      nothing more
  SEE      the channel is visible: the person is in it, or it is open to all members
  IN       the person is in the channel
  MANAGE   the person is in the channel as its admin (who made it is)
  OWN      the message or link is the person's own, or the guest theirs to look after; and they are in the channel
  NO       never
A guest is looked after by their sponsor and by the channel's admins, who also answer those who ask by anybody's link
(`guests.answer`); a link that lets people in unasked is for admins (`guests.open_link`). Whether members invite guests
at all is the organization's choice (`chat.guests`).
Private channels and direct conversations are closed to everyone who is not in them, admins and owners too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from channels_app.chat.models import Kind
from workspace.people.models import Role


class Need(Enum):
    NO = 0
    ANY = 1
    SEE = 2
    IN = 3
    MANAGE = 4
    OWN = 5


NO, ANY, SEE, IN, MANAGE, OWN = Need.NO, Need.ANY, Need.SEE, Need.IN, Need.MANAGE, Need.OWN

_COLUMNS = (Role.GUEST, Role.MEMBER, Role.ADMIN, Role.OWNER)
_ROWS: dict[str, tuple[Need, Need, Need, Need]] = {
    # action              guest   member  admin   owner
    "me.read":           (ANY,    ANY,    ANY,    ANY),
    "me.change":         (ANY,    ANY,    ANY,    ANY),
    "people.list":       (NO,     ANY,    ANY,    ANY),
    "people.invite":     (NO,     NO,     ANY,    ANY),
    "people.change":     (NO,     NO,     ANY,    ANY),
    "people.owner":      (NO,     NO,     NO,     ANY),
    "org.change":        (NO,     NO,     ANY,    ANY),
    "channel.list":      (ANY,    ANY,    ANY,    ANY),
    "channel.create":    (NO,     ANY,    ANY,    ANY),
    "channel.direct":    (NO,     ANY,    ANY,    ANY),
    "channel.read":      (IN,     SEE,    SEE,    SEE),
    "channel.join":      (NO,     SEE,    SEE,    SEE),
    "channel.leave":     (IN,     IN,     IN,     IN),
    "channel.topic":     (NO,     IN,     SEE,    SEE),
    "channel.change":    (NO,     MANAGE, SEE,    SEE),
    "channel.archive":   (NO,     MANAGE, SEE,    SEE),
    "channel.delete":    (NO,     NO,     SEE,    SEE),
    "channel.mute":      (IN,     IN,     IN,     IN),
    "members.list":      (IN,     SEE,    SEE,    SEE),
    "members.add":       (NO,     IN,     SEE,    SEE),
    "members.remove":    (NO,     MANAGE, SEE,    SEE),
    "guests.list":       (NO,     SEE,    SEE,    SEE),
    "guests.all":        (NO,     NO,     ANY,    ANY),
    "guests.invite":     (NO,     IN,     SEE,    SEE),
    "guests.own":        (NO,     ANY,    ANY,    ANY),
    "guests.change":     (NO,     OWN,    SEE,    SEE),
    "guests.open_link":  (NO,     NO,     SEE,    SEE),
    "guests.answer":     (NO,     OWN,    SEE,    SEE),
    "requests.list":     (NO,     ANY,    ANY,    ANY),
    "requests.answer":   (NO,     ANY,    ANY,    ANY),
    "quarantine.list":   (NO,     NO,     ANY,    ANY),
    "quarantine.settle": (NO,     NO,     ANY,    ANY),
    "shares.list":       (NO,     SEE,    SEE,    SEE),
    "shares.change":     (NO,     NO,     SEE,    SEE),
    "shares.answer":     (NO,     NO,     ANY,    ANY),
    "message.post":      (IN,     IN,     IN,     IN),
    "message.announce":  (NO,     MANAGE, IN,     IN),
    "message.reply":     (IN,     IN,     IN,     IN),
    "message.edit":      (OWN,    OWN,    OWN,    OWN),
    "message.delete":    (OWN,    OWN,    SEE,    SEE),
    "message.react":     (IN,     IN,     IN,     IN),
    "message.pin":       (NO,     IN,     IN,     IN),
    "message.save":      (IN,     SEE,    SEE,    SEE),
    "channel.mark":      (IN,     IN,     IN,     IN),
    "channel.draft":     (IN,     IN,     IN,     IN),
    "channel.type":      (IN,     IN,     IN,     IN),
    "channel.mail":      (IN,     SEE,    SEE,    SEE),
    "file.upload":       (ANY,    ANY,    ANY,    ANY),
}  # fmt: skip

TABLE: dict[str, dict[str, Need]] = {
    action: dict(zip((role.value for role in _COLUMNS), needs, strict=True)) for action, needs in _ROWS.items()
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person stands to a channel (and to a message in it)."""

    role: str
    channel_kind: str = ""
    channel_role: str | None = None
    own: bool = False

    @property
    def inside(self) -> bool:
        return self.channel_role is not None

    @property
    def sees(self) -> bool:
        return self.inside or (self.role != Role.GUEST and self.channel_kind in (Kind.PUBLIC, Kind.ANNOUNCEMENT))


def allows(action: str, standing: Standing) -> bool:
    """Whether the table lets this standing do this action. Raises `KeyError` for an action the table lacks."""
    match TABLE[action][standing.role]:
        case Need.NO:
            return False
        case Need.ANY:
            return True
        case Need.SEE:
            return standing.sees
        case Need.IN:
            return standing.inside
        case Need.MANAGE:
            return standing.channel_role == "admin"
        case Need.OWN:
            return standing.own and standing.inside


def posting_action(channel_kind: str, is_reply: bool) -> str:
    """The action a post is: announcement channels take new posts from few, answers from all."""
    if is_reply:
        return "message.reply"
    return "message.announce" if channel_kind == Kind.ANNOUNCEMENT else "message.post"
