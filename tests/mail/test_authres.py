"""Only what a trusted server wrote on top counts; anybody can write the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_app.mail.authres import Verdict, vouched_for

TRUSTED = ["mx.acme.test"]


def _mail(*results: str) -> bytes:
    head = [f"Authentication-Results: {one}" for one in results]
    return "\r\n".join([*head, "From: gus@g.test", "", "hello", ""]).encode()


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        (["mx.acme.test; dmarc=pass header.from=g.test"], "pass"),
        (["MX.Acme.Test 1; dkim=pass (2048-bit key) header.d=g.test header.s=x"], "pass"),
        (["mx.acme.test;\r\n spf=pass smtp.mailfrom=gus@g.test;\r\n dkim=none"], "pass"),
        (["mx.acme.test; dkim=none", "mx.acme.test; dmarc=pass header.from=g.test"], "pass"),
        (["mx.acme.test; dmarc=fail header.from=g.test; dkim=pass header.d=g.test"], "fail"),
        (["mx.acme.test; dmarc=pass header.from=evil.test"], "none"),
        (["mx.acme.test; dkim=pass header.d=evil.test"], "none"),
        (["mx.acme.test; dkim=pass header.d=test"], "none"),
        (["mx.acme.test; dkim=fail header.d=g.test"], "none"),
        (["mx.acme.test; none"], "none"),
        (["evil.test; dmarc=pass header.from=g.test"], "none"),
        (["evil.test; none", "mx.acme.test; dmarc=pass header.from=g.test"], "none"),
        (["mx.acme.test; dkim=none (dmarc=pass header.from=g.test)"], "none"),
        (['mx.acme.test; dkim=none reason="; dmarc=pass header.from=g.test"'], "none"),
        ([""], "none"),
        ([], "none"),
    ],
)
def test_who_vouches_for_the_sender(results: list[str], verdict: Verdict) -> None:
    assert vouched_for(_mail(*results), "g.test", TRUSTED) == verdict


def test_nobody_is_trusted_unless_named() -> None:
    assert vouched_for(_mail("mx.acme.test; dmarc=pass header.from=g.test"), "g.test", []) == "none"


@given(st.binary(max_size=400), st.text(max_size=20))
def test_any_bytes_get_an_answer(value: bytes, domain: str) -> None:
    raw = b"Authentication-Results: mx.acme.test; " + value + b"\r\n\r\n"
    assert vouched_for(raw, domain, TRUSTED) in ("pass", "fail", "none")
