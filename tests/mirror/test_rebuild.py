"""An empty database is filled from the folders alone, and the API shows the same as before."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.management.commands.flush import Command as Flush
from PIL import Image
from pytest_django import Settings

from channels_app.chat import (
    channels,
    guest_links,
    guests,
    members,
    messages,
    pins,
    reactions,
    reads,
    sharing,
    visitors,
)
from channels_app.chat.models import Message, Share, Visitor
from channels_app.files import uploads
from channels_app.mirror import healing, sweeping
from channels_app.mirror.imap import Mailbox
from channels_app.mirror.models import Copy
from tests.cast import Cast
from tests.mirror.conftest import MailProgram, carry, folder, pull, raw_mail, texts
from tests.mirror.digest import differences, digest
from workspace.events.models import Lane
from workspace.people import organizations, persons
from workspace.people.models import Organization, Person

pytestmark = pytest.mark.xdist_group("dovecot")


def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "PNG")
    return out.getvalue()


def _talk(cast: Cast) -> None:
    """A conversation with a bit of everything."""
    general, alice, bob = cast.general.id, cast.alice, cast.bob
    first = messages.post(
        person=alice, channel=general, text="**Hello** @bob and @channel, see `code`\n\n- a\n- b"
    ).message
    answer = messages.post(
        person=bob, channel=general, text="Hi!", thread=first["id"], client_id="from the web"
    ).message
    messages.post(person=cast.dana, channel=general, text="me too", thread=first["id"], also_to_channel=True)
    gone = messages.post(person=bob, channel=general, text="secret of @alice").message
    messages.edit(person=bob, message=gone["id"], text="another secret")
    reactions.add(person=alice, message=gone["id"], emoji="👀")
    messages.delete(person=bob, message=gone["id"])
    messages.edit(person=alice, message=first["id"], text="Hello @bob, @amy")
    messages.edit(person=alice, message=first["id"], text="Hello *all*  \nof you  ")
    for who, emoji in ((bob, "👍"), (alice, "👍"), (bob, "🎉"), (cast.amy, "👍")):
        reactions.add(person=who, message=first["id"], emoji=emoji)
    reactions.remove(person=alice, message=first["id"], emoji="👍")
    pins.pin(person=bob, message=answer["id"])
    pins.pin(person=bob, message=first["id"])
    pins.unpin(person=alice, message=answer["id"])
    files = [
        uploads.store(uploader=bob, name="grün.png", chunks=[_picture()]),
        uploads.store(uploader=bob, name="notes.txt", chunks=[b"From here\r\nto\0there"], declared_type="text/x-notes"),
    ]
    messages.post(person=bob, channel=general, text="", files=[file.id for file in files])
    messages.post(person=alice, channel=general, text="```python\nprint('<&>')\n```\n\n| a | b |\n|:-:|--:|\n| 1 | 2 |")
    messages.post(person=alice, channel=general, text="  spaces  stay  \n\n\n\nand lines — ünïcödé 🎈 " + "x" * 2000)
    messages.post(person=alice, channel=general, text="</body></html>\n--=_a\nContent-Type: text/html; charset=utf-8")


def _more(cast: Cast) -> None:
    """People and channels that come, change and go."""
    talk, _ = channels.direct(person=cast.alice, members=[cast.bob.id])
    messages.post(person=cast.bob, channel=talk.id, text="psst @alice")
    channels.direct(person=cast.bob, members=[])
    later = persons.add(org=cast.acme, email="eve@a.test", name="Eve", by=cast.alice)
    members.add(person=cast.alice, channel=cast.secret.id, people=[later.id, cast.amy.id])
    members.remove(person=cast.alice, channel=cast.secret.id, member=cast.amy.id)
    messages.post(person=later, channel=cast.secret.id, text="I am Eve")
    channels.change(person=cast.alice, channel=cast.secret.id, name="größe", topic="How *large*?")
    persons.change(person=later, by=cast.alice, name="Eve Renamed")
    persons.change(person=cast.amy, by=cast.alice, active=False)
    old = channels.create(person=cast.bob, name="old", kind="announcement", topic="was")
    messages.post(person=cast.bob, channel=old.id, text="kept")
    channels.archive(person=cast.bob, channel=old.id)
    dead = channels.create(person=cast.alice, name="dead", kind="public")
    messages.post(person=cast.alice, channel=dead.id, text="gone")
    channels.delete(person=cast.alice, channel=dead.id)
    channels.create(person=cast.charlie, name="elsewhere", kind="private")


def _guests(cast: Cast) -> None:
    """People who take part by mail: one stays, one goes, one is away for a while."""
    general = cast.general.id
    for name in ("gus", "hal", "ina"):
        guests.invite(person=cast.bob, channel=general, email=f"{name}@g.test", name=name.title())
    gus, hal, ina = (Person.objects.get(org=cast.acme, email=f"{name}@g.test") for name in ("gus", "hal", "ina"))
    guests.change(person=cast.bob, channel=general, guest=gus.id, expires_at=datetime(2100, 1, 1, tzinfo=UTC))
    guests.choose(guest=gus, channel=general, delivery="daily")
    guests.encrypt(guest=gus)
    by_mail: dict[str, Any] = {"channel": general, "origin": "mail", "quoted": "On Monday Bob wrote:\n> hm"}
    file = uploads.store(uploader=hal, name="plan.txt", chunks=[b"a plan"]).id
    first = messages.post(
        person=hal, text="Mine\n\n> is no quote\n\n-- \nnor this", external_id="<h1@h.test>", files=[file], **by_mail
    ).message["id"]
    messages.post(person=cast.bob, channel=general, text="an answer", thread=first)
    edited = messages.post(person=gus, text="first", thread=first, external_id="<g1@g.test>", **by_mail).message["id"]
    messages.edit(person=gus, message=edited, text="> second", origin="mail")
    guests.leave(guest=hal, channel=general)
    until = datetime(2100, 1, 1, tzinfo=UTC)
    link = guest_links.make(person=cast.bob, channel=general, most=9, expires_at=until)
    ended = guest_links.make(person=cast.bob, channel=cast.secret.id)
    for one, email in ((link, "joe@j.test"), (link, "kim@k.test"), (ended, "lou@l.test")):
        guest_links.ask(link=one.id, email=email, name=email[:3])
    asked = guest_links.waiting(cast.alice, limit=1)
    guest_links.approve(person=cast.alice, request=asked[0].id)
    guest_links.revoke(person=cast.alice, link=ended.id)
    organizations.change(org=cast.acme, by=cast.alice, guest_invites="admins")
    for active in (False, True):
        persons.change(person=ina, by=cast.alice, active=active)


def _privately(cast: Cast) -> None:
    """What only one person sees."""
    general = cast.general.id
    some = messages.post(person=cast.alice, channel=general, text="read until here").message
    messages.post(person=cast.alice, channel=general, text="not read @bob")
    reads.read(person=cast.bob, channel=general, seq=some["seq"])
    pins.save(person=cast.bob, message=some["id"])
    members.mute(person=cast.bob, channel=general, muted=True)
    reads.set_draft(person=cast.bob, channel=general, typed="half a thou", thread="")
    persons.change_settings(person=cast.bob, settings={"theme": "dark"})


def _by_mail(cast: Cast, program: MailProgram) -> None:
    client = program(cast.bob)
    name = f"Channels/{cast.acme.slug}/general"
    client.append(
        name, raw_mail(cast.bob, "By mail\r\n\r\n> quoted\r\n", Message_ID="<r1@b.test>", In_Reply_To="<x@y>")
    )
    html = b"From: bob@a.test\r\nContent-Type: text/html\r\nMessage-ID: <r2@b.test>\r\n\r\n<p>Rich <b>mail</b></p>\r\n"
    client.append(name, html)
    attached = (
        b"From: bob@a.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nlook\r\n"
        b'--x\r\nContent-Type: application/pdf; name="a.pdf"\r\n\r\n%PDF-1.4\r\n--x--\r\n'
    )
    client.append(name, attached)
    client.append(name, raw_mail(cast.bob, "to be edited", Message_ID="<r3@b.test>"))
    client.append(name, raw_mail(cast.bob, "to be deleted", Message_ID="<r4@b.test>"))
    pull(cast.general)
    edited = Message.objects.get(external_id="<r3@b.test>")
    messages.edit(person=cast.bob, message=edited.id, text="edited")
    messages.delete(person=cast.bob, message=Message.objects.get(external_id="<r4@b.test>").id)
    messages.post(person=cast.alice, channel=cast.general.id, text="an answer", thread=edited.id)


def _wipe() -> None:
    call_command(Flush(), interactive=False, verbosity=0)
    assert not Organization.objects.exists()


def test_everything_comes_back(
    cast: Cast, program: MailProgram, server: Mailbox, capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    settings.SMTP_URL = "smtp://127.0.0.1:1"  # without one the API says that guests' mail waits
    _talk(cast)
    _more(cast)
    _guests(cast)
    _privately(cast)
    carry()
    _by_mail(cast, program)
    carry()
    before = digest()
    mails = sorted(texts(server, folder(cast.general).name))
    _wipe()
    call_command("rebuild", from_imap=True, json=True)
    counts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert counts["lost"] == 0 and counts["skipped"] == []
    assert not "\n".join(differences(before, digest()))
    # The mirror goes on where it was: nothing is written twice, nothing is missing.
    for stream in sweeping.sweep().heal:
        healing.heal(stream)
    carry()
    assert sorted(texts(server, folder(cast.general).name)) == mails
    assert Copy.objects.filter(folder=folder(cast.general)).count() == len(mails)
    messages.post(person=Person.objects.get(id=cast.alice.id), channel=cast.general.id, text="and on it goes")
    carry()
    assert sorted(texts(server, folder(cast.general).name)) == sorted([*mails, "and on it goes"])


def test_a_shared_channel_stays_shared(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    peer = sharing.Peer("roost+s@beta.b.test", "Beta", "beta.b.test", "b.test", "roost", "v=DKIM1; p=x", "C" * 16)
    share = sharing.offer(person=cast.alice, channel=cast.general.id, address="roost@beta.b.test")
    sharing.accepted(share=share, peer=peer)
    bea = visitors.enter(share=share, handle="bea", name="Bea")
    theirs = "<chat$group.CCCCCCCCCCCCCCCC.BBBBBBBBBBBBBBBB@b.test>"
    by_share: dict[str, Any] = {"channel": cast.general.id, "origin": "share", "external_id": theirs}
    message = messages.post(person=bea, text="From *Beta*", **by_share).message["id"]
    messages.edit(person=bea, message=message, text="From **Beta**", origin="share")
    messages.post(person=cast.bob, channel=cast.general.id, text="an answer", thread=message)
    carry()
    before = digest()
    _wipe()
    call_command("rebuild", from_imap=True, json=True)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["lost"] == 0
    assert not "\n".join(differences(before, digest()))
    after = Share.objects.get(id=share.id)
    known = ("code", "state", "address", "domain", "signer", "record", "peer_channel", "start", "channel_id", "by_id")
    assert [getattr(after, name) for name in known] == [getattr(share, name) for name in known]
    assert after.epoch > share.epoch and after.peer_epoch == "" and after.due is not None
    visitor = Visitor.objects.get(org=cast.acme.id)
    assert (visitor.person_id, visitor.domain, visitor.handle) == (bea.id, "beta.b.test", "bea")
    assert Message.objects.get(id=message).external_id == theirs
    assert Lane.objects.get(subscriber=sharing.lane_of(share.id)).stream_id == cast.general.stream


def test_what_is_lost_is_named_and_the_rest_comes_back(
    cast: Cast, server: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    for n in range(3):
        messages.post(person=cast.alice, channel=cast.general.id, text=f"m{n}")
    carry()
    server.select(folder(cast.general).name)
    server.expunge([2])
    server.unselect()
    _wipe()
    call_command("rebuild", from_imap=True, json=True)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["lost"] == 1
    assert list(Message.objects.order_by("seq").values_list("text", flat=True)) == ["m0", "m2"]
    with pytest.raises(CommandError):
        call_command("rebuild", from_imap=True)
    with pytest.raises(CommandError):
        call_command("rebuild")
