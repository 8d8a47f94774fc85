"""What we write we read back: text and files byte by byte, ids, date to the second, our headers."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from channels_app.mail import Address, Attachment, MessageId, compose_log, compose_post, parse
from channels_app.mail.flowed import flow, unflow
from tests.mail.mails import CHANNEL, DOMAIN, MESSAGE, ROOT, entry, post

# What a database keeps: no NUL, no other controls, no lone surrogates.
PRINTABLE = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
TEXT = st.text(PRINTABLE | st.sampled_from("\n\t >=.-From?"), max_size=400)
LINE = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Cn")), max_size=120)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(LINE, inner, max_size=4),
    max_leaves=12,
)
DATES = st.datetimes(
    datetime(1970, 1, 3), datetime(2199, 12, 29), timezones=st.integers(-14 * 60, 14 * 60).map(
        lambda minutes: timezone(timedelta(minutes=minutes))
    )
)  # fmt: skip


@given(TEXT)
def test_any_text_comes_back_exactly(text: str) -> None:
    parsed = parse(compose_post(post(text=text)))
    assert (parsed.text, parsed.quoted, parsed.defects) == (text, None, ())


def test_texts_that_break_encodings() -> None:
    for text in ("", " ", "\n", "a\n", "a \n b\t", ".", ".\n.", "From x", "a=b=\n=", "-- \nx", "x" * 5000, "ü" * 5000,
                 "a\r\nb", "a\rb", "trailing  ", "> q\n\nnew\n\n> q", "=20", "--=_a", "\t", "é=\r"):  # fmt: skip
        assert parse(compose_post(post(text=text))).text == text


@given(st.lists(st.tuples(LINE, st.binary(max_size=300)), max_size=3))
def test_files_come_back_byte_by_byte(files: list[tuple[str, bytes]]) -> None:
    sent = tuple(Attachment(f"f{name}", "image/png", content, "0File00000000000") for name, content in files)
    found = parse(compose_post(post(attachments=sent))).attachments
    assert [file.content for file in found] == [file.content for file in sent]
    assert [file.file_id for file in found] == [file.file_id for file in sent]


def test_everything_else_comes_back() -> None:
    files = (
        Attachment("Maßnahmen.txt", "text/plain", b"x\ny\r\n", "0FileOne00000000"),
        Attachment("y" * 200 + ".eml", "message/rfc822", b"Subject: s\n\nb", inline=False),
        Attachment("p.png", "image/png", b"p", preview=True),
    )
    sent = post(in_reply_to=ROOT, references=(ROOT,), attachments=files, author=Address('Bob "x" Ö', "b@b.test"))
    parsed = parse(compose_post(sent))
    assert parsed.own == MessageId(CHANNEL, MESSAGE, DOMAIN)
    assert (parsed.in_reply_to, parsed.references) == (ROOT, (ROOT,))
    assert parsed.from_ == sent.author
    assert parsed.to == (Address("general", sent.channel_address),)
    assert parsed.attachments == files
    assert parsed.subject == "general"
    assert (parsed.is_chat, parsed.chat_content, parsed.auto, parsed.reaction) == (True, None, None, None)


@given(DATES)
def test_dates_to_the_second(date: datetime) -> None:
    parsed = parse(compose_post(post(date=date)))
    assert parsed.date == date.replace(microsecond=0)
    assert parsed.date is not None
    assert parsed.date.utcoffset() == date.utcoffset()


@given(st.dictionaries(st.from_regex(r"[A-Z][a-z]{1,10}(-[A-Z][a-z]{1,8})?", fullmatch=True), LINE, max_size=4))
def test_roost_headers_exactly(roost: dict[str, str]) -> None:
    sent = {"Seq": "1"} | roost
    assert parse(compose_post(post(roost=sent))).roost == sent


@given(st.dictionaries(LINE, JSON, max_size=5))
@settings(max_examples=60)
def test_events_exactly(payload: dict[str, object]) -> None:
    sent = entry("channel.changed", payload)
    assert parse(compose_log(sent)).event == sent.event


@given(TEXT)
def test_flowed_text_loses_only_trailing_spaces(text: str) -> None:
    quotes_aside = text.replace(">", "")
    expected = "\n".join(line.rstrip(" ") if line != "-- " else line for line in quotes_aside.split("\n"))
    assert unflow(flow(quotes_aside)) == expected


def test_now_is_utc() -> None:
    assert parse(compose_post(post(date=datetime(2026, 1, 1, tzinfo=UTC)))).date == datetime(2026, 1, 1, tzinfo=UTC)
