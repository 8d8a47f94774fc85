"""Our own checks: SPF, DKIM, DMARC and ARC, with zones and keys that are made here."""

from __future__ import annotations

import hashlib
import time
from base64 import b64encode
from typing import Any

import pytest
from dkim.canonicalization import Relaxed, Simple
from hypothesis import given
from hypothesis import strategies as st

from channels_app.guests.receiving.checks import resolving, senders, signatures, verdicts
from channels_app.guests.receiving.checks.resolving import Bounded, Kind, Unresolved
from channels_app.guests.receiving.checks.senders import Client
from channels_app.guests.receiving.checks.verdicts import Checked
from channels_app.mail.authres import Result, read_results, write_results
from tests.guests.zones import SELECTOR, Zone, sealed, signed

HERE = Client("192.0.2.1", "mx.d.test")
ELSEWHERE = Client("198.51.100.7", "mx.evil.test")
PASSED = Result("dmarc", "pass", {"header.from": "d.test"})


@pytest.fixture
def zone() -> Zone:
    return Zone()


def mail(sender: str = "Dana <dana@d.test>", text: str = "Hello", more: str = "") -> bytes:
    head = f"From: {sender}\r\nSubject: Hi\r\nMessage-Id: <1@d.test>\r\nContent-Type: text/plain\r\n{more}"
    return (head + f"\r\n{text}\r\n").encode()


def check(
    zone: Zone,
    raw: bytes,
    *,
    client: Client | None = ELSEWHERE,
    sender: str = "dana@d.test",
    trusted: tuple[str, ...] = (),
) -> Checked:
    return verdicts.check(raw, sender=sender, client=client, trusted=trusted, lookup=zone)


def found(checked: Checked) -> dict[str, str]:
    """The result by method; of several the last."""
    return {one.method: one.result for one in checked.results}


# SPF


@pytest.mark.parametrize(
    ("terms", "address", "result"),
    [
        ("ip4:192.0.2.0/24 -all", "192.0.2.1", "pass"),
        ("ip4:192.0.2.0/24 -all", "198.51.100.7", "fail"),
        ("ip4:192.0.2.0/24 -all", "::ffff:192.0.2.1", "pass"),
        ("ip6:2001:db8::/32 -all", "2001:db8::1", "pass"),
        ("ip4:192.0.2.0/24 ~all", "198.51.100.7", "softfail"),
        ("?all", "192.0.2.1", "neutral"),
        ("include:mail.test -all", "203.0.113.9", "pass"),
        ("include:gone.test -all", "203.0.113.9", "permerror"),
        ("include:d.test -all", "203.0.113.9", "permerror"),
        ("redirect=mail.test", "203.0.113.9", "pass"),
        ("a mx -all", "192.0.2.25", "pass"),
        ("exists:%{i}.ok.test -all", "192.0.2.1", "pass"),
        ("nonsense:x -all", "192.0.2.1", "permerror"),
        ("include:away.test -all", "192.0.2.1", "temperror"),
        # Whoever lets everybody send vouches for nobody.
        ("+all", "192.0.2.1", "policy"),
        ("include:open.test -all", "192.0.2.1", "policy"),
        ("ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all", "192.0.2.1", "policy"),
        ("ip6::: /0 -all", "192.0.2.1", "permerror"),
        (" ".join(f"include:i{number}.test" for number in range(12)), "192.0.2.1", "permerror"),
        ("x" * 3000, "192.0.2.1", "permerror"),
    ],
)
def test_spf(zone: Zone, terms: str, address: str, result: str) -> None:
    zone.spf("d.test", terms)
    zone.spf("mail.test", "ip4:203.0.113.0/24 -all")
    zone.spf("open.test", "+all")
    for number in range(12):
        zone.spf(f"i{number}.test", "?all")
    zone.has("d.test", "10 mx.d.test", kind="MX")
    zone.has("mx.d.test", "192.0.2.25", kind="A")
    zone.has("192.0.2.1.ok.test", "127.0.0.2", kind="A")
    zone.away.add("away.test")
    about = senders.check(Client(address, "mx.d.test"), "dana@d.test", zone)
    assert (about.result, about.properties["smtp.mailfrom"]) == (result, "d.test")


