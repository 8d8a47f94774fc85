"""Message-IDs say what they name, and nothing else passes for one of ours."""

import pytest

from channels_app.mail import MessageId, event_id, event_seq, message_id, parse_message_id
from tests.mail.mails import CHANNEL, DOMAIN, MESSAGE


def test_a_message_id_is_derived_and_read_back() -> None:
    value = message_id(CHANNEL, MESSAGE, DOMAIN)
    assert value == "<chat$group.0ChannelGeneral0.0MessageOfAlice0@roost.localhost>"
    assert parse_message_id(value) == MessageId(CHANNEL, MESSAGE, DOMAIN)


def test_an_event_id_tells_its_number() -> None:
    own = parse_message_id(event_id(CHANNEL, 42, DOMAIN))
    assert own is not None
    assert own.message == "event000000000042"
    assert event_seq(own) == 42
    assert event_seq(MessageId(CHANNEL, MESSAGE, DOMAIN)) is None


@pytest.mark.parametrize(
    "value",
    ["", "<a@b>", "<chat$group.short.0MessageOfAlice0@x>", "<chat$0MessageOfAlice0@x>",
     "<chat$group.0ChannelGeneral0.0MessageOfAlice0@>", "<chat$group.0ChannelGeneral0.0MessageOf lice0@x>",
     "<chat$group.0ChannelGeneral0.0MessageOfAlice0@x\n>", "<chat$group.0ChannelGeneral0.0MessageOfAlice0@x> <b@c>"],
)  # fmt: skip
def test_what_is_not_ours_is_none(value: str) -> None:
    assert parse_message_id(value) is None
