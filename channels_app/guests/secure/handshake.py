"""Joining a channel by a code, as the one who invites (SecureJoin, both versions: `mail.securejoin` draws them).

Who has the code may come in, under the address they write from. An address that is somebody's here already is not
theirs for the asking: they need the key that is known of it, or a server we trust that vouches for the mail.
"""

from __future__ import annotations

import logging
import secrets

from django.conf import settings
from django.utils import timezone

from channels_app.chat import guests
from channels_app.chat.models import Channel, Seat
from channels_app.guests.models import JoinCode
from channels_app.guests.receiving.answers import Answer, Declined
from channels_app.guests.receiving.arrived import Arrived
from channels_app.guests.receiving.pace import pace
from channels_app.guests.secure import codes, keys, outbox
from channels_app.guests.secure.opening import Opened
from channels_app.mail import group, openpgp, sealed, securejoin
from channels_app.mail.autocrypt import read_autocrypt
from channels_app.mail.group import Group, Reader
from workspace.people.models import Person

log = logging.getLogger(__name__)

STEP = Answer(250, "2.0.0", "The next step is on its way.")
JOINED = Answer(250, "2.0.0", "Welcome.")
SLOWER = Answer(451, "4.7.1", "Too many people join at once; try again in a minute.")


def settle(mail: Arrived, step: securejoin.Step, channel: Channel) -> Answer:
    """Do what a mail of the handshake asks. Raises `Declined`, and as `guests.invite`."""
    if pace.is_too_fast(f"{channel.id}:join"):
        return SLOWER
    if step.name in securejoin.WITH_AUTH:
        return _join(mail, step, channel)
    code = _code(step, channel)
    if step.name == securejoin.REQUEST_PUBKEY:
        _tell_key(mail, code)
    else:
        _ask_for_secret(mail, code)
    return STEP


def _code(step: securejoin.Step, channel: Channel, *, used_too: bool = False) -> JoinCode:
    by = {"number": step.number} if step.name in securejoin.REQUESTS else {"secret": step.secret}
    rows = JoinCode.objects.filter(channel=channel) if used_too else codes.live(channel)
    found = rows.select_related("channel__org", "maker__org").filter(**by).first()
    if found is None:
        raise Declined(codes.OVER)
    return found


def _tell_key(mail: Arrived, code: JoinCode) -> None:
    """Our certificate, sealed with what only who has the code can know."""
    secret = keys.secret(code.channel)
    ours = keys.group_of(code.channel, secret)
    id = message_id()
    content = group.pubkey(ours, date=timezone.now(), message_id=id, secret=code.secret)
    password = securejoin.password(openpgp.fingerprint(ours.certificate), code.secret)
    _reply(ours, mail.writer, openpgp.seal_with(content, password, by=secret), id)


def _ask_for_secret(mail: Arrived, code: JoinCode) -> None:
    reader, secret = _reader(mail), keys.secret(code.channel)
    ours = keys.group_of(code.channel, secret)
    id = message_id()
    content = group.auth_required(ours, reader, date=timezone.now(), message_id=id)
    _reply(ours, reader.email, openpgp.seal(content, to=[reader.certificate], by=secret), id)


def _join(mail: Arrived, step: securejoin.Step, channel: Channel) -> Answer:
    """The last step; when its mail is handed over again, whoever is in already is let in again."""
    code, reader = _code(step, channel, used_too=True), _reader(mail)
    named = step.fingerprint == reader.fingerprint
    if not isinstance(mail, Opened) or not named or not _signed(mail, reader, code.channel):
        raise Declined("This is not signed with the key it names.")
    person = _whose(mail.around, reader, code)
    seat = Seat.objects.filter(membership__channel=code.channel, membership__person=person).first() if person else None
    if person is not None and seat is not None and person.active:
        keys.remember(person, reader)
        guests.encrypt(guest=person)
        _welcome_back(reader, code.channel)
        return JOINED
    codes.used(code)
    name = mail.parsed.from_.name if mail.parsed.from_ else ""
    seat = guests.invite(person=code.maker, channel=code.channel_id, email=reader.email, name=name)
    keys.remember(seat.membership.person, reader)
    guests.encrypt(guest=seat.membership.person)
    log.info("%s joined %s by a code of %s", reader.email, code.channel_id, code.maker_id)
    return JOINED


def _reader(mail: Arrived) -> Reader:
    """Whoever writes, with the certificate their mail brings."""
    told = read_autocrypt(mail.headers)
    if told is None or told.email != mail.writer:
        raise Declined("This brings no key of its sender.")
    try:
        return Reader(told.email, told.certificate, openpgp.fingerprint(told.certificate))
    except ValueError:
        raise Declined("This brings a key that can't be read.") from None


def _signed(mail: Opened, reader: Reader, channel: Channel) -> bool:
    content = sealed.unwrap(mail.around.raw)
    assert content is not None
    again = openpgp.unseal(content, secret=keys.secret(channel), certificates=[reader.certificate])
    return again.signer is not None


def _whose(around: Arrived, reader: Reader, code: JoinCode) -> Person | None:
    """Who has the address here, if it is somebody's. Raises `Declined` when nothing shows that they write."""
    if around.vouched == "fail":
        raise Declined("The domain in From says that this mail does not come from there (DMARC).")
    person = Person.objects.filter(org=code.channel.org_id, email__iexact=reader.email).first()
    if person is None:
        return None
    if person.active and not person.is_guest:
        raise Declined("This is the address of a member, who has an account here.")
    known = keys.of(person)
    if around.vouched != "pass" and (known is None or known.fingerprint != reader.fingerprint):
        raise Declined("Somebody with this address took part already, with another key or none.")
    return person


def _welcome_back(reader: Reader, channel: Channel) -> None:
    """Who is in the channel already gets no `guest.joined`, whose mail is the last step for everybody else."""
    secret = keys.secret(channel)
    ours, id = keys.group_of(channel, secret), message_id()
    content = group.member_added(ours, reader, date=timezone.now(), message_id=id)
    _reply(ours, reader.email, openpgp.seal(content, to=[reader.certificate], by=secret), id)


def _reply(ours: Group, to: str, content: bytes, id: str) -> None:
    outbox.put(
        sender=ours.address,
        to=to,
        content=sealed.wrap(content, sender=ours.address, date=timezone.now(), message_id=id),
    )


def message_id() -> str:
    """For mails that nothing here is told of."""
    return f"<{secrets.token_urlsafe(16)}@{settings.MAIL_DOMAIN}>"
