"""Channels as folders of a real Dovecot, both ways."""

from __future__ import annotations

import pytest
from imapclient.exceptions import IMAPClientError

from channels_app.chat import channels, members, messages
from channels_app.chat.models import Message
from channels_app.mail import parse
from channels_app.mirror import inwards
from channels_app.mirror.models import Arrival, Copy, Folder, Quarantined
from tests.cast import Cast
from tests.mirror.conftest import MailProgram, carry, raw_mail
from workspace.signin.app_passwords import mailbox_name

# One worker for all of them: the server has one file of app passwords.
pytestmark = pytest.mark.xdist_group("dovecot")


def _folder(cast: Cast) -> str:
    return f"Channels/{cast.acme.slug}/general"


def _texts(client: object, name: str) -> list[str]:
    from imapclient import IMAPClient

    assert isinstance(client, IMAPClient)
    client.select_folder(name, readonly=True)
    uids = sorted(client.search())
    rows = client.fetch(uids, ["BODY.PEEK[]"]) if uids else {}
    return [parse(rows[uid][b"BODY[]"]).text for uid in uids]


def test_bob_reads_the_channel_in_his_mail_program(cast: Cast, program: MailProgram) -> None:
    for text in ("one", "two", "three"):
        messages.post(person=cast.alice, channel=cast.general.id, text=text)
    carry()
    assert _texts(program(cast.bob), _folder(cast)) == ["one", "two", "three"]


def test_an_edit_replaces_the_mail_and_a_delete_removes_it(cast: Cast, program: MailProgram) -> None:
    first = messages.post(person=cast.alice, channel=cast.general.id, text="frist").message
    second = messages.post(person=cast.alice, channel=cast.general.id, text="second").message
    carry()
    messages.edit(person=cast.alice, message=first["id"], text="first")
    messages.delete(person=cast.alice, message=second["id"])
    carry()
    assert _texts(program(cast.bob), _folder(cast)) == ["first"]


def test_carrying_twice_appends_nothing_twice(cast: Cast, program: MailProgram) -> None:
    messages.post(person=cast.alice, channel=cast.general.id, text="once")
    carry()
    # As if the worker had been killed after the append and before its transaction ended.
    Copy.objects.all().delete()
    Folder.objects.update(uidnext=1)
    cast.general.refresh_from_db()
    inwards.heal(cast.general.id)
    carry()
    assert _texts(program(cast.bob), _folder(cast)) == ["once"]


def test_only_members_see_a_private_channel_and_nobody_its_log(cast: Cast, program: MailProgram) -> None:
    messages.post(person=cast.alice, channel=cast.secret.id, text="hush")
    carry()
    secret = f"Channels/{cast.acme.slug}/secret"
    assert _texts(program(cast.bob), secret) == ["hush"]
    for person in (cast.amy, cast.dana, cast.charlie):
        with pytest.raises(IMAPClientError):
            program(person).select_folder(secret)
    with pytest.raises(IMAPClientError):
        program(cast.bob).select_folder(f"{secret}/Log")


def test_who_leaves_loses_the_folder(cast: Cast, program: MailProgram) -> None:
    carry()
    members.remove(person=cast.alice, channel=cast.secret.id, member=cast.bob.id)
    carry()
    with pytest.raises(IMAPClientError):
        program(cast.bob).select_folder(f"Channels/{cast.acme.slug}/secret")


def test_a_renamed_channel_is_a_renamed_folder(cast: Cast, program: MailProgram) -> None:
    messages.post(person=cast.alice, channel=cast.general.id, text="stays")
    carry()
    channels.change(person=cast.alice, channel=cast.general.id, name="lobby")
    carry()
    assert _texts(program(cast.bob), f"Channels/{cast.acme.slug}/lobby") == ["stays"]


def test_what_bob_appends_is_a_post_in_the_thread_it_answers(cast: Cast, program: MailProgram) -> None:
    root = messages.post(person=cast.alice, channel=cast.general.id, text="Lunch?").message
    carry()
    client = program(cast.bob)
    answered = f"<chat$group.{cast.general.id}.{root['id']}@roost.localhost>"
    mail = raw_mail(cast.bob, "Yes.\r\n\r\n> Lunch?\r\n", Message_ID="<a1@b.test>", In_Reply_To=answered)
    client.append(_folder(cast), mail)
    inwards.pull(cast.general.id)
    inwards.pull(cast.general.id)
    posted = Message.objects.get(channel=cast.general, origin="imap")
    assert (posted.text, posted.thread_id, posted.author_id) == ("Yes.", root["id"], cast.bob.id)
    assert posted.quoted and "Lunch?" in posted.quoted
    carry()
    assert len(_texts(client, _folder(cast))) == 2


def test_a_mail_in_anothers_name_goes_to_quarantine(cast: Cast, program: MailProgram) -> None:
    carry()
    client = program(cast.bob)
    client.append(_folder(cast), raw_mail(cast.alice, "I am Alice", Message_ID="<a2@b.test>"))
    folder = Folder.objects.get(channel=cast.general, kind="posts")
    user = mailbox_name(cast.bob)
    Arrival.objects.create(folder_name=folder.name, uidvalidity=folder.uidvalidity, uid=folder.uidnext, user=user)
    client.append(_folder(cast), raw_mail(cast.charlie, "I am nobody here", Message_ID="<a3@b.test>"))
    inwards.pull(cast.general.id)
    assert not Message.objects.filter(channel=cast.general).exists()
    assert {row.sender for row in Quarantined.objects.filter(channel=cast.general)} == {
        "alice@a.test",
        "charlie@c.test",
    }
    assert _texts(client, _folder(cast)) == []


def test_what_was_expunged_by_hand_comes_back(cast: Cast, program: MailProgram) -> None:
    for text in ("one", "two"):
        messages.post(person=cast.alice, channel=cast.general.id, text=text)
    carry()
    client = program(cast.bob)
    client.select_folder(_folder(cast))
    client.delete_messages(client.search())
    client.expunge()
    inwards.heal(cast.general.id)
    assert _texts(client, _folder(cast)) == ["one", "two"]