def test_two_records_are_an_error(zone: Zone) -> None:
    zone.has("d.test", "v=spf1 +all", "v=spf1 ip4:192.0.2.0/24 -all", "something else")
    assert senders.check(HERE, "dana@d.test", zone).result == "permerror"


@pytest.mark.parametrize(
    ("sender", "result", "about"),
    [
        ("", "pass", {"smtp.helo": "mx.d.test"}),
        ("dana", "none", {"smtp.mailfrom": "dana"}),
        ("dana@[192.0.2.1]", "none", {"smtp.mailfrom": "dana@[192.0.2.1]"}),
        ('"a@evil.test"@d.test', "none", {"smtp.mailfrom": "d.test"}),
        ("a@b@mx.d.test", "pass", {"smtp.mailfrom": "mx.d.test"}),
        ("\udcff\0@d.test", "none", {"smtp.mailfrom": "d.test"}),
    ],
)
def test_envelope_senders_of_any_form(zone: Zone, sender: str, result: str, about: dict[str, str]) -> None:
    zone.spf("mx.d.test", "ip4:192.0.2.1 -all")
    zone.spf("evil.test", "ip4:192.0.2.1 -all")
    assert senders.check(HERE, sender, zone) == Result("spf", result, {**about, "smtp.remote-ip": HERE.address})


@pytest.mark.parametrize("client", [Client("", ""), Client("fe80::1%eth0", "x"), Client("not an address", "\0")])
def test_clients_of_any_form(zone: Zone, client: Client) -> None:
    zone.spf("d.test", "ip4:192.0.2.0/24 -all")
    assert senders.check(client, "dana@d.test", zone).result in ("permerror", "fail")


# DKIM


@pytest.mark.parametrize("canon", [("relaxed", "relaxed"), ("simple", "simple"), ("relaxed", "simple")])
def test_a_signature(zone: Zone, canon: tuple[str, str]) -> None:
    zone.signs("d.test")
    raw = signed(mail(text="Hello \t \r\n\r\n  x  y\r\n\r\n\r\n"), "d.test", canon=canon)
    checked = check(zone, raw)
    assert checked.vouched == "pass" and found(checked) == {"spf": "none", "dkim": "pass", "dmarc": "pass"}
    changed = check(zone, raw.replace(b"Hello", b"Hallo"))
    assert changed.vouched == "fail" and found(changed)["dkim"] == "fail"
    assert "DMARC" in changed.why and "d.test" in changed.why


@pytest.mark.parametrize("change", [{"length": True}, {"algorithm": "rsa-sha1"}])
def test_signatures_that_promise_too_little(zone: Zone, change: dict[str, Any]) -> None:
    zone.signs("d.test")
    checked = check(zone, signed(mail(), "d.test", **change))
    assert (checked.vouched, found(checked)["dkim"]) == ("fail", "policy")


def test_from_has_to_be_signed(zone: Zone) -> None:
    zone.signs("d.test")
    raw = signed(mail(), "d.test", headers=["From", "Subject"])
    unsigned = raw.replace(b"h=from : subject", b"h=subject")
    assert unsigned != raw
    assert found(check(zone, unsigned))["dkim"] == "permerror"


@pytest.mark.parametrize("key", ["", "v=DKIM1; p=", "p=!!!", "p=" + "A" * 3000, "\xff", "p=AAAA"])
def test_keys_of_any_form(zone: Zone, key: str) -> None:
    zone.signs("d.test")
    zone.has(f"{SELECTOR}._domainkey.d.test", key)
    checked = check(zone, signed(mail(), "d.test"))
    assert checked.vouched == "fail" and found(checked)["dkim"] in ("permerror", "fail")


