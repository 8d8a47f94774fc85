"""Entries of a Log: what COI and RFC 9078 call each event, and the event itself."""

import email
import email.policy
from typing import Any

import pytest

from channels_app.mail import compose_log, event_seq, parse
from tests.mail.mails import ROOT, entry


def test_an_edit_carries_the_whole_new_text() -> None:
    text = "new *text*  \n> with a quote"
    sent = entry("message.edited", {"id": "x", "text": text}, target=ROOT)
    parsed = parse(compose_log(sent))
    assert (parsed.chat_content, parsed.in_reply_to, parsed.text) == ("editrequest", ROOT, text)
    assert parsed.event == sent.event
    assert parsed.own is not None
    assert event_seq(parsed.own) == 13
    assert parsed.roost == {"Seq": "13", "Kind": "message.edited"}
    assert parsed.attachments == ()


def test_a_delete_asks_for_it() -> None:
    parsed = parse(compose_log(entry("message.deleted", {"id": "x"}, target=ROOT)))
    assert (parsed.chat_content, parsed.in_reply_to) == ("deleterequest", ROOT)
    assert parsed.text == "Alice did something."


@pytest.mark.parametrize(("emoji", "expected"), [("👍", ("👍",)), ("👍 ❤️ :party:", ("👍", "❤️", ":party:")), ("", ())])
def test_a_reaction_names_all_emoji(emoji: str, expected: tuple[str, ...]) -> None:
    raw = compose_log(entry("reaction.added", {"emoji": "👍"}, target=ROOT, emoji=emoji))
    parsed = parse(raw)
    assert (parsed.reaction, parsed.in_reply_to, parsed.chat_content) == (expected, ROOT, None)
    first = list(email.message_from_bytes(raw, policy=email.policy.default).walk())[1]
    assert (first.get_content_type(), first.get_content_disposition()) == ("text/plain", "reaction")


def test_a_pin_is_a_disposition() -> None:
    parsed = parse(compose_log(entry("message.pinned", {"id": "x"}, target=ROOT)))
    assert (parsed.pinned, parsed.in_reply_to, parsed.chat_content) == (True, ROOT, None)


@pytest.mark.parametrize("kind", ["member.joined", "channel.changed", "message.unpinned", "something.new"])
def test_everything_else_is_a_status(kind: str) -> None:
    parsed = parse(compose_log(entry(kind, {"name": "général"})))
    assert (parsed.chat_content, parsed.text, parsed.auto) == ("status", "Alice did something.", None)
    assert parsed.event is not None
    assert parsed.event["payload"] == {"name": "général"}


def test_the_same_event_has_the_same_bytes_in_any_order_of_keys() -> None:
    one = entry("a.b", {"x": 1, "y": [1, {"z": None}]})
    other = entry("a.b", {"y": [1, {"z": None}], "x": 1})
    assert compose_log(one) == compose_log(other)


@pytest.mark.parametrize("payload", [{"x": float("nan")}, {"x": object()}])
def test_what_is_no_json_is_refused(payload: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        compose_log(entry("a.b", payload))


def test_an_event_in_a_mail_of_another_is_an_ordinary_file() -> None:
    raw = compose_log(entry("a.b", {})).replace(b"<chat$group.", b"<hello.")
    parsed = parse(raw)
    assert parsed.event is None
    assert [file.name for file in parsed.attachments] == ["event.json"]


def test_a_text_that_spells_nul_is_not_a_nul() -> None:
    sent = entry("a.b", {"text": "\\u0000 \\\\u0000"})
    assert parse(compose_log(sent)).event == sent.event
    assert parse(compose_log(entry("a.b", {"text": "\0"}))).event is None
