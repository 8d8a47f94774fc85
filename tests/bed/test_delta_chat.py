"""Delta Chat, as it is, with a classic profile: a channel is a chat, and whatever one side does the other one shows."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from deltachat_rpc_client import Chat
from deltachat_rpc_client.const import ViewType

from channels_app.chat import guests, messages, pins, reactions
from channels_app.chat.models import Attachment, Message, Reaction
from channels_app.files import uploads
from channels_app.guests import addresses
from tests.bed.bed import Bed
from tests.bed.phone import Phone, running_phone
from tests.cast import Cast
from tests.operate.house import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("bed"), pytest.mark.usefixtures("roost")]

SOUND = b"OggS\x00\x02" + bytes(20) + b"\x01\x13OpusHead\x01\x01" + bytes(200)


@pytest.fixture
def phone(bed: Bed, cast: Cast, roost: None, tmp_path: Path) -> Iterator[Phone]:
    """The Delta Chat of Gus, whom Bob invited when it was there: it shows no mail from before."""
    account = bed.provider("b.test").account("gus")
    with running_phone(account, tmp_path, force_encryption="0") as phone:
        guests.invite(person=cast.bob, channel=cast.general.id, email=account.address, name="Gus")
        yield phone


@pytest.fixture
def chat(phone: Phone) -> Chat:
    """The chat that #general is."""
    return phone.chat("general")


def _say(cast: Cast, text: str, who: str = "bob", *, thread: str | None = None, file: str = "") -> str:
    files = [file] if file else []
    said = messages.post(person=cast.named(who), channel=cast.general.id, text=text, thread=thread, files=files)
    return said.message["id"]


def _file(cast: Cast, name: str, content: bytes, type: str) -> str:
    return uploads.store(uploader=cast.bob, name=name, chunks=[content], declared_type=type).id


def _arrives(cast: Cast, text: str) -> Message:
    """What Gus wrote, once it is in the channel."""
    rows = Message.objects.filter(channel=cast.general, text=text, author__email="gus@b.test")
    row: Message = until(lambda: rows.first(), 20)
    return row


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = zlib.compress((b"\0" + b"\x80" * 48) * 16)
    head = struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_a_channel_is_one_chat_with_its_name(cast: Cast, phone: Phone, chat: Chat) -> None:
    _say(cast, "Good morning")
    _say(cast, "Morning, *all*", "amy")
    seen = [phone.sees(chat, text) for text in ("Good morning", "Morning, *all*")]
    assert [one.by for one in seen] == [f"Bob ({cast.acme.name})", f"Amy Admin ({cast.acme.name})"]
    chat.send_text("Hello from the train")
    row = _arrives(cast, "Hello from the train")
    assert (row.thread_id, row.origin, row.author.name) == (None, "mail", "Gus")
    assert "invited you to take part in “general”" in phone.shows(chat)[0].text
    assert len(phone.shows(chat)) == 4 and phone.chats() == ["general"] and chat.can_send()


def test_answers_are_quotes_in_both_directions(cast: Cast, phone: Phone, chat: Chat) -> None:
    root = _say(cast, "Where shall we **meet**?")
    question = phone.sees(chat, "Where shall we **meet**?")
    phone.answer(chat, question, "At the station")
    row = _arrives(cast, "At the station")
    assert (row.thread_id, row.quoted) == (root, "> Where shall we **meet**?")
    _say(cast, "On which *platform*?", "amy", thread=root)
    answer = phone.sees(chat, "On which *platform*?")
    assert answer.quote == "Where shall we meet?" and phone.quoted_message(answer) == question.id
    assert phone.chats() == ["general"]


def test_reactions_in_both_directions(cast: Cast, phone: Phone, chat: Chat) -> None:
    """Of all others' it shows one, the latest, for they have one address."""
    id = _say(cast, "Cake at four")
    shown = phone.sees(chat, "Cake at four")
    phone.react(shown, "🎂")
    until(lambda: Reaction.objects.filter(message=id, person__email="gus@b.test", emoji="🎂").exists(), 20)
    reactions.add(person=cast.amy, message=id, emoji="🎉")
    reactions.add(person=cast.bob, message=id, emoji="👍")
    _shows_reactions(phone, chat, "Cake at four", {"🎂": True, "👍": False})
    reactions.remove(person=cast.bob, message=id, emoji="👍")
    _shows_reactions(phone, chat, "Cake at four", {"🎂": True, "🎉": False})
    reactions.remove(person=cast.amy, message=id, emoji="🎉")
    _shows_reactions(phone, chat, "Cake at four", {"🎂": True})
    phone.react(shown)
    until(lambda: not Reaction.objects.filter(message=id).exists(), 20)
    assert len(phone.shows(chat)) == 2


def _shows_reactions(phone: Phone, chat: Chat, text: str, wanted: dict[str, bool]) -> None:
    """Wait until a message has these and no others; which of them are its owner's."""
    until(lambda: {emoji: who == "Me" for who, emoji in phone.sees(chat, text).reactions} == wanted, 20)


