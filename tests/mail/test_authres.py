"""Authentication-Results: what servers write is read, what others forge is not believed."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_app.mail.authres import (
    Result,
    read_results,
    trusted_results,
    verdict,
    vouched,
    without_results,
    write_results,
)
from channels_app.mail.headers import read_headers
from channels_app.mail.model import Limits
from tests.mail.mails import eml

OURS = ("mx.acme.test",)
PASS = "mx.acme.test; dmarc=pass header.from=d.test"
FAIL = "mx.acme.test; dmarc=fail header.from=d.test"
FORGED = "mx.evil.test; dmarc=pass header.from=d.test"


def fields(*values: str) -> list[tuple[str, str]]:
    return [("Received" if value == "hop" else "Authentication-Results", value) for value in values]


@pytest.mark.parametrize(
    ("value", "server", "results"),
    [  # the examples of RFC 8601, appendix B
        ("example.org 1; none", "example.org", ()),
        ("example.org", None, ()),
        ('"example.org" 1;', "example.org", ()),
        ("example.org 2; spf=pass", None, ()),
        (
            "example.com; spf=pass smtp.mailfrom=example.net",
            "example.com",
            (Result("spf", "pass", {"smtp.mailfrom": "example.net"}),),
        ),
        (
            "foo.example.net (foobar) 1 (baz); dkim (Because I like it) / 1 (One yay) = (wait for it) fail policy "
            '(A dot can go here) . (like that) expired (this surprised me) = (as I wasn\'t expecting it) "136 2" '
            "(see above)",
            "foo.example.net",
            (Result("dkim", "fail", {"policy.expired": "136 2"}),),
        ),
        (
            'Example.com; dkim=fail reason="bad ; (signature)" header.d=newyork.example.com; spf/2=pass; SPF=None',
            "example.com",
            (
                Result("dkim", "fail", {"reason": "bad ; (signature)", "header.d": "newyork.example.com"}),
                Result("spf", "none"),
            ),
        ),
    ],
)
def test_the_grammar(value: str, server: str | None, results: tuple[Result, ...]) -> None:
    assert read_results(value) == (None if server is None else (server, results))


def test_what_a_real_server_writes() -> None:
    order = read_headers(eml("quirks/gmail_ndn_group.eml"), 0, 1 << 20, Limits())[0].order
    assert [one.method for one in trusted_results(order, ["mx.google.com"])] == ["dkim", "spf", "dmarc"]
    assert vouched(order, ["MX.google.com"], "googlemail.com") == "pass"
    assert vouched(order, ["mx.google.com"], "gmail.com") == "unknown"
    assert vouched(order, OURS, "googlemail.com") == "unknown"


@pytest.mark.parametrize(
    ("results", "answer"),
    [
        ("dmarc=pass header.from=D.test.", "pass"),
        ("dmarc=pass", "pass"),
        ("dmarc=pass header.from=other.test", "unknown"),
        ("dmarc=pass; dmarc=fail", "fail"),
        ("dmarc=pass; dmarc=none", "unknown"),
        ("dmarc=fail; dkim=pass header.d=d.test", "fail"),
        ("dmarc=none; dkim=pass header.d=d.test", "pass"),
        ("dkim=pass header.i=@d.test", "pass"),
        ("dkim=pass header.i=dana@mail.d.test header.d=d.test", "pass"),
        ("dkim=pass header.d=mail.d.test", "unknown"),
        ("dkim=pass header.d=test", "unknown"),
        ("dkim=pass header.d=evil.test; dkim=fail header.d=d.test", "doubtful"),
        ("spf=pass smtp.mailfrom=dana@d.test", "pass"),
        ("spf=pass smtp.helo=d.test", "unknown"),
        ("spf=softfail smtp.mailfrom=d.test", "doubtful"),
        ("spf=fail smtp.mailfrom=d.test; dkim=pass header.d=d.test", "pass"),
        ("spf=fail smtp.mailfrom=evil.test; dkim=fail header.d=evil.test", "unknown"),
        ("spf=neutral smtp.mailfrom=d.test; dkim=none", "unknown"),
        ('spf=pass smtp.mailfrom="x; dmarc=pass header.from=d.test"@evil.test', "unknown"),
        ("iprev=pass policy.iprev=d.test", "unknown"),
    ],
)
def test_who_vouches_for_a_domain(results: str, answer: str) -> None:
    assert vouched(fields(f"mx.acme.test; {results}"), OURS, "d.test") == answer


def test_a_domain_above_speaks_for_one_below() -> None:
    one = Result("dkim", "pass", {"header.d": "d.test"})
    assert (verdict([one], "mail.d.test"), verdict([one], "evil-d.test"), verdict([one], "")) == (
        "pass",
        "unknown",
        "unknown",
    )


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        ((PASS,), "pass"),
        (("hop", PASS, "hop", FORGED), "pass"),
        (("mx.acme.test; dkim=fail", PASS), "pass"),
        ((FORGED, PASS), "unknown"),
        ((FAIL, PASS), "fail"),
        (("mx.acme.test; dmarc=none", PASS), "unknown"),
        (("mx.acme.test; spf=none", "hop", PASS), "unknown"),
        (("mx.acme.test; spf=none", FORGED, PASS), "unknown"),
        (("mx.acme.test (", PASS), "unknown"),
        (("mx.acme.test.evil.test; dmarc=pass",), "unknown"),
        ((), "unknown"),
    ],
)
def test_only_what_stands_on_top_is_believed(values: tuple[str, ...], answer: str) -> None:
    assert vouched(fields(*values), OURS, "d.test") == answer


def test_nobody_is_trusted_by_default() -> None:
    assert vouched(fields(PASS, "; dmarc=pass"), (), "d.test") == "unknown"


PIECES = st.sampled_from(
    ["mx.acme.test", ";", "dmarc", "=", "pass", " ", "(", ")", '"', "\\", ".", "header.from", "d.test", "/", "1", "@"]
)


@given(st.text(max_size=200) | st.lists(PIECES, max_size=40).map("".join))
def test_no_text_raises(value: str) -> None:
    read_results(value)
    vouched(fields(value, f"mx.acme.test; {value}"), OURS, "d.test")


@pytest.mark.parametrize("piece", ["(", "\\(", '"', '"" ', "a", "a ", " ", "a=", "a.", ";", "a=b ", "=", "(()"])
def test_bombs_are_defused(piece: str) -> None:
    start = time.process_time()
    read_results(f"mx.acme.test; dkim=pass {piece * 16_000}")
    assert time.process_time() - start < 2


VALUES = st.text(max_size=80)


@given(VALUES, VALUES)
def test_what_we_write_says_what_we_found(reason: str, domain: str) -> None:
    wrote = write_results("mx.acme.test", [Result("dkim", "fail", {"reason": reason, "header.d": domain})])
    lines = wrote.split(b"\r\n")
    assert lines[-1] == b"" and all(line.startswith(b"\t") for line in lines[1:-1])
    server, (one,) = read_results(" ".join(wrote.decode("ascii").partition(":")[2].split())) or ("", (FOUND,))
    assert (server, one.method, one.result, set(one.properties)) == (
        "mx.acme.test",
        "dkim",
        "fail",
        {"reason", "header.d"},
    )


FOUND = Result("", "")


def test_that_nothing_was_found_is_told_as_well() -> None:
    assert read_results(write_results("mx.test", []).decode().partition(":")[2]) == ("mx.test", ())


def test_what_others_write_in_our_name_is_taken_off() -> None:
    ours = b"Authentication-Results: MX.acme.test;\r\n\tdmarc=pass\r\n"
    broken = b"authentication-results : mx.acme.test (\r\n"
    kept = b"Authentication-Results: mx.other.test; dmarc=fail\r\nX-Authentication-Results: mx.acme.test; spf=pass\r\n"
    body = b"\r\nAuthentication-Results: mx.acme.test; none\r\n"
    head = b"A: b\r\n" + ours + kept + broken + b"C: d\r\n"
    expected = b"A: b\r\n" + kept + b"C: d\r\n" + body
    assert without_results(head + body, len(head) + 2, "mx.acme.test") == expected
