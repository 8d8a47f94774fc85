"""Delta Chat, as it is and as it comes, by a code that it scans: encrypted, and with all that a channel has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deltachat_rpc_client import Chat
from deltachat_rpc_client.const import ViewType

from channels_app.chat import channels, guests, members, messages, pins, reactions
from channels_app.chat.models import Attachment, Message, Reaction, Seat
from channels_app.files import uploads
from channels_app.guests.models import GuestKey
from channels_app.guests.secure import codes
from channels_app.letters.models import Quarantined
from tests.bed.bed import Bed
from tests.bed.phone import Phone, running_phone
from tests.cast import Cast
from tests.operate.house import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("bed"), pytest.mark.usefixtures("roost")]

SOUND = b"OggS\x00\x02" + bytes(20) + b"\x01\x13OpusHead\x01\x01" + bytes(200)


@pytest.fixture
def phone(bed: Bed, roost: None, tmp_path: Path) -> Iterator[Phone]:
    """Gus has Delta Chat with its default settings."""
    account = bed.provider("b.test").account("gus")
    account.clear()
    with running_phone(account, tmp_path) as phone:
        yield phone


@pytest.fixture
def chat(cast: Cast, phone: Phone) -> Chat:
    """#general, joined by a code of Bob's."""
    return _join(cast, phone)


def _join(cast: Cast, phone: Phone, *, version: int = 3) -> Chat:
    text = codes.said_by(codes.make(person=cast.bob, channel=cast.general.id)).text
    return _scan(phone, text if version == 3 else text.replace("v=3&", ""))


def _scan(phone: Phone, text: str) -> Chat:
    chat = phone.profile.secure_join(text)
    until(lambda: chat.get_full_snapshot().self_in_group and chat.can_send(), 20)
    return chat


def _say(cast: Cast, text: str, who: str = "bob", *, thread: str | None = None, files: Any = ()) -> str:
    said = messages.post(person=cast.named(who), channel=cast.general.id, text=text, thread=thread, files=files)
    return said.message["id"]


def _file(cast: Cast, name: str, content: bytes, type: str) -> str:
    return uploads.store(uploader=cast.bob, name=name, chunks=[content], declared_type=type).id


def _arrives(cast: Cast, text: str) -> Message:
    rows = Message.objects.filter(channel=cast.general, text=text, author__email="gus@b.test", deleted_at=None)
    row: Message = until(lambda: rows.first(), 20)
    return row


def _told(chat: Chat, text: str) -> None:
    """A line between the messages."""
    until(lambda: text in [row.text for row in _rows(chat) if row.is_info], 20)


def _rows(chat: Chat) -> list[Any]:
    return [message.get_snapshot() for message in chat.get_messages()]


@pytest.mark.parametrize("version", [3, 2])
def test_who_scans_a_code_is_in_the_channel(bed: Bed, cast: Cast, phone: Phone, version: int) -> None:
    chat = _join(cast, phone, version=version)
    shown = chat.get_full_snapshot()
    assert (shown.name, shown.chat_type, shown.is_encrypted, shown.can_send) == ("general", "Group", True, True)
    seat = Seat.objects.select_related("membership__person", "sponsor").get(membership__person__email="gus@b.test")
    assert (seat.membership.person.name, seat.sponsor) == ("Gus", cast.bob)
    _say(cast, "Good *morning*")
    _say(cast, "Morning", "amy")
    assert [phone.sees(chat, text).by for text in ("Good *morning*", "Morning")] == ["Bob", "Amy Admin"]
    chat.send_text("Hello from the train")
    row = _arrives(cast, "Hello from the train")
    assert (row.thread_id, row.origin, row.author) == (None, "mail", seat.membership.person)
    _told(chat, "You were added by general.")
    welcome = phone.shows(chat)[0]
    assert "invited you to take part in “general”" in welcome.text and "The server itself can read it" in welcome.text
    assert phone.chats() == ["general"] and len(phone.shows(chat)) == 4
    assert all(row.show_padlock for row in _rows(chat) if not row.is_info) and not Quarantined.objects.exists()
    for one in bed.mta.seen[1 if version == 2 else 0 :]:
        assert one.mail["Subject"] == "[...]" and one.mail.get_content_type() == "multipart/encrypted"


