"""The bed itself: mail passes between providers and to Roost, meets what it is told to, and waits where it should."""

from __future__ import annotations

import smtplib

import pytest

from channels_app.chat import guests
from channels_app.chat.models import Message
from channels_app.guests import addresses
from tests.bed.bed import Bed
from tests.bed.providers import Attached
from tests.cast import Cast
from tests.operate.house import until

pytestmark = [pytest.mark.xdist_group("bed")]


def test_mail_passes_between_providers(bed: Bed) -> None:
    carl, dora = bed.provider("a.test").account("carl"), bed.provider("b.test").account("dora@b.test")
    id = carl.send(dora.address, "Grüße", subject="Hallo", files=[Attached("a.txt", b"x", "text/plain")])
    (mail,) = dora.gets(1)
    assert (mail.sender, mail.text, mail.mail["Message-ID"]) == ("carl@a.test", "Grüße", id)
    assert [one.to for one in bed.mta.seen] == ["dora@b.test"] and not carl.inbox()


def test_what_a_mail_meets(bed: Bed) -> None:
    carl, eve = bed.provider("a.test").account("carl"), bed.provider("b.test").account("eve")
    bed.mta.refuse(eve.address, "550 5.1.1 No such user", times=1)
    with pytest.raises(smtplib.SMTPDataError, match="No such user"):
        carl.send(eve.address, "refused")
    bed.mta.die(eve.address)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        carl.send(eve.address, "cut off")
    bed.mta.die(eve.address, after=True)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        carl.send(eve.address, "taken")
    assert [one.answered for one in bed.mta.of(eve.address)] == [False]
    bed.mta.drop(eve.address, times=1)
    carl.send(eve.address, "lost")
    bed.mta.double(eve.address, times=1)
    carl.send(eve.address, "twice")
    assert [one.text for one in eve.gets(3)] == ["taken", "twice", "twice"]


def test_what_nobody_takes_yet_waits(bed: Bed) -> None:
    carl, fay = bed.provider("a.test").account("carl"), bed.provider("c.test").account("fay")
    bed.provider("c.test").is_down()
    carl.send(fay.address, "patience")
    assert bed.mta.waiting == 1
    bed.provider("c.test").is_back()
    assert [one.text for one in fay.gets(1)] == ["patience"]
    until(lambda: not bed.mta.waiting)


def test_who_was_refused_beside_others_is_reported(bed: Bed) -> None:
    ann, ben = bed.provider("a.test").account("ann"), bed.provider("b.test").account("ben")
    bed.mta.refuse("nobody@b.test", "550 5.1.1 No such user")
    ann.send([ben.address, "nobody@b.test"], "Hello both")
    assert [one.text for one in ben.gets(1)] == ["Hello both"]
    (report,) = ann.gets(1)
    assert report.sender == "" and b"Final-Recipient: rfc822; nobody@b.test" in report.raw


@pytest.mark.usefixtures("roost")
def test_roost_is_in_it(bed: Bed, cast: Cast) -> None:
    gus = bed.provider("b.test").account("gus")
    guest = guests.invite(person=cast.bob, channel=cast.general.id, email=gus.address).membership.person
    (welcome,) = gus.gets(1)
    assert welcome.sender == addresses.bounce_to(cast.general, guest.id)
    gus.send(str(welcome.mail["Reply-To"]), "Good morning")
    assert Message.objects.get(channel=cast.general).text == "Good morning"
    with pytest.raises(smtplib.SMTPDataError, match="take part"):
        bed.provider("b.test").account("mallory").send(addresses.channel_address(cast.general), "Let me in")
