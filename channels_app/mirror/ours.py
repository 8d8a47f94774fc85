"""Mails of our own that nobody has written down: of an append whose end was unclear, or of a folder that is new to us.

Composing is deterministic, so a mail is ours when it is, byte by byte, what we would write. An older version, or what
else bears an id of ours (somebody's forgery), leaves the folder, and the lane writes what is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy as duplicate

from django.conf import settings
from django.db.models.functions import Lower

from channels_app.chat.models import Channel, Message, Revision
from channels_app.letters import incoming, outgoing
from channels_app.mirror import ORIGIN, copies, mails, quarantine
from channels_app.mirror.folders import Place
from channels_app.mirror.judging import Arrived
from channels_app.mirror.models import Copy, Folder
from workspace.people.models import Person

Own = tuple[Arrived, str]


def sort_out(place: Place, arrived: Sequence[Arrived]) -> tuple[list[Own], list[Arrived]]:
    """(mails that say they are messages of this channel, with the message's id; all others)."""
    claims = [(mail, _claims(place, mail)) for mail in arrived]
    borrowed = {id for mail, id in claims if id and mail.parsed.own is None}
    real = dict(Message.objects.filter(id__in=borrowed).values_list("id", "external_id")) if borrowed else {}
    own: list[Own] = []
    others: list[Arrived] = []
    for mail, id in claims:
        if id and (mail.parsed.own is not None or real.get(id) == mail.parsed.message_id):
            own.append((mail, id))
        else:
            others.append(mail)
    return own, others


def _claims(place: Place, mail: Arrived) -> str:
    """The message a mail says it is, by its Message-ID, or by our header when it came in as a foreign mail once."""
    assert place.channel is not None
    found = mail.parsed.own
    if found is not None:
        ours = found.channel == place.channel.id and found.domain == settings.MAIL_DOMAIN
        return found.message if ours else ""
    return mail.parsed.roost.get("Id", "") if mail.parsed.message_id else ""


def recognise(place: Place, folder: Folder, own: Sequence[Own]) -> list[int]:
    """Write the copies down; the UIDs of what has to leave the folder."""
    if not own:
        return []
    assert place.channel is not None
    rows = Message.objects.filter(channel=place.channel).in_bulk({id for _, id in own})
    live = sorted((row for row in rows.values() if not row.deleted_at), key=lambda row: row.seq)
    composed = {row.id: mail.content for row, mail in zip(live, mails.posts(place.channel, live), strict=True)}
    have = copies.known(folder, (row.seq for row in live))
    rubbish: list[int] = []
    for mail, id in own:
        row = rows.get(id)
        if row is not None and composed.get(id) == mail.raw:
            rubbish += _note(folder, mail.uid, row, have)
            continue
        rubbish.append(mail.uid)
        if row is None:
            _suspect(folder, mail, "bears the id of no message here")
        elif not row.deleted_at and not _was_written(place.channel, row, mail.raw):
            _suspect(folder, mail, "bears the id of a message, but is not what we wrote")
    return rubbish


def _suspect(folder: Folder, mail: Arrived, why: str) -> None:
    quarantine.keep(folder, mail.uid, mail.raw, mail.parsed, user=mail.user, why=why)


def _was_written(channel: Channel, row: Message, raw: bytes) -> bool:
    """Whether this is what we wrote before the message was edited."""
    former = [_as_it_was(row, revision) for revision in row.revisions.order_by("-id")]
    return any(mail.content == raw for mail in mails.posts(channel, former))


def _as_it_was(row: Message, revision: Revision) -> Message:
    former = duplicate(row)
    former.text, former.html = revision.text, revision.html
    former.edited_at = revision.at if revision.at > row.created_at else None
    return former


def recognise_carried_in(place: Place, folder: Folder, arrived: Sequence[Arrived]) -> tuple[list[int], list[Arrived]]:
    """Mails that became messages before, byte by byte: (UIDs that have to leave the folder, mails that are new).

    A folder restored from a backup has them; no bell rings for them again.
    """
    senders = {mail.parsed.from_.email.lower() for mail in arrived if mail.parsed.from_}
    authors = Person.objects.annotate(lower=Lower("email")).filter(org=place.org, lower__in=senders).values("id")
    keys = {mail.uid: carried_in_id(folder.channel_id, mail.raw) for mail in arrived}
    rows = Message.objects.filter(author__in=authors, client_id__in=keys.values(), channel=folder.channel_id)
    known = {row.client_id: row for row in rows}
    if not known:
        return [], list(arrived)
    have = copies.known(folder, (row.seq for row in known.values()))
    rubbish: list[int] = []
    for mail in arrived:
        row = known.get(keys[mail.uid])
        if row is None:
            continue
        if row.deleted_at or row.edited_at:
            rubbish.append(mail.uid)
        else:
            rubbish += _note(folder, mail.uid, row, have)
    return rubbish, [mail for mail in arrived if keys[mail.uid] not in known]


def carried_in_id(channel: str, raw: bytes) -> str:
    """The client id of the message that a mail in this channel's folder becomes."""
    return incoming.client_id(raw, channel=channel, origin=ORIGIN)


def _note(folder: Folder, uid: int, row: Message, have: dict[int, Copy]) -> list[int]:
    """This mail is the message as it stands now; the UID that is superfluous because of that, if any."""
    copy = have.get(row.seq)
    if copy is None:
        have[row.seq] = Copy(folder=folder, uid=uid, seq=row.seq, version=outgoing.version(row))
        copies.add(folder, [have[row.seq]])
        return []
    if copy.version == outgoing.version(row):
        return [uid] if copy.uid != uid else []
    outdated, copy.uid, copy.version = copy.uid, uid, outgoing.version(row)
    copy.save(update_fields=["uid", "version"])
    return [outdated]