def test_a_key_that_is_away_is_to_try_again(zone: Zone) -> None:
    zone.signs("d.test")
    zone.away.add(f"{SELECTOR}._domainkey.d.test")
    with pytest.raises(Unresolved):
        check(zone, signed(mail(), "d.test"))
    with pytest.raises(Unresolved):
        check(zone, signed(mail(), "d.test"), client=None)


def test_of_a_hundred_signatures_those_of_the_sender_come_first(zone: Zone) -> None:
    zone.signs("d.test")
    raw = signed(mail(), "d.test")
    junk = signed(mail(), "evil.test").partition(b"From:")[0]
    checked = check(zone, junk * 20 + raw)
    assert checked.vouched == "pass"
    assert sum(one.method == "dkim" for one in checked.results) == signatures.MOST_SIGNATURES
    zone.asked.clear()
    assert check(zone, junk * 100 + raw).vouched == "fail"
    assert len(zone.asked) < 20


def test_somebody_elses_signature_proves_nothing(zone: Zone) -> None:
    zone.signs("d.test")
    zone.signs("evil.test")
    checked = check(zone, signed(mail(), "evil.test"))
    assert checked.vouched == "fail" and found(checked)["dkim"] == "pass"


BODIES = st.lists(st.sampled_from([b"\r\n", b" ", b"\t", b"a", b"\r", b"\n", b"bc"]), max_size=60).map(b"".join)


@given(BODIES, st.booleans())
def test_the_body_is_hashed_as_dkimpy_does(body: bytes, relaxed: bool) -> None:
    canon = (Relaxed if relaxed else Simple).canonicalize_body(body + b"\r\n")  # type: ignore[no-untyped-call]
    for piece in (1, 7, 64 * 1024):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(signatures, "PIECE", piece)
            ours = signatures.Signed(b"x" + body + b"\r\n", 1, []).body_hash(relaxed=relaxed)
        assert ours == hashlib.sha256(canon).digest()


@pytest.mark.parametrize("body", [b" " * 3_000_000, b"\r\n" * 1_500_000, b"a b" * 1_000_000, b"\t\r\n" * 1_000_000])
def test_bodies_that_are_bombs(body: bytes) -> None:
    start = time.process_time()
    signatures.Signed(body, 0, []).body_hash(relaxed=True)
    assert time.process_time() - start < 3


