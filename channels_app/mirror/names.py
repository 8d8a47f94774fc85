"""Folder names and who has which rights on them: derived from the database, never from the mail server."""

from __future__ import annotations

from imapclient.imap_utf7 import encode as encode_utf7

from channels_app.chat import policy
from channels_app.chat.models import Channel, Kind, Membership
from channels_app.mirror.imap import ROOT
from workspace.people.models import Organization, Person, Role
from workspace.signin.app_passwords import mailbox_name

LOG, PEOPLE = "Log", "People"
# RFC 4314. Nobody but the mirror removes mails (t, e), folders (x) or makes them (k): who could would only see them
# come back.
READ = "lrs"
MARK = "lrsw"
WRITE = "lrswip"
# Most file systems end a name at 255 bytes; the id that makes it unique needs some of them.
LONGEST_PART = 220


def org_log(org: Organization) -> str:
    return f"{ROOT}/{org.slug}/{LOG}"


def people(org: Organization) -> str:
    return f"{ROOT}/{org.slug}/{PEOPLE}"


def channel_folder(channel: Channel) -> str:
    """`Channels/<organization>/<name>`; direct conversations under Direct, deleted channels under Archive.

    Channel names are lower case, so `Direct`, `Archive`, `Log` and `People` are free.
    """
    home = f"{ROOT}/{channel.org.slug}"
    tail = channel.id[-6:]
    if channel.kind == Kind.DIRECT:
        people = Person.objects.filter(memberships__channel=channel).order_by("handle")
        return f"{home}/Direct/{part('+'.join(people.values_list('handle', flat=True)), tail, always=True)}"
    if channel.deleted_at:
        return f"{home}/Archive/{part(channel.name, tail, always=True)}"
    return f"{home}/{part(channel.name, tail)}"


def waiting_place(channel: Channel) -> str:
    """Where a folder waits whose name another one still has."""
    return f"{ROOT}/{channel.org.slug}/Archive/={channel.id}"


def part(name: str, tail: str, *, always: bool = False) -> str:
    """One part of a folder's name, safe at any server; `tail` is added when it had to be changed (or `always`)."""
    safe = "".join(char if char.isalnum() or char in "-_.+" or not char.isascii() else _escaped(char) for char in name)
    cut = safe
    while len(encode_utf7(cut)) > LONGEST_PART:
        cut = cut[:-1]
    return f"{cut}-{tail}" if always or cut != safe or not cut else cut


def rights(channel: Channel) -> dict[str, str]:
    """{name at the IMAP server: rights}: membership, as an access list."""
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
    standing = policy.Standing(membership.person.role, channel.kind, membership.role)
    return WRITE if policy.allows(policy.posting_action(channel.kind, False), standing) else MARK


def _escaped(char: str) -> str:
    return f"={ord(char):02X}"
