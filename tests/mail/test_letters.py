"""What guests get: golden mails of every kind, each as an ordinary program, a chat client and we ourselves read it."""

import email
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_app.mail import Address, Attachment, Letter, LetterKind, compose_letter, parse, place
from tests.mail.mails import BOB, GENERAL, OWN, ROOT, assert_travels, dana, golden, letter, read

EVENT = "<chat$group.0ChannelGeneral0.event000000000013@roost.localhost>"
BOB_HERE = Address("Bob (Acme)", GENERAL)
FILES = (
    Attachment("plan.pdf", "application/pdf", b"%PDF-1.7\n", "0FilePlan0000000"),
    Attachment("Maßnahmen.txt", "text/plain", b"one\ntwo\n", "0FileText0000000"),
)
LETTERS = {
    "message": letter(),
    "message-plain": letter(text="Just words.", html=""),
    "message-in-thread": letter(
        sender=BOB_HERE, text="@Bob, look", html='<p><span class="mention" data-person="0Bob">@Bob</span>, look</p>\n',
        in_reply_to=OWN, references=(ROOT, "<x@y.test>", OWN), message_id="<0123@d.test>", mentions=(BOB,),
    ),
    "message-with-files": letter(text="The plan:", html="", attachments=FILES),
    "message-spoken": letter(
        text="", html="", voice=True, attachments=(Attachment("note.ogg", "audio/ogg", b"OggS", "0FileNote0000000"),)
    ),
    "message-in-japanese": letter(
        sender=Address("山田太郎 (例)", GENERAL), subject="雑談", list_name="雑談", text="こんにちは 😀",
        html="<p>こんにちは 😀</p>",
    ),
    "edit": letter(
        kind="edit", message_id=EVENT, target=OWN, references=(ROOT,), text="Hello *you*",
        html="<p>Hello <em>you</em></p>\n",
    ),
    "edit-plain": letter(kind="edit", message_id=EVENT, target=OWN, text="Hello you", html=""),
    "delete": letter(kind="delete", message_id=EVENT, target=OWN, text="Alice deleted a message.", html=""),
    "reaction": letter(
        kind="reaction", message_id=EVENT, target=OWN, sender=BOB_HERE, text="👍 🎉", html="<p>👍 🎉 from Bob</p>"
    ),
    "reaction-bare": letter(kind="reaction", message_id=EVENT, target=OWN, sender=BOB_HERE, text="👍", html=""),
    "reaction-taken-away": letter(
        kind="reaction", message_id=EVENT, target=OWN, sender=BOB_HERE, text="", html="<p>Bob took 👍 back.</p>"
    ),
    "pin": letter(kind="pin", message_id=EVENT, target=OWN, sender=BOB_HERE, text="Bob pinned a message.", html=""),
    "unpin": letter(kind="unpin", message_id=EVENT, target=OWN, sender=BOB_HERE, text="Bob unpinned it.", html=""),
    "notice": letter(kind="notice", message_id=EVENT, text="Alice renamed the channel.", html=""),
    "welcome": letter(
        kind="notice", message_id=EVENT, subject="Welcome to general", auto=True, html="",
        text="Alice Ärmel invited you to #general, where Bob and 12 others read what you write.\n\nReply to write.",
    ),
}  # fmt: skip
TARGETED: tuple[LetterKind, ...] = ("edit", "delete", "reaction", "pin", "unpin")


@dataclass(frozen=True)
class Meaning:
    """What we read in one of our own letters, had it come back to us."""

    content: str | None = None
    about: str | None = None
    reaction: tuple[str, ...] | None = None
    pinned: bool = False
    auto: str = "list"


MEANINGS = {
    "message-in-thread": Meaning(about=OWN),
    "edit": Meaning("editrequest", OWN),
    "edit-plain": Meaning("editrequest", OWN),
    "delete": Meaning("deleterequest", OWN),
    "reaction": Meaning(about=OWN, reaction=("👍", "🎉")),
    "reaction-bare": Meaning(about=OWN, reaction=("👍",)),
    "reaction-taken-away": Meaning(about=OWN, reaction=()),
    "pin": Meaning("message-pinned", OWN, pinned=True),
    "unpin": Meaning("message-unpinned", OWN),
    "notice": Meaning("status"),
    "welcome": Meaning("status", auto="auto-generated"),
}
each_letter = pytest.mark.parametrize(("name", "sent"), LETTERS.items(), ids=LETTERS.keys())


@each_letter
def test_golden_letters(name: str, sent: Letter) -> None:
    composed = compose_letter(sent)
    raw = golden(f"letters/{name}.eml", composed.to(dana()))
    assert raw == compose_letter(sent).to(dana())
    assert_travels(raw)