def test_edits_in_both_directions(cast: Cast, phone: Phone, chat: Chat) -> None:
    id = _say(cast, "See you at fuor")
    phone.sees(chat, "See you at fuor")
    messages.edit(person=cast.bob, message=id, text="See you at four")
    phone.sees(chat, "See you at four", edited=True)
    chat.send_text("I come at fvie")
    row = _arrives(cast, "I come at fvie")
    phone.edit(phone.sees(chat, "I come at fvie"), "I come at five")
    edited = _arrives(cast, "I come at five")
    assert edited.id == row.id and edited.edited_at
    assert len(phone.shows(chat)) == 3


def test_pins_are_pins_and_deletes_are_words(cast: Cast, phone: Phone, chat: Chat) -> None:
    """It believes no deletes in plain mail."""
    id = _say(cast, "The code is 1234")
    phone.sees(chat, "The code is 1234", pinned=False)
    pins.pin(person=cast.amy, message=id)
    phone.sees(chat, "The code is 1234", pinned=True)
    pins.unpin(person=cast.amy, message=id)
    phone.sees(chat, "The code is 1234", pinned=False)
    messages.delete(person=cast.bob, message=id)
    phone.sees(chat, "🚮 Bob deleted a message.")


def test_files_in_both_directions(cast: Cast, phone: Phone, chat: Chat, tmp_path: Path) -> None:
    _say(cast, "The plan", file=_file(cast, "plan.pdf", b"%PDF-1.4", "application/pdf"))
    _say(cast, "", file=_file(cast, "cat.png", _png(), "image/png"))
    plan = phone.sees(chat, "The plan")
    assert (plan.file, plan.kind, phone.content(plan)) == ("plan.pdf", "File", b"%PDF-1.4")
    picture = phone.sees(chat, "", kind="Image")
    assert phone.content(picture) == _png()
    note = tmp_path / "Einkauf für morgen.txt"
    note.write_text("milk")
    chat.send_message(text="What we need", file=str(note))
    (attached,) = Attachment.objects.filter(message=_arrives(cast, "What we need")).select_related("file")
    assert (attached.file.name, attached.file.type, attached.file.size) == (note.name, "text/plain", 4)


def test_voice_notes_in_both_directions(cast: Cast, phone: Phone, chat: Chat, tmp_path: Path) -> None:
    _say(cast, "", file=_file(cast, "note.ogg", SOUND, "audio/ogg"))
    heard = phone.sees(chat, "", kind="Voice")
    assert (heard.by, phone.content(heard)) == (f"Bob ({cast.acme.name})", SOUND)
    spoken = tmp_path / "spoken.ogg"
    spoken.write_bytes(SOUND)
    chat.send_message(file=str(spoken), viewtype=ViewType.VOICE)
    (attached,) = Attachment.objects.filter(message=_arrives(cast, "")).select_related("file")
    assert (attached.file.type, attached.file.size) == ("audio/ogg", len(SOUND))


def test_who_writes_leave_is_out(cast: Cast, phone: Phone, chat: Chat) -> None:
    chat.send_text("leave")
    phone.sees(chat, f"You no longer take part in “general” at {cast.acme.name}. This is the last mail from there.")
    _say(cast, "Is he gone?")
    late = chat.send_text("Wait, one more thing")
    assert "You no longer take part in general." in phone.fails(late)
    assert not Message.objects.filter(channel=cast.general, author__email="gus@b.test").exists()
    assert not [one for one in phone.shows(chat) if one.text == "Is he gone?"]


def test_a_stranger_is_told_that_it_was_not_taken(bed: Bed, cast: Cast, tmp_path: Path) -> None:
    account = bed.provider("b.test").account("mallory")
    with running_phone(account, tmp_path, force_encryption="0") as phone:
        to = phone.profile.create_contact(addresses.channel_address(cast.general), "general")
        sent = to.create_chat().send_text("Let me in")
        assert "ask one of them to invite you" in phone.fails(sent)
    assert not Message.objects.filter(channel=cast.general).exists()


def test_answers_of_a_guest_reach_other_guests_as_chat(bed: Bed, cast: Cast, phone: Phone, chat: Chat) -> None:
    hal = bed.provider("a.test").account("hal")
    guests.invite(person=cast.bob, channel=cast.general.id, email=hal.address, name="Hal")
    hal.gets(1)
    chat.send_text("Is anybody there?")
    question = hal.gets(2)[1]
    assert str(question.mail["From"]).startswith(f'"Gus ({cast.acme.name})"')
    hal.send(str(question.mail["Reply-To"]), "I am", subject="Re: x", in_reply_to=str(question.mail["Message-ID"]))
    answer = phone.sees(chat, "I am")
    assert (answer.by, answer.quote) == (f"Hal ({cast.acme.name})", "Is anybody there?")
