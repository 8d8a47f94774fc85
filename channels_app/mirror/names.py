"""Folder names and who has which rights on them: derived from the database, never from the mail server."""

from __future__ import annotations

from channels_app.chat.models import Channel, Kind, Membership
from workspace.people.models import Person, Role
from workspace.signin.app_passwords import mailbox_name

ROOT = "Channels"
READ = "lrs"
WRITE = "lrswipt"
READ_FLAGS = "lrsw"


def folder_name(channel: Channel) -> str:
    """`Channels/<organization>/<name>`; direct conversations under Direct, deleted channels under Archive."""
    home = f"{ROOT}/{channel.org.slug}"
    tail = channel.id[-6:]
    if channel.kind == Kind.DIRECT:
        handles = (
            Person.objects.filter(memberships__channel=channel).order_by("handle").values_list("handle", flat=True)
        )
        return f"{home}/Direct/{'+'.join(handles)[:120]}-{tail}"
    if channel.deleted_at:
        return f"{home}/Archive/{channel.name}-{tail}"
    return f"{home}/{channel.name}"


def rights(channel: Channel) -> dict[str, str]:
    """{name at the IMAP server: rights (RFC 4314)}: membership, as an access list."""
    if channel.deleted_at:
        return {}
    allowed: dict[str, str] = {}
    if channel.is_open:
        members = Person.objects.active().select_related("org").filter(org_id=channel.org_id).exclude(role=Role.GUEST)
        allowed = {mailbox_name(person): READ for person in members}
    inside = Membership.objects.filter(channel=channel, person__active=True).select_related("person__org")
    for membership in inside:
        allowed[mailbox_name(membership.person)] = _member_rights(channel, membership)
    return allowed


def _member_rights(channel: Channel, membership: Membership) -> str:
    if channel.archived_at:
        return READ
    may_announce = membership.person.is_admin or membership.role == Membership.Role.ADMIN
    if channel.kind == Kind.ANNOUNCEMENT and not may_announce:
        return READ_FLAGS
    return WRITE
