"""Signed addresses: they name a guest and a channel to us, and to nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_app.mail import BOUNCE, LONGEST_LOCAL, REPLY, Purpose, Reply, matches, read_reply, reply_address
from tests.mail.mails import CHANNEL, GENERAL, SECRET

DANA, EVE = "0PersonDana00000", "0PersonEve000000"


def signed(purpose: Purpose = REPLY, person: str = DANA, secret: bytes = SECRET) -> str:
    return reply_address(GENERAL, purpose, CHANNEL, person, secret)


def reply(address: str) -> Reply:
    found = read_reply(address)
    assert found is not None
    return found


def test_an_address_outlives_a_rebuild() -> None:
    assert signed() == "general+rpej3pdmxbinqhkjk@acme.roost.localhost"


@pytest.mark.parametrize("purpose", [REPLY, BOUNCE])
@pytest.mark.parametrize("shape", ["{}", "<{}>", " <{}>\r\n"])
@pytest.mark.parametrize("change", [str, str.upper, str.title])
def test_it_is_read_however_others_write_it(purpose: Purpose, shape: str, change: type[str]) -> None:
    found = reply(shape.format(change(signed(purpose))))
    assert (found.address, found.purpose) == (GENERAL, purpose)
    assert matches(found, CHANNEL, DANA, SECRET)


def test_it_is_good_for_one_person_one_channel_one_purpose_and_one_secret() -> None:
    found = reply(signed())
    assert not matches(found, CHANNEL, EVE, SECRET)
    assert not matches(found, CHANNEL, DANA.lower(), SECRET)
    assert not matches(found, "0ChannelOther000", DANA, SECRET)
    assert not matches(found, CHANNEL, DANA, b"another secret")
    assert not matches(Reply(found.address, BOUNCE, found.tag), CHANNEL, DANA, SECRET)
    assert not matches(reply(signed().replace("+rp", "+rq")), CHANNEL, DANA, SECRET)


@given(st.text("AB", max_size=3), st.text("AB", max_size=3), st.text("AB", max_size=3), st.text("AB", max_size=3))
def test_ids_never_run_into_each_other(channel: str, person: str, other: str, somebody: str) -> None:
    found = reply(reply_address(GENERAL, REPLY, channel, person, SECRET))
    assert matches(found, other, somebody, SECRET) == ((channel, person) == (other, somebody))


@given(st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,46}", fullmatch=True))
def test_any_local_part_comes_back(local: str) -> None:
    assert reply(reply_address(f"{local}@d.test", REPLY, CHANNEL, DANA, SECRET)).address == f"{local}@d.test"


@pytest.mark.parametrize(
    "address",
    ["", "<>", "general@acme.roost.localhost", "general+rabc@d.test", "general+xpej3pdmxbinqhkjk@d.test",
     "+rpej3pdmxbinqhkjk@d.test", "general+rpej3pdmxbinqhkjk@", "general+rpej3pdmxbinqhkjk2@d.test",
     "general+rq3jnp6sk5wkbdjm0@d.test", "a@b+rpej3pdmxbinqhkjk@d.test", "general+rpej3pdmxbinqhkjk@d.test, x@y.test",
     "<general+rpej3pdmxbinqhkjk@d.test", "a\n+rpej3pdmxbinqhkjk@d.test", "a" * 100_000],
)  # fmt: skip
def test_what_is_not_signed_is_none(address: str) -> None:
    assert read_reply(address) is None


@given(st.text())
def test_no_junk_raises(address: str) -> None:
    read_reply(address)


def test_a_long_channel_name_is_refused_so_that_the_caller_takes_a_short_one() -> None:
    longest = reply_address("x" * LONGEST_LOCAL + "@d.test", REPLY, CHANNEL, DANA, SECRET)
    assert len(longest.partition("@")[0]) == 64, "RFC 5321"
    for address in ("x" * (LONGEST_LOCAL + 1) + "@d.test", "ü" * 24 + "@d.test"):
        with pytest.raises(ValueError, match="too long"):
            reply_address(address, REPLY, CHANNEL, DANA, SECRET)


@pytest.mark.parametrize("address", ["general", "@d.test", "general@", ""])
def test_what_is_no_address_cannot_be_signed(address: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        reply_address(address, REPLY, CHANNEL, DANA, SECRET)