def test_answers_are_quotes_in_both_directions(cast: Cast, phone: Phone, chat: Chat) -> None:
    root = _say(cast, "Where shall we **meet**?")
    question = phone.sees(chat, "Where shall we **meet**?")
    phone.answer(chat, question, "At the station")
    row = _arrives(cast, "At the station")
    assert (row.thread_id, row.quoted) == (root, "> Where shall we **meet**?")
    _say(cast, "On which *platform*?", "amy", thread=root)
    answer = phone.sees(chat, "On which *platform*?")
    assert answer.quote == "Where shall we meet?" and phone.quoted_message(answer) == question.id


def test_reactions_in_both_directions(cast: Cast, phone: Phone, chat: Chat) -> None:
    id = _say(cast, "Cake at four")
    phone.react(phone.sees(chat, "Cake at four"), "🎂")
    until(lambda: Reaction.objects.filter(message=id, person__email="gus@b.test", emoji="🎂").exists(), 20)
    reactions.add(person=cast.amy, message=id, emoji="🎉")
    phone.sees(chat, "Cake at four", reactions=[("Me", "🎂"), ("general", "🎉")])
    reactions.remove(person=cast.amy, message=id, emoji="🎉")
    phone.sees(chat, "Cake at four", reactions=[("Me", "🎂")])
    phone.react(phone.sees(chat, "Cake at four"))
    until(lambda: not Reaction.objects.filter(message=id).exists(), 20)


def test_edits_and_deletes_in_both_directions(cast: Cast, phone: Phone, chat: Chat) -> None:
    until(lambda: phone.shows(chat), 20)
    before = len(chat.get_messages())
    id = _say(cast, "See you at fuor")
    phone.sees(chat, "See you at fuor")
    messages.edit(person=cast.bob, message=id, text="See you at four")
    phone.sees(chat, "See you at four", edited=True)
    messages.delete(person=cast.alice, message=id)
    until(lambda: len(chat.get_messages()) == before, 20)
    chat.send_text("I come at fvie")
    row = _arrives(cast, "I come at fvie")
    mine = phone.sees(chat, "I come at fvie")
    phone.edit(mine, "I come at five")
    assert _arrives(cast, "I come at five").id == row.id
    phone.rpc.delete_messages_for_all(phone.profile.id, [mine.id])
    until(lambda: Message.objects.get(id=row.id).deleted_at, 20)
    assert len(phone.shows(chat)) == 1  # the welcome


def test_pins(cast: Cast, phone: Phone, chat: Chat) -> None:
    """A guest pins nothing: their program says that it was not taken."""
    id = _say(cast, "The code is 1234")
    shown = phone.sees(chat, "The code is 1234", pinned=False)
    pins.pin(person=cast.amy, message=id)
    phone.sees(chat, "The code is 1234", pinned=True)
    pins.unpin(person=cast.amy, message=id)
    phone.sees(chat, "The code is 1234", pinned=False)
    phone.rpc.set_pinned_message_state(phone.profile.id, shown.id, True)
    until(lambda: any("pinned by mail" in (row.error or "") for row in _rows(chat)), 20)
    assert Message.objects.get(id=id).pinned_at is None


