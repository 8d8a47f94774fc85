"""Verbs on first contact: what strangers write to a member waits in a tray until the member says what is to be done.

Nobody hears anything by mail of what becomes of a request; who is accepted hears of it by the first answer. What is
held is bounded: so many mails and bytes of one stranger, so many strangers and bytes of one member. More is refused for
now, and the stranger's own server keeps it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone
from typing_extensions import TypedDict

from channels_app.chat import access, guests, markdown, posting
from channels_app.chat.kinds import (
    AddressUnblocked,
    RequestAccepted,
    RequestBlocked,
    RequestNamed,
    RequestReceived,
    RequestShape,
)
from channels_app.chat.models import Channel
from channels_app.chat.text import clean
from channels_app.files import storage, uploads
from channels_app.guests import ORIGIN
from channels_app.guests.models import Blocked, ContactRequest, RequestMail
from channels_app.guests.receiving import subjects
from channels_app.guests.receiving.arrived import Arrived
from channels_app.letters import held as quarantine
from channels_app.letters import incoming
from channels_app.letters.unwanted import Unwanted, check_form
from channels_app.mail import Parsed, parse
from channels_app.mail.charset import clean_line
from workspace.events import log
from workspace.events.ids import new_id
from workspace.events.log import stamp
from workspace.events.refusal import Conflict, Invalid, NotFound, Refusal, TooLarge, TooMany
from workspace.people import names
from workspace.people.models import Person, Role

logger = logging.getLogger(__name__)

MOST_OPEN = 100
MOST_MAILS = 10
MOST_BYTES = 10 * 1024 * 1024  # of one mail
MOST_BYTES_OF_ONE = 25 * 1024 * 1024  # of all mails of one stranger
MOST_BYTES_HELD = 250 * 1024 * 1024  # of all strangers, for one member
MOST_BLOCKED = 1000
MOST_FILES_SHOWN = 100
PREVIEW_LENGTH = 200
SUBJECT_LENGTH = 250
EXPIRED_AT_ONCE = 100

State = ContactRequest.State


class Full(TooMany):
    message = "There is no room for more mail from people who are not known here; try again later."


class HeldFileShape(TypedDict):
    """A file of a mail that is held: it can be had once the mail is let in."""

    name: str
    type: str
    size: int


class HeldLetterShape(TypedDict):
    subject: str
    text: str
    html: str
    files: list[HeldFileShape]
    at: str


class OpenRequestShape(RequestShape):
    """A request with its mails, the first one first."""

    letters: list[HeldLetterShape]


class BlockedShape(TypedDict):
    id: str
    email: str
    at: str


def shape(row: ContactRequest) -> RequestShape:
    return {
        "id": row.id,
        "email": row.email,
        "name": row.name,
        "subject": row.subject,
        "preview": row.preview,
        "mails": row.mails,
        "created_at": stamp(row.created_at),
        "updated_at": stamp(row.updated_at),
    }


# What comes in


@transaction.atomic
def receive(*, person: Person, mail: Arrived) -> ContactRequest:
    """Put a stranger's mail into a member's tray: into their open request when there is one.

    A mail that was there already, whatever became of it, changes nothing. Raises `Full`, `TooLarge`, and `Invalid` for
    a sender's address that nobody could be invited by.
    """
    email = names.clean_email(mail.writer)
    _lock(person)
    digest = _digest(mail, email)
    known = RequestMail.objects.select_related("request").filter(request__person=person, digest=digest).first()
    if known is not None:
        return known.request
    request = _open(person).filter(email=email).first()
    _check_room(person, request, len(mail.raw))
    request = _written(request or ContactRequest(person=person, email=email), mail)
    _keep(request, mail, digest)
    received: RequestReceived = {"request": shape(request)}
    log.append(log.Draft(person.stream, "request.received", received, origin=ORIGIN))
    return request


def _lock(person: Person) -> None:
    """What is in a tray is counted and changed by one at a time. (no_key: the row's streams come after it.)"""
    Person.objects.select_for_update(of=("self",), no_key=True).get(id=person.id)


def _open(person: Person) -> QuerySet[ContactRequest]:
    return ContactRequest.objects.filter(person=person, state=State.OPEN)


def _digest(mail: Arrived, email: str) -> str:
    """The same for a mail that is handed over again, and another for one of somebody else."""
    same = incoming.identity(mail.parsed, mail.raw)
    return blake2b(email.encode() + b"\0" + same, digest_size=20).hexdigest()


def check_size(size: int) -> None:
    """Raises `TooLarge` for a mail of more bytes than a stranger can send."""
    if size > MOST_BYTES:
        raise TooLarge(f"A first mail can have at most {MOST_BYTES // 2**20} MB; write without the files first.")


def _check_room(person: Person, request: ContactRequest | None, size: int) -> None:
    check_size(size)
    if request is not None and (request.mails >= MOST_MAILS or request.size + size > MOST_BYTES_OF_ONE):
        raise Full("Your earlier mails wait to be answered; there is no room for more of them.")
    held = _open(person).aggregate(bytes=Sum("size", default=0))["bytes"]
    if held + size > MOST_BYTES_HELD or (request is None and _open(person).count() >= MOST_OPEN):
        raise Full()


def _written(request: ContactRequest, mail: Arrived) -> ContactRequest:
    parsed = mail.parsed
    request.name = _name(parsed, request.email)
    request.subject = request.subject or clean_line(parsed.subject, SUBJECT_LENGTH)
    request.preview = clean_line(parsed.text or parsed.subject, PREVIEW_LENGTH)
    request.mails += 1
    request.size += len(mail.raw)
    request.updated_at = timezone.now()
    request.save()
    return request


def _name(parsed: Parsed, email: str) -> str:
    """What they call themselves; who has no name is called by the address."""
    try:
        return names.clean_name((parsed.from_.name if parsed.from_ else "")[: names.NAME_LIMIT])
    except Refusal:
        return email[: names.NAME_LIMIT]


def _keep(request: ContactRequest, mail: Arrived, digest: str) -> None:
    parsed = mail.parsed
    text = clean(parsed.text[: settings.TEXT_LIMIT])
    key = f"requests/{request.person.org_id}/{new_id()}.eml"
    storage.write(key, [mail.raw])
    RequestMail.objects.create(
        request=request,
        digest=digest,
        sender=mail.sender[:320],
        subject=clean_line(parsed.subject, SUBJECT_LENGTH),
        text=text,
        html=markdown.render(text) if text else "",
        files=files_shown(parsed),
        key=key,
    )


def files_shown(parsed: Parsed) -> list[HeldFileShape]:
    """The files of a mail as they are named before anybody has let it in."""
    return [
        {
            "name": uploads.clean_name(file.name),
            "type": uploads.sniff(file.content[: uploads.SNIFF_BYTES], file.name, file.type),
            "size": len(file.content),
        }
        for file in parsed.attachments[:MOST_FILES_SHOWN]
        if file.content and not file.preview
    ]


@transaction.atomic
def let_in(*, person: Person, held: int) -> ContactRequest:
    """Put a mail from quarantine into the tray of the member it was for: whose it is, is for them to decide.

    Raises as `receive`, `Forbidden`, `NotFound`, and `Invalid` for forms that fool people and for what claims to be
    from a member, who could write here themselves.
    """
    found = quarantine.locked(person, held)
    asked = Person.objects.active().select_related("org").filter(org_id=person.org_id, id=found.person).first()
    if asked is None or asked.is_guest:
        raise NotFound("The person this mail was for is not here any more.")
    mail = Arrived(quarantine.raw_of(found), found.row.user)
    try:
        check_form(mail.parsed)
    except Unwanted as unwanted:
        raise Invalid(f"This mail can't be let in: {unwanted}.") from None
    if Person.objects.active().exclude(role=Role.GUEST).filter(org_id=person.org_id, email=mail.writer).exists():
        raise Invalid("It says it is from a member, whom nobody vouches for; ask them to write here instead.")
    request = receive(person=asked, mail=mail)
    quarantine.settle(found.row, person)
    return request


# What the member says


def tray(person: Person) -> Sequence[ContactRequest]:
    """The requests that wait for an answer, the newest first. Raises `Forbidden` for guests, who have no tray."""
    access.require(person, "requests.list")
    return list(_open(person).order_by("-updated_at", "-id")[:MOST_OPEN])


def look(person: Person, request: str) -> OpenRequestShape:
    """A request with its mails. Raises `NotFound` when it is not there or not theirs, `Forbidden`."""
    access.require(person, "requests.list")
    row = _open(person).filter(id=request).first()
    if row is None:
        raise _unknown()
    return {**shape(row), "letters": [_letter(one) for one in row.letters.order_by("id")]}


def _letter(one: RequestMail) -> HeldLetterShape:
    return {"subject": one.subject, "text": one.text, "html": one.html, "files": one.files, "at": stamp(one.at)}


@transaction.atomic
def accept(*, person: Person, request: str) -> Channel:
    """Talk with a stranger: a direct conversation with them as a guest by mail, their mails as its messages.

    Raises `NotFound`, `Forbidden` (also where only admins bring guests in), and what posting raises.
    """
    row = _answered(person, request)
    channel = guests.talk(person=person, email=row.email, name=row.name)
    stranger = Person.objects.get(org_id=person.org_id, email=row.email)
    for one in row.letters.order_by("id"):
        _post(one, stranger, channel)
    _close(row, State.ACCEPTED)
    accepted: RequestAccepted = {"id": row.id, "channel": channel.id}
    log.append(log.Draft(person.stream, "request.accepted", accepted, person.id))
    return channel


def _post(one: RequestMail, stranger: Person, channel: Channel) -> None:
    raw, parsed = _read(one)
    what = incoming.posting_of(
        parsed,
        person=stranger,
        channel=channel.id,
        thread=None,
        client_id=incoming.same_id(parsed, raw, person=stranger, channel=channel.id, origin=ORIGIN),
        origin=ORIGIN,
    )
    (outcome,) = posting.post_many([replace(what, at=_when(parsed, one.at))])
    if isinstance(outcome, Refusal):
        raise outcome
    subjects.keep([(channel, outcome.message["id"], parsed.subject)])


def _read(one: RequestMail) -> tuple[bytes, Parsed]:
    """A mail again; what was shown of it when the storage has lost the rest."""
    try:
        with storage.open_file(one.key) as content:
            raw = content.read()
    except FileNotFoundError:
        return one.digest.encode(), Parsed(text=one.text, subject=one.subject)
    return raw, parse(raw)


def _when(parsed: Parsed, came: datetime) -> datetime:
    """When a mail was written, as long as that can be believed: not after it came, nor days before."""
    written = parsed.date
    return written if written is not None and came - timedelta(days=1) <= written <= came else came


@transaction.atomic
def decline(*, person: Person, request: str) -> None:
    """Let a request go; the stranger hears nothing. Raises `NotFound`, `Forbidden`."""
    row = _answered(person, request)
    _close(row, State.DECLINED)
    declined: RequestNamed = {"id": row.id}
    log.append(log.Draft(person.stream, "request.declined", declined, person.id))


@transaction.atomic
def block(*, person: Person, request: str) -> None:
    """Let a request go, and hear no more of its sender: for them there is nobody any more.

    Raises `NotFound`, `Forbidden`, `Conflict` when there are too many such addresses.
    """
    row = _answered(person, request)
    if Blocked.objects.filter(person=person).count() >= MOST_BLOCKED:
        raise Conflict(f"At most {MOST_BLOCKED:,} addresses can be blocked; unblock one first.")
    Blocked.objects.bulk_create([Blocked(person=person, email=row.email)], ignore_conflicts=True)
    _close(row, State.BLOCKED)
    blocked: RequestBlocked = {"id": row.id, "email": row.email}
    log.append(log.Draft(person.stream, "request.blocked", blocked, person.id))


@transaction.atomic
def unblock(*, person: Person, blocked: str) -> None:
    """Take mail from a blocked address (an id of `blocked_by`) again. Raises `NotFound`, `Forbidden`."""
    access.require(person, "requests.answer")
    row = Blocked.objects.filter(person=person, id=blocked).first()
    if row is None:
        raise NotFound("This address is not blocked.")
    row.delete()
    unblocked: AddressUnblocked = {"email": row.email}
    log.append(log.Draft(person.stream, "request.unblocked", unblocked, person.id))


def blocked_by(person: Person) -> list[BlockedShape]:
    """The addresses a member does not want to hear of. Raises `Forbidden` for guests."""
    access.require(person, "requests.list")
    rows = Blocked.objects.filter(person=person).order_by("email")[:MOST_BLOCKED]
    return [{"id": row.id, "email": row.email, "at": stamp(row.at)} for row in rows]


def is_blocked(person: Person, email: str) -> bool:
    return Blocked.objects.filter(person=person, email=email).exists()


def _answered(person: Person, request: str) -> ContactRequest:
    """An open request of theirs that is about to be answered: nobody else answers it at the same moment."""
    access.require(person, "requests.answer")
    _lock(person)
    row = _open(person).select_related("person").filter(id=request).first()
    if row is None:
        raise _unknown()
    return row


def _unknown() -> NotFound:
    return NotFound("There is no such request; it may have been answered.")


def _close(row: ContactRequest, state: str) -> None:
    row.state, row.updated_at = state, timezone.now()
    row.save(update_fields=["state", "updated_at"])


# What is over


def expire() -> int:
    """End requests that nobody answered, take the bytes of answered ones away, and forget old ones; how many were."""
    over = timezone.now() - timedelta(days=settings.HELD_DAYS)
    rows = ContactRequest.objects.order_by("updated_at")
    unanswered = rows.filter(state=State.OPEN, updated_at__lte=over).values_list("id", flat=True)
    ended = [_expire(id, over) for id in unanswered[:EXPIRED_AT_ONCE]]
    for one in RequestMail.objects.exclude(request__state=State.OPEN).exclude(key="")[:EXPIRED_AT_ONCE]:
        storage.path(one.key).unlink(missing_ok=True)
        one.key = ""
        one.save(update_fields=["key"])
    old = rows.exclude(state=State.OPEN).filter(updated_at__lte=over).exclude(letters__key__gt="")
    forgotten = list(old.values_list("id", flat=True)[:EXPIRED_AT_ONCE])
    ContactRequest.objects.filter(id__in=forgotten).delete()
    return sum(ended) + len(forgotten)


@transaction.atomic
def _expire(id: str, over: datetime) -> bool:
    row = ContactRequest.objects.select_related("person").get(id=id)
    _lock(row.person)
    row.refresh_from_db(fields=["state", "updated_at"])
    if row.state != State.OPEN or row.updated_at > over:
        return False
    _close(row, State.EXPIRED)
    logger.info("a request of %s to %s was never answered", row.email, row.person_id)
    declined: RequestNamed = {"id": row.id}
    log.append(log.Draft(row.person.stream, "request.declined", declined))
    return True