SIGNATURE = "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=d.test; s=s; h=from; bh=AAAA; "
FOLDED = "\r\n " * 1300
BOMBS = {
    "spaces in b": f"{SIGNATURE}b={' ' * 3900}!\r\n" * 20,
    "spaces in h": f"{SIGNATURE}b=AAAA; x={' ' * 1900}:{' ' * 1900}\r\n" * 20,
    "folded b": f"{SIGNATURE}; b{FOLDED}!\r\n" * 20,
    "many tags": f"{SIGNATURE}{';'.join(f'x{n}=y' for n in range(500))}\r\n" * 20,
    "many signed": f"DKIM-Signature: v=1; a=rsa-sha256; d=d.test; s=s; h={'a:' * 1950}from; bh=AAAA; b=AAAA\r\n" * 20,
    "seals": "".join(f"ARC-Seal: i={n}; cv=pass; d=list.test; b={' ' * 3900}!\r\n" for n in range(1, 11)),
    "numbers": f"ARC-Seal: {'i ' * 2000}=1; d=list.test\r\n" * 20,
    "fields": "X: y\r\n" * 490,
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("client", [ELSEWHERE, None])
def test_headers_that_are_bombs(zone: Zone, bomb: str, client: Client | None) -> None:
    zone.signs("d.test")
    zone.key("list.test")
    start = time.process_time()
    assert check(zone, mail(more=BOMBS[bomb]), client=client, trusted=("list.test",)).vouched != "pass"
    assert time.process_time() - start < 3


def test_a_mail_that_is_all_header(zone: Zone) -> None:
    start = time.process_time()
    for piece in (b"X: y\r\n", b"X", b" \r\n", b"Received: x\r\n "):
        for client in (ELSEWHERE, None):
            assert (
                check(zone, mail().partition(b"\r\n\r\n")[0] + b"\r\n" + piece * 1_000_000, client=client).results == ()
            )
    assert time.process_time() - start < 3


def test_keys_that_are_bombs(zone: Zone) -> None:
    """A modulus and an exponent as big as fit into a record."""
    zone.signs("d.test")
    big = 8 * 720
    numbers = b"".join(b"\x02\x82" + (big // 8).to_bytes(2) + b"\x7f" * (big // 8) for _ in range(2))
    key = b64encode(b"\x30\x82" + len(numbers).to_bytes(2) + numbers).decode()
    zone.has(f"{SELECTOR}._domainkey.d.test", f"p={key}")
    assert len(key) < signatures.LONGEST_KEY
    start = time.process_time()
    assert found(check(zone, signed(mail(), "d.test")))["dkim"] == "permerror"
    assert time.process_time() - start < 0.2


# DMARC


def test_alignment(zone: Zone) -> None:
    zone.dmarc("d.test", "p=reject")
    zone.key("mail.d.test")
    raw = signed(mail(), "mail.d.test")
    assert check(zone, raw).vouched == "pass"
    zone.dmarc("d.test", "p=reject; adkim=s")
    assert check(zone, raw).vouched == "fail"
    zone.spf("bounce.d.test", "ip4:192.0.2.1 -all")
    assert check(zone, raw, client=HERE, sender="x@bounce.d.test").vouched == "pass"
    zone.dmarc("d.test", "p=reject; adkim=s; aspf=s")
    assert check(zone, raw, client=HERE, sender="x@bounce.d.test").vouched == "fail"


def test_a_public_suffix_speaks_for_nobody(zone: Zone) -> None:
    zone.signs("github.io")
    zone.dmarc("a.github.io", "p=reject")
    zone.signs("b.github.io")
    for by in ("github.io", "b.github.io"):
        assert check(zone, signed(mail("x@a.github.io"), by)).vouched == "fail"


@pytest.mark.parametrize(
    ("record", "where", "vouched"),
    [
        ("v=DMARC1; p=reject", "d.test", "fail"),
        ("v=DMARC1; p=quarantine", "d.test", "fail"),
        ("v=DMARC1; p=none", "d.test", "doubtful"),
        ("v=DMARC1; p=reject; pct=0", "d.test", "fail"),  # the next milder is "quarantine"
        ("v=DMARC1; p=quarantine; pct=0", "d.test", "doubtful"),
        ("v=DMARC1; p=none; sp=reject", "d.test", "doubtful"),
        ("v=DMARC1; p=none; sp=reject", "news.d.test", "fail"),
        ("v=DMARC1; p=reject; sp=none", "news.d.test", "doubtful"),
        ("v=DMARC1; rua=mailto:x@d.test", "d.test", "doubtful"),
        ("v=DMARC1", "d.test", "unknown"),
        ("v=DMARC2; p=reject", "d.test", "unknown"),
        ("", "d.test", "unknown"),
    ],
)
def test_what_domains_ask_for(zone: Zone, record: str, where: str, vouched: str) -> None:
    zone.has("_dmarc.d.test", record)
    assert check(zone, mail(f"dana@{where}"), sender="x@elsewhere.test").vouched == vouched


def test_a_mail_draws_its_lot_once(zone: Zone) -> None:
    zone.dmarc("d.test", "p=quarantine; pct=50")
    drawn = [check(zone, mail(text=str(number))).vouched for number in range(40)]
    assert set(drawn) == {"fail", "doubtful"}
    assert drawn == [check(zone, mail(text=str(number))).vouched for number in range(40)]


def test_while_dns_is_away_nothing_passes(zone: Zone) -> None:
    zone.signs("d.test")
    raw = signed(mail(), "d.test")
    zone.away = {"d.test"}  # SPF is not needed
    assert check(zone, raw).vouched == "pass"
    with pytest.raises(Unresolved):
        check(zone, mail())
    zone.away = {"_dmarc.d.test"}
    with pytest.raises(Unresolved):
        check(zone, raw)


# Without DMARC


@pytest.mark.parametrize(
    ("terms", "client", "vouched"),
    [
        ("ip4:192.0.2.0/24 -all", HERE, "pass"),
        ("ip4:192.0.2.0/24 -all", ELSEWHERE, "fail"),
        ("ip4:192.0.2.0/24 ~all", ELSEWHERE, "doubtful"),
        ("ip4:192.0.2.0/24 ?all", ELSEWHERE, "unknown"),
        ("+all", ELSEWHERE, "unknown"),
        ("broken", ELSEWHERE, "unknown"),
    ],
)
def test_a_domain_that_has_spf_alone(zone: Zone, terms: str, client: Client, vouched: str) -> None:
    zone.spf("d.test", terms)
    assert check(zone, mail(), client=client).vouched == vouched


def test_a_forwarder_without_srs(zone: Zone) -> None:
    """SPF fails, but whoever signed stands for the mail: it is looked at by a person."""
    zone.spf("d.test", "ip4:192.0.2.0/24 -all")
    zone.key("list.test")
    zone.key("d.test")
    assert check(zone, signed(mail(), "list.test")).vouched == "doubtful"
    assert check(zone, signed(mail(), "d.test")).vouched == "pass"
    refused = check(zone, mail())
    assert refused.vouched == "fail" and "198.51.100.7" in refused.why and "SPF" in refused.why
    zone.away.add(f"{SELECTOR}._domainkey.list.test")
    with pytest.raises(Unresolved):
        check(zone, signed(mail(), "list.test"))


def test_another_envelope_sender_says_nothing_of_from(zone: Zone) -> None:
    zone.spf("evil.test", "ip4:198.51.100.7 -all")
    assert check(zone, mail(), sender="eve@evil.test").vouched == "unknown"
    zone.spf("evil.test", "-all")
    assert check(zone, mail(), sender="eve@evil.test").vouched == "unknown"


def test_a_broken_signature_where_good_ones_are_known(zone: Zone) -> None:
    zone.key("d.test")
    assert check(zone, signed(mail(), "d.test").replace(b"Hello", b"Hallo")).vouched == "doubtful"


# From


@pytest.mark.parametrize(
    "sender",
    [
        "dana@d.test, eve@evil.test",
        "dana@d.test\r\nFrom: eve@evil.test",
        "Friends: dana@d.test;",
        "Friends:;",
        "",
        "nobody",
        "dana@d.test\0",
        "x" * 3000 + " <dana@d.test>",
    ],
)
def test_from_that_is_not_one_mailbox(zone: Zone, sender: str) -> None:
    zone.signs("d.test")
    checked = check(zone, mail(sender))
    assert checked.vouched == "fail" and checked.why


@pytest.mark.parametrize("sender", ["dana@localhost", "dana@[192.0.2.1]", "dana@1.2.3.4", "dana@faß.test", "dana@d.."])
def test_from_at_what_is_no_domain(zone: Zone, sender: str) -> None:
    zone.signs("fass.test")
    assert check(zone, signed(mail(sender), "fass.test")).vouched == "doubtful"


def test_domains_that_look_alike_are_others(zone: Zone) -> None:
    zone.signs("d.test")
    zone.dmarc("xn--d-8ta.test", "p=reject")
    for sender in ("dana@ԁ.test", "dana@d\u0323.test"):
        assert check(zone, signed(mail(sender), "d.test")).vouched != "pass"


def test_a_domain_in_unicode(zone: Zone) -> None:
    zone.signs("xn--bcher-kva.test")
    raw = signed(mail("dana@Bücher.test"), "xn--bcher-kva.test")
    assert check(zone, raw).vouched == "pass"


@pytest.mark.parametrize(
    "more", ["X: " + "y" * 140_000 + "\r\n", "X: y\r\n" * 600, "Received: x\r\n" * 101, "X: a\0b\r\n"]
)
def test_headers_that_can_be_read_in_two_ways(zone: Zone, more: str) -> None:
    zone.signs("d.test")
    assert check(zone, signed(mail(more=more), "d.test")).vouched == "fail"


@pytest.mark.parametrize("more", ["X: a\nFrom: eve@evil.test\r\n", "no field\r\n", "X : y\r\n", "X: a\rb\r\n"])
def test_only_a_header_to_the_letter_is_signed(zone: Zone, more: str) -> None:
    zone.signs("d.test")
    assert (
        check(zone, signed(mail(), "d.test").replace(b"\r\n\r\n", b"\r\n" + more.encode() + b"\r\n", 1)).vouched
        == "fail"
    )


# ARC: forwarded, and changed on the way


def forwarded(zone: Zone) -> bytes:
    zone.signs("d.test")
    zone.key("list.test")
    zone.key("evil.test")
    return signed(mail(), "d.test").replace(b"Hello", b"Hello\r\n-- \r\nThe list")


def test_a_trusted_server_changed_it(zone: Zone) -> None:
    raw = sealed(forwarded(zone), "list.test", PASSED)
    checked = check(zone, raw, trusted=("list.test",))
    assert checked.vouched == "pass" and found(checked) == {
        "spf": "none",
        "dkim": "fail",
        "arc": "pass",
        "dmarc": "fail",
    }
    assert check(zone, raw).vouched == "fail"
    assert check(zone, raw, trusted=("other.test", "test")).vouched == "fail"


def test_what_was_changed_after_the_seal(zone: Zone) -> None:
    raw = sealed(forwarded(zone), "list.test", PASSED)
    for old, new in ((b"Hello", b"Hallo"), (b"dmarc=pass", b"dmarc=none"), (b"From: Dana", b"From: Eve")):
        assert old in raw
        checked = check(zone, raw.replace(old, new), trusted=("list.test",))
        assert checked.vouched == "fail" and found(checked)["arc"] == "fail"


def test_what_the_sealer_did_not_see(zone: Zone) -> None:
    for claimed in (
        Result("dmarc", "fail", {"header.from": "d.test"}),
        Result("dmarc", "pass", {"header.from": "evil.test"}),
        Result("dkim", "pass", {"header.d": "evil.test"}),
    ):
        raw = sealed(forwarded(zone), "list.test", claimed)
        assert check(zone, raw, trusted=("list.test",)).vouched == "fail"


def test_two_sealers(zone: Zone) -> None:
    zone.key("relay.test")
    zone.key("list.test")
    arc = Result("arc", "pass")
    twice = sealed(sealed(forwarded(zone), "relay.test", PASSED), "list.test", arc)
    assert check(zone, twice, trusted=("list.test", "relay.test")).vouched == "pass"
    # What list.test was told it does not vouch for, and relay.test is not the last.
    assert check(zone, twice, trusted=("list.test",)).vouched == "fail"
    assert check(zone, twice, trusted=("relay.test",)).vouched == "fail"
    # Nor can somebody put their own seal under that of another.
    forged = sealed(sealed(forwarded(zone), "evil.test", PASSED), "list.test", arc)
    assert check(zone, forged, trusted=("list.test",)).vouched == "fail"


def test_a_header_that_names_two_instances(zone: Zone) -> None:
    """dkimpy takes the first "i=" it finds for the number, and the tag "i" to look for what was signed."""
    zone.key("list.test")
    good = sealed(signed(mail(), "d.test"), "list.test", PASSED)
    head, _, body = good.partition(b"\r\n\r\n")
    start = head.index(b"ARC-Message-Signature:")
    old = head[start : head.index(b"ARC-Authentication-Results:")]
    new = old.replace(b" i=1;", b" xi=2; i=1;", 1)
    raw = new + head + b"\r\n\r\n" + body.replace(b"Hello", b"Forged")
    zone.dmarc("d.test", "p=reject")
    checked = check(zone, raw, trusted=("list.test",))
    assert checked.vouched == "fail" and "arc" not in found(checked)


@pytest.mark.parametrize("change", ["double", "missing", "many", "no number"])
def test_chains_that_are_none(zone: Zone, change: str) -> None:
    raw = sealed(forwarded(zone), "list.test", PASSED)
    seal = raw[: raw.index(b"ARC-Message-Signature")]
    changed = {
        "double": seal + raw,
        "missing": raw[len(seal) :],
        "many": seal.replace(b"i=1", b"i=11") + raw,
        "no number": raw.replace(b"ARC-Seal: i=1", b"ARC-Seal: i=one"),
    }[change]
    checked = check(zone, changed, trusted=("list.test",))
    assert checked.vouched == "fail" and "arc" not in found(checked)


def test_a_seal_whose_key_is_away(zone: Zone) -> None:
    raw = sealed(forwarded(zone), "list.test", PASSED)
    zone.away.add(f"{SELECTOR}._domainkey.list.test")
    with pytest.raises(Unresolved):
        check(zone, raw, trusted=("list.test",))


# Behind a relay


def test_behind_a_relay_only_signatures_are_told(zone: Zone) -> None:
    zone.signs("d.test")
    zone.spf("d.test", "-all")
    assert check(zone, signed(mail(), "d.test"), client=None).vouched == "pass"
    for raw in (
        mail(),
        signed(mail(), "d.test").replace(b"Hello", b"Hallo"),
        mail("a@d.test, b@d.test"),
        b"",
        b"\0\xff",
    ):
        assert check(zone, raw, client=None).vouched == "unknown"


# What it costs


def test_there_is_an_end_to_questions(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "MOST_LOOKUPS", 1)
    with pytest.raises(Unresolved):
        check(zone, mail())
    monkeypatch.undo()
    monkeypatch.setattr(resolving, "CHECK_SECONDS", -1)
    with pytest.raises(Unresolved):
        Bounded(zone)("d.test", "TXT")


def test_what_is_found_can_be_written_and_read(zone: Zone) -> None:
    zone.signs("d.test")
    checked = check(
        zone, signed(mail(), "d.test"), sender='"; dmarc=pass\r\nX: y@e vil.test', client=Client("x", '"\\\r\n')
    )
    name, _, value = write_results("mx.test", checked.results).decode().partition(":")
    read = read_results(" ".join(value.split()))
    assert name == "Authentication-Results" and read is not None and read[0] == "mx.test"
    assert [(one.method, one.result) for one in read[1]] == [(one.method, one.result) for one in checked.results]


KINDS: tuple[Kind, ...] = ("TXT", "A", "AAAA", "MX", "PTR")


@given(st.text(max_size=300), st.text(max_size=100), st.binary(max_size=300))
def test_whatever_is_written_there(record: str, sender: str, raw: bytes) -> None:
    answer = record.encode("utf-8", "replace").decode("latin-1")
    zone = Zone({(name, kind): (answer,) for name in ("d.test", "_dmarc.d.test") for kind in KINDS if kind != "MX"})
    zone.has(f"{SELECTOR}._domainkey.d.test", answer)
    for content in (raw, mail(), b"DKIM-Signature:" + raw + b"\r\n" + mail()):
        assert check(zone, content, sender=sender).vouched != "pass"
        assert check(zone, signed_once() + content).vouched != "pass"


def signed_once() -> bytes:
    return b"DKIM-Signature: v=1; a=rsa-sha256; d=d.test; s=s; h=from; bh=AAAA; b=AAAA\r\n"