def test_files_and_voice_notes_in_both_directions(cast: Cast, phone: Phone, chat: Chat, tmp_path: Path) -> None:
    _say(cast, "The plan", files=[_file(cast, "plan.pdf", b"%PDF-1.4", "application/pdf")])
    plan = phone.sees(chat, "The plan")
    assert (plan.by, plan.file, phone.content(plan)) == ("Bob", "plan.pdf", b"%PDF-1.4")
    _say(cast, "", files=[_file(cast, "note.ogg", SOUND, "audio/ogg")])
    heard = phone.sees(chat, "", kind="Voice")
    assert (heard.by, phone.content(heard)) == ("Bob", SOUND)
    note, spoken, big = tmp_path / "Einkauf für morgen.txt", tmp_path / "spoken.ogg", tmp_path / "big.bin"
    note.write_text("milk")
    spoken.write_bytes(SOUND)
    big.write_bytes(os.urandom(600_000))
    chat.send_message(text="What we need", file=str(note))
    chat.send_message(file=str(spoken), viewtype=ViewType.VOICE)
    chat.send_message(text="Much of it", file=str(big))
    for text, name, size in (("What we need", note.name, 4), ("", "", len(SOUND)), ("Much of it", "big.bin", 600_000)):
        (attached,) = Attachment.objects.filter(message=_arrives(cast, text)).select_related("file")
        assert attached.file.size == size and name in attached.file.name, attached.file
    assert Message.objects.filter(author__email="gus@b.test").count() == 3


def test_who_comes_and_goes_and_what_it_is_called(cast: Cast, phone: Phone, chat: Chat) -> None:
    members.leave(person=cast.amy, channel=cast.general.id)
    _told(chat, "Amy Admin left.")
    members.add(person=cast.alice, channel=cast.general.id, people=[cast.amy.id])
    _told(chat, "Alice added Amy Admin.")
    members.remove(person=cast.alice, channel=cast.general.id, member=cast.amy.id)
    _told(chat, "Alice removed Amy Admin.")
    channels.change(person=cast.alice, channel=cast.general.id, name="lobby")
    until(lambda: chat.get_basic_snapshot().name == "lobby", 20)
    assert len(phone.shows(chat)) == 1 and len(chat.get_contacts()) == 2
    chat.send_text("Still here")
    _arrives(cast, "Still here")


def test_who_leaves_the_group_leaves_the_channel(cast: Cast, phone: Phone, chat: Chat) -> None:
    chat.leave()
    until(lambda: not Seat.objects.filter(membership__person__email="gus@b.test").exists(), 20)
    _say(cast, "Is he gone?")
    again = _join(cast, phone)
    _say(cast, "Welcome back")
    phone.sees(again, "Welcome back")
    assert again.id == chat.id and "Is he gone?" not in [row.text for row in phone.shows(again)]


def test_who_is_removed_is_told(cast: Cast, phone: Phone, chat: Chat) -> None:
    gus = GuestKey.objects.get().person_id
    guests.remove(person=cast.bob, channel=cast.general.id, guest=gus)
    until(lambda: not chat.get_full_snapshot().self_in_group, 20)
    assert not chat.can_send()


def test_what_a_guest_may_not_change_is_refused(cast: Cast, phone: Phone, chat: Chat) -> None:
    chat.set_name("party")
    until(lambda: any("changed by its members" in (row.error or "") for row in _rows(chat)), 20)
    chat.set_ephemeral_timer(60)
    until(lambda: any("don't vanish" in (row.error or "") for row in _rows(chat)), 20)
    assert not Message.objects.filter(channel=cast.general).exists()


def test_a_code_that_was_used_lets_nobody_in(bed: Bed, cast: Cast, phone: Phone, tmp_path: Path) -> None:
    code = codes.make(person=cast.bob, channel=cast.general.id)
    _scan(phone, codes.said_by(code).text)
    with running_phone(bed.provider("b.test").account("mallory"), tmp_path / "mallory") as other:
        other.profile.secure_join(codes.said_by(code).text)
        until(lambda: any(to.endswith("roost.localhost") for to, _ in bed.mta.refused), 20)
    assert [key.person.email for key in GuestKey.objects.select_related("person")] == ["gus@b.test"]
