"""What mails between two servers say of themselves, written and read, and what is not of that form."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_app.mail import Address, Heard, Note, Slip, compose_note, parse, read_slip, write_slip

AT = "2026-01-02T03:04:05.678Z"
ITEM = Slip(
    share="S" * 16, kind="item", channel="C" * 16, epoch="E" * 16, base=4, after=12, since=AT, seq=17, at=AT,
    heard=Heard("P" * 16, 30, AT), again=True, ask=True,
)  # fmt: skip
NOTE = Slip(share="S" * 16, kind="note", channel="C" * 16, epoch="E" * 16, base=0, heard=Heard("P" * 16, 0, ""))


@pytest.mark.parametrize("slip", [ITEM, NOTE])
def test_what_is_written_is_read_back(slip: Slip) -> None:
    assert read_slip(write_slip(slip)) == slip
    note = Note(
        message_id="<share.1@a.test>",
        sender=Address("Acme", "roost+s@acme.a.test"),
        to=Address("", "roost@beta.b.test"),
        subject="Received",
        date=datetime(2026, 1, 2, tzinfo=UTC),
        text="Nothing to read.",
        roost={"Share": write_slip(slip), "Organization": "Grüße & Söhne"},
    )
    raw = compose_note(note)
    parsed = parse(raw)
    assert read_slip(parsed.roost["Share"]) == slip and parsed.roost["Organization"] == "Grüße & Söhne"
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert (mail["From"], mail.get_content().strip()) == ("Acme <roost+s@acme.a.test>", "Nothing to read.")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v=1", "v=2"), ("kind=item", "kind=wish"), ("after=12", "after=17"), ("seq=17", "seq=-1"), ("E" * 16, "E"),
        ("base=4", "base=" + "9" * 16), (f"; at={AT}", "; at=yesterday"), (f"; at={AT}", ""), ("share=", "shared="),
    ],
)  # fmt: skip
def test_what_is_not_of_this_form_is_nothing(old: str, new: str) -> None:
    value = write_slip(ITEM)
    assert old in value
    assert read_slip(value.replace(old, new, 1)) is None


@given(st.text())
def test_anything_is_read_or_is_nothing(value: str) -> None:
    assert read_slip(value) is None