@each_letter
def test_every_letter_has_the_headers_of_a_list(name: str, sent: Letter) -> None:
    message = read(compose_letter(sent).to(dana()))
    signed = dana().reply_to
    assert message["From"].addresses[0].addr_spec == GENERAL
    assert message["To"].addresses[0].addr_spec == "dana@d.test"
    assert message["Reply-To"].addresses[0].addr_spec == signed
    assert message["List-Post"] == f"<mailto:{signed}>"
    assert message["List-Unsubscribe"] == f"<{dana().unsubscribe}>, <mailto:{signed}?subject=leave>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Id"] == f"{sent.list_name} <{sent.list_id}>"
    assert (message["Subject"], message["Date"].datetime) == (sent.subject, sent.date)
    assert (message["Chat-Version"], message["MIME-Version"]) == ("1.0", "1.0")
    assert message["Auto-Submitted"] == ("auto-generated" if sent.auto else None)
    assert message["Sender"] is None
    assert len(set(message.keys())) == len(message.keys()), "each header once"


@each_letter
def test_every_letter_makes_sense_without_a_chat_client(name: str, sent: Letter) -> None:
    """HTML or a text that any program shows in place: an unknown disposition may make a file of a part."""
    message = read(compose_letter(sent).to(dana()))
    shown = message.get_body(("html", "plain"))
    assert shown is not None
    assert shown.get_content_disposition() in (None, "inline")
    assert len(shown.get_content().strip()) > 3 or sent.voice


@each_letter
def test_every_letter_is_understood_by_us(name: str, sent: Letter) -> None:
    parsed = parse(compose_letter(sent).to(dana()))
    meaning = MEANINGS.get(name, Meaning())
    assert (parsed.chat_content, parsed.in_reply_to, parsed.auto) == (meaning.content, meaning.about, meaning.auto)
    assert (parsed.reaction, parsed.pinned) == (meaning.reaction, meaning.pinned)
    assert (parsed.message_id, parsed.subject, parsed.date) == (sent.message_id, sent.subject, sent.date)
    assert (parsed.from_, parsed.to) == (sent.sender, (dana().to,))
    assert [(file.name, file.content) for file in parsed.attachments] == [
        (file.name, file.content) for file in sent.attachments
    ]
    assert parsed.is_chat
    assert parsed.defects == ()
    if sent.kind != "reaction":
        assert parsed.text == ("🚮 " if sent.kind == "delete" else "") + sent.text


def test_a_thread_has_its_first_and_last_message() -> None:
    message = read(compose_letter(LETTERS["message-in-thread"]).to(dana()))
    assert (message["In-Reply-To"], message["References"].split()) == (OWN, [ROOT, OWN])
    message = read(compose_letter(LETTERS["edit"]).to(dana()))
    assert (message["In-Reply-To"], message["References"].split()) == (OWN, [ROOT, OWN])


def test_delta_chat_finds_an_edit_where_it_looks() -> None:
    for name in ("edit", "edit-plain"):
        message = read(compose_letter(LETTERS[name]).to(dana()))
        first = next(message.iter_parts())
        assert message.get_content_type() == "multipart/mixed"
        assert message["Chat-Edit"] == first["Chat-Edit"] == OWN
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == "✏️Hello you"


def test_a_reaction_is_what_rfc_9078_asks_for() -> None:
    raw = compose_letter(LETTERS["reaction-bare"]).to(dana())
    assert b"\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: reaction\r\n" in raw
    part = cast(EmailMessage, next(read(raw).iter_parts()))
    assert part.get_content().strip() == "👍"


def test_texts_are_never_inline_files() -> None:
    message = read(compose_letter(LETTERS["message-with-files"]).to(dana()))
    assert [part.get_content_disposition() for part in message.iter_parts()] == [None, "inline", "attachment"]


def test_guests_differ_in_nothing_but_their_own_headers() -> None:
    composed = compose_letter(letter())
    other = dana(to=Address("Erik", "erik@e.test"), reply_to="general+r2@acme.test", unsubscribe="https://x.test/e")
    lines = [set(composed.to(recipient).split(b"\r\n")) for recipient in (dana(), other)]
    assert sorted(line.partition(b":")[0] for line in lines[1] - lines[0]) == [
        b" <mailto", b"List-Post", b"List-Unsubscribe", b"Reply-To", b"To",
    ]  # fmt: skip


@pytest.mark.parametrize("words", ["Look:", "見てください、とても大きなファイルです", "x" * 2000])
def test_each_reader_has_their_own_link(words: str) -> None:
    sent = letter(
        text=f"{words}\n{place('film')}",
        html=f'<p>{words}</p>\n<a href="{place("film")}">the film, which is very long and has a long name</a>',
        links=("film",),
    )
    composed = compose_letter(sent)
    for who in ("dana", "erik"):
        url = f"https://roost.example.org/files/{who}-{'0123456789abcdef=' * 9}"
        raw = composed.to(dana(link=lambda word, url=url: f"{url}{word}"))
        assert_travels(raw)
        message = read(raw)
        plain, shown = (message.get_body((kind,)) or pytest.fail("no body") for kind in ("plain", "html"))
        assert plain.get_content().splitlines() == [words, f"{url}film"]
        assert f'<a href="{url}film">the film' in shown.get_content()
        parts = [part for part in message.walk() if part["Content-Transfer-Encoding"] == "quoted-printable"]
        assert all(len(line) <= 76 for part in parts for line in str(part.get_payload()).splitlines())
        assert parse(raw).text == f"{words}\n{url}film"
        assert place("film").encode() not in raw


