"""Who may say what: a mail is the other server's by its address and its key, and it speaks for its own people alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import Settings

from channels_app.chat import guests, members, sharing
from channels_app.chat.models import Message, Seat, Share, Visitor
from channels_app.guests.sending import signing
from channels_app.guests.sharing import keys
from channels_app.guests.sharing.notes import Ready
from channels_app.letters.models import Quarantined
from channels_app.letters.outgoing import own_id
from channels_app.mail import dkim
from tests.sharing.servers import Server, exchange
from workspace.events.refusal import Conflict, Forbidden, Invalid, NotFound
from workspace.people import persons
from workspace.people.models import Person, Role

Pair = tuple[Server, Server]


def _unsigned(mail: Ready) -> bytes:
    """Without the signature on top."""
    raw = mail.mail
    assert raw.startswith(b"DKIM-Signature:")
    return raw[raw.index(b"\r\nFrom:") + 2 :]


def _signed_by(server: Server, raw: bytes) -> bytes:
    with server.on():
        return signing.signed(raw)


def _next(server: Server, text: str) -> Ready:
    server.say(text)
    return server.carry()[-1]


def test_a_mail_without_the_key_is_refused(pair: Pair, tmp_path: Path) -> None:
    acme, beta = pair
    mail = _next(acme, "Hello")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    stranger = Server("Acme", elsewhere)  # the domain's name, but another key
    for raw in (
        _unsigned(mail),
        _signed_by(stranger, _unsigned(mail)),
        _signed_by(beta, _unsigned(mail)),
        mail.mail.replace(b"Hello", b"Hullo"),
        b"Roost-Author: beta.owner\r\n" + mail.mail,
        mail.mail.replace(b"Subject:", b"Roost-Kind: message.deleted\r\nSubject:"),
    ):
        assert beta.take(replace(mail, mail=raw)).code == 550
    assert beta.texts() == []
    assert beta.take(mail).code == 250
    assert beta.texts() == ["Hello"]


def test_only_the_address_of_the_share_takes_its_mail(pair: Pair) -> None:
    acme, beta = pair
    mail = _next(acme, "Hello")
    for to in (beta.address, mail.to.replace("+s", "+r"), mail.to[:-30] + "q" + mail.to[-29:], acme.share.address):
        if to != mail.to:
            assert beta.take(replace(mail, to=to)).code == 550
    assert beta.texts() == []


def test_a_key_that_the_dns_has_instead_is_believed(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    acme, beta = pair
    mail = _next(acme, "under a new key")
    pem = dkim.new_key()
    renewed = dkim.read_key(pem, selector="later", domain="acme.example")
    raw = replace(mail, mail=dkim.sign(_unsigned(mail), renewed))
    assert beta.take(raw).code == 550
    records = {"later._domainkey.acme.example": renewed.record}
    monkeypatch.setattr(keys, "lookup", records.get)
    assert beta.take(raw).code == 250
    assert beta.texts() == ["under a new key"] and beta.share.selector == "later"


def test_an_offer_that_the_dns_contradicts_is_refused(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, beta = Server("Acme", tmp_path), Server("Beta", tmp_path)
    acme.create()
    acme.offer(beta.address)
    (mail,) = acme.carry()
    other = dkim.read_key(dkim.new_key(), selector="roost", domain="acme.example")
    monkeypatch.setattr(keys, "lookup", lambda name: other.record)
    assert beta.take(mail).code == 550
    with acme.on():
        own = signing.key()
    monkeypatch.setattr(keys, "lookup", lambda name: own.record)
    assert beta.take(mail).code == 250 == beta.take(mail).code
    with beta.on():
        (pending,) = sharing.pending(beta.org)
    assert pending.offer["name"] == "project" and pending.domain == f"{acme.org.slug}.acme.example"


def test_an_offer_from_another_domain_than_it_says_is_refused(db: None, tmp_path: Path) -> None:
    acme, beta, charlie = (Server(name, tmp_path) for name in ("Acme", "Beta", "Charlie"))
    acme.create()
    acme.offer(beta.address)
    (mail,) = acme.carry()
    with charlie.on():
        told = str(keys.own())
    forged = _signed_by(charlie, _unsigned(mail))
    assert beta.take(replace(mail, mail=forged)).code == 550
    with acme.on():
        real = str(keys.own())
    forged = _signed_by(charlie, _unsigned(mail).replace(real.encode(), told.encode()))
    assert beta.take(replace(mail, mail=forged)).code == 550
    assert not Share.objects.filter(org=beta.org).exists()


def test_a_third_organization_can_not_take_the_offer(db: None, tmp_path: Path) -> None:
    acme, beta, charlie = (Server(name, tmp_path) for name in ("Acme", "Beta", "Charlie"))
    acme.create()
    acme.offer(beta.address)
    (mail,) = acme.carry()
    charlie.take(replace(mail, to=charlie.address))  # somebody passes it on
    charlie.approve()
    (taken, *_) = charlie.carry()
    assert acme.take(taken).code == 550
    assert acme.share.state == Share.State.OFFERED


def _as(server: Server, mail: Ready, *changes: tuple[str, str]) -> Ready:
    """What a server that does not keep to the rules would send."""
    raw = _unsigned(mail)
    for old, new in changes:
        assert old.encode() in raw, old
        raw = raw.replace(old.encode(), new.encode())
    return replace(mail, mail=_signed_by(server, raw))


def test_a_server_changes_what_its_own_people_wrote_and_nothing_else(pair: Pair) -> None:
    acme, beta = pair
    mine = beta.say("of Beta")
    exchange(*pair)
    theirs = acme.say("of Acme")
    exchange(*pair)
    acme.delete(theirs)
    (mail,) = [one for one in acme.carry() if b"message.deleted" in one.mail]
    with beta.on():
        target = own_id(beta.channel.id, mine)
    with acme.on():
        old = own_id(acme.channel.id, theirs)
    assert beta.take(_as(acme, mail, (old, target))).code == 250
    assert "of Beta" in beta.texts()
    assert Quarantined.objects.get(org=beta.org).why == "changes a message of somebody else"


def test_nobody_here_is_spoken_for(pair: Pair) -> None:
    acme, beta = pair
    with beta.on():
        there = persons.add(org=beta.org, email=f"nina@{beta.share.domain}", name="Nina", role=Role.MEMBER)
    with acme.on():
        nina = persons.add(org=acme.org, email="nina@acme.test", name="Nina")
        members.add(person=acme.owner, channel=acme.channel.id, people=[nina.id])
    acme.say("I am Nina", by=nina)
    exchange(*pair)
    author = Message.objects.get(channel=beta.channel, text="I am Nina").author
    assert author != there and author.is_guest and author.name == f"Nina ({acme.org.name})"
    assert (
        Visitor.objects.filter(person=author).exists() and not Seat.objects.filter(membership__person=author).exists()
    )
    with beta.on(), pytest.raises(Conflict):
        guests.invite(person=beta.owner, channel=beta.channel.id, email=author.email)


def test_who_was_deactivated_is_not_heard(pair: Pair) -> None:
    acme, beta = pair
    acme.say("one")
    exchange(*pair)
    visitor = Message.objects.get(channel=beta.channel, text="one").author
    with beta.on():
        persons.change(person=visitor, by=beta.owner, active=False)
    acme.say("two")
    acme.say("three", by=acme.owner)
    exchange(*pair)
    assert beta.texts() == ["one", "three"]


def test_an_ended_share_takes_nothing_in(pair: Pair) -> None:
    acme, beta = pair
    mail = _next(acme, "too late")
    beta.end()
    assert beta.take(mail).code == 550 and beta.texts() == []
    exchange(*pair)
    assert acme.share.state == Share.State.ENDED


def test_a_name_that_is_ours_is_not_theirs(db: None, tmp_path: Path) -> None:
    acme, beta = Server("Acme", tmp_path), Server("Beta", tmp_path)
    type(acme.org).objects.filter(id=acme.org.id).update(name=beta.org.name)
    acme.org.refresh_from_db()
    acme.create()
    acme.offer(beta.address)
    beta.take(acme.carry()[-1])
    assert beta.share.org_name == beta.share.domain


def test_who_may_share(pair: Pair) -> None:
    acme, beta = pair
    with acme.on():
        with pytest.raises(Forbidden):
            sharing.end(person=acme.member, channel=acme.channel.id, share=acme.share.id)
        with pytest.raises(NotFound):
            sharing.end(person=beta.owner, channel=acme.channel.id, share=acme.share.id)
        with pytest.raises(Forbidden):
            sharing.offer(person=acme.member, channel=acme.channel.id, address="x@c.test")
        with pytest.raises(Conflict):
            sharing.offer(person=acme.owner, channel=acme.channel.id, address="x@c.test")
        with pytest.raises(NotFound):
            sharing.approve(person=acme.owner, share=beta.share.id, name="theirs")
        acme.create("another")
        with pytest.raises(Invalid):
            sharing.offer(person=acme.owner, channel=acme.channel.id, address=acme.address)


def test_whoever_has_only_mail_answers_and_is_a_guest(db: None, tmp_path: Path) -> None:
    acme = Server("Acme", tmp_path)
    acme.create()
    acme.offer("dana@d.test")
    (offer,) = acme.carry()
    assert offer.to == "dana@d.test" and b"invites you to share" in offer.mail
    answer = (
        b"From: Dana <dana@d.test>\r\nTo: <" + offer.sender.encode() + b">\r\nSubject: Re: project\r\n"
        b"Message-ID: <1@d.test>\r\n\r\nGladly!\r\n"
    )
    stranger = answer.replace(b"dana@d.test>", b"eve@e.test>")
    assert acme.take(Ready("eve@e.test", offer.sender, stranger)).code == 550
    assert acme.take(Ready("dana@d.test", offer.sender, answer)).code == 250
    assert acme.take(Ready("dana@d.test", offer.sender, answer)).code == 250
    assert acme.texts() == ["Gladly!"]
    dana = Person.objects.get(org=acme.org, email="dana@d.test")
    assert Seat.objects.get(membership__channel=acme.channel).membership.person == dana
    assert (acme.share.state, acme.share.why) == (Share.State.ENDED, "They take part by mail.")
    assert acme.carry() == []


def test_an_answer_that_is_not_believed_brings_nobody_in(db: None, tmp_path: Path, settings: Settings) -> None:
    acme = Server("Acme", tmp_path)
    acme.create()
    acme.offer("dana@d.test")
    (offer,) = acme.carry()
    settings.TRUSTED_AUTHSERV = ["mx.acme.test"]

    def answer(*headers: str) -> int:
        lines = ("From: Dana <dana@d.test>", "Subject: Re: project", *headers, "", "Gladly!", "")
        return acme.take(Ready("dana@d.test", offer.sender, "\r\n".join(lines).encode())).code

    said = "Authentication-Results: mx.acme.test;"
    assert answer("Message-ID: <1@d.test>", f"{said} dmarc=fail header.from=d.test") == 550
    assert answer("Message-ID: <2@d.test>", f"{said} spf=softfail smtp.mailfrom=dana@d.test") == 250
    assert answer("Message-ID: <3@d.test>", "Auto-Submitted: auto-replied") == 250
    assert Quarantined.objects.get().stream == acme.channel.stream
    assert acme.share.state == Share.State.OFFERED and acme.texts() == []
    assert not Person.objects.filter(org=acme.org, email="dana@d.test").exists()
    assert answer("Message-ID: <4@d.test>") == 250 and acme.texts() == ["Gladly!"]