def test_an_endless_link_is_refused() -> None:
    composed = compose_letter(letter(text=place("film"), html="", links=("film",)))
    with pytest.raises(ValueError, match="too long"):
        composed.to(dana(link=lambda word: "https://x.test/" + "x" * 900))
    raw = composed.to(dana(link=lambda word: 'https://x.test/"><script>\r\nBcc: e@e.test'))
    assert b"%22%3E%3Cscript%3E%0D%0ABcc:%20e@e.test" in raw.replace(b"=\r\n", b"")


HOSTILE = st.text(st.characters() | st.sampled_from('\r\n\t "<>,;:@()\\=?_'), max_size=60) | st.sampled_from(
    ["x\r\nBcc: eve@e.test", "x\nBcc: eve@e.test\n\nbody", "\u2028Bcc: e@e.test", "😀" * 2500, "a" * 10_000,
     '"' * 10_000, "=?utf-8?q?=0D=0ABcc:?=", "山" * 10_000, "--=_a\r\n", "a@b>\r\nBcc: <eve@e.test", "\0",
     "\ud800", "x " * 5000]
)  # fmt: skip
HOSTILE_ADDRESS = st.builds(Address, HOSTILE, HOSTILE)
HOSTILE_FILE = st.builds(Attachment, HOSTILE, HOSTILE, st.binary(max_size=50), HOSTILE, st.booleans(), st.booleans())


@given(
    st.builds(
        Letter,
        message_id=st.just(OWN),
        kind=st.sampled_from(("message", "notice", *TARGETED)),
        sender=HOSTILE_ADDRESS,
        subject=HOSTILE,
        date=st.just(letter().date),
        list_id=HOSTILE,
        list_name=HOSTILE,
        text=HOSTILE.map("x".__add__),
        html=HOSTILE,
        in_reply_to=HOSTILE,
        references=st.tuples(HOSTILE, HOSTILE),
        target=st.just(ROOT),
        attachments=st.lists(HOSTILE_FILE, max_size=2).map(tuple),
        mentions=st.tuples(HOSTILE_ADDRESS),
        auto=st.booleans(),
    ),
    HOSTILE_ADDRESS,
    HOSTILE,
    HOSTILE.filter(lambda url: len(url.encode("utf-8", "replace")) < 300),
)
def test_no_value_breaks_out_of_its_place(sent: Letter, to: Address, reply_to: str, url: str) -> None:
    raw = compose_letter(sent).to(dana(to=to, reply_to=reply_to, unsubscribe=url))
    assert raw.isascii()
    lines = raw.split(b"\r\n")
    assert all(len(line) <= 998 and b"\n" not in line and b"\r" not in line for line in lines)
    message = email.message_from_bytes(raw)
    benign = compose_letter(letter(kind=sent.kind, target=ROOT, in_reply_to=OWN, references=(ROOT,), auto=sent.auto))
    allowed = {*email.message_from_bytes(benign.to(dana())).keys(), "Content-Disposition", "Content-Transfer-Encoding"}
    assert set(message.keys()) <= allowed
    assert not [part for part in message.walk() if part["Bcc"]]
    leaves = [part for part in message.walk() if not part.is_multipart()]
    assert len(leaves) <= 2 + len(sent.attachments)
    assert [part.get_payload(decode=True) for part in leaves[len(leaves) - len(sent.attachments) :]] == [
        file.content for file in sorted(sent.attachments, key=lambda file: not file.preview)
    ]


@pytest.mark.parametrize("kind", TARGETED)
@pytest.mark.parametrize("target", [None, "", "x@y", "<a b@c>", "<a@b>\r\nBcc: <e@e.test>", "<ü@x.test>"])
def test_what_is_about_a_message_names_it(kind: LetterKind, target: str | None) -> None:
    with pytest.raises(ValueError, match="not a Message-ID"):
        compose_letter(letter(kind=kind, target=target))


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (letter(message_id="<a@b>\r\nBcc: <e@e.test>"), "not a Message-ID"),
        (letter(date=datetime(2026, 1, 2)), "aware"),
        (letter(kind="reaction", target=OWN, text="", html=""), "says nothing"),
    ],
)
def test_what_cannot_be_written_is_refused(refused: Letter, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        compose_letter(refused)


def test_an_endless_address_for_leaving_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        compose_letter(letter()).to(dana(unsubscribe="https://x.test/" + "ü" * 200))
    raw = compose_letter(letter()).to(dana(unsubscribe="https://x.test/ü> <b"))
    assert b"<https://x.test/%C3%BC%3E%20%3Cb>" in raw
