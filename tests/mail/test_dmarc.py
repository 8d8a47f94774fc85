"""DMARC records and domains: who speaks for whom, and what they ask for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_app.mail.addresses import has_group
from channels_app.mail.dmarc import Policy, read_policy
from channels_app.mail.domains import aligned, ascii_domain, organizational


@pytest.mark.parametrize(
    ("record", "policy"),
    [
        ("v=DMARC1; p=reject", Policy("reject", "reject")),
        ("v=DMARC1;p=none;", Policy("none", "none")),
        ("v = DMARC1 ; p = Quarantine ; sp = reject", Policy("quarantine", "reject")),
        (
            "v=DMARC1; p=reject; adkim=s; aspf=S; pct=20; rua=mailto:a@d.test; fo=1; unknown",
            Policy("reject", "reject", True, True, 20),
        ),
        ("v=DMARC1; p=reject; pct=many", Policy("reject", "reject")),
        ("v=DMARC1; p=reject; pct=-1", Policy("reject", "reject")),
        ("v=DMARC1; p=reject; pct=999", Policy("reject", "reject")),
        ("v=DMARC1; p=reject; p=none", Policy("reject", "reject")),
        ("v=DMARC1; p=reject; sp=whatever", None),
        ("v=DMARC1; p=whatever; rua=mailto:a@d.test", Policy("none", "none")),
        ("v=DMARC1", None),
        ("v=DMARC10; p=reject", None),
        ("v=dmarc1; p=reject", None),
        (" v=DMARC1; p=reject", None),
        ("p=reject; v=DMARC1", None),
        ("v=DMARC1; p=reject; " + "x" * 3000, None),
        ("", None),
    ],
)
def test_records(record: str, policy: Policy | None) -> None:
    assert read_policy([record]) == policy
    assert read_policy(["v=spf1 -all", record]) == policy


def test_two_records_are_none() -> None:
    assert read_policy(["v=DMARC1; p=reject", "v=DMARC1; p=none"]) is None
    assert read_policy([]) is None


def test_of_a_part_of_the_mail_the_rest_gets_the_next_milder() -> None:
    policy = Policy("reject", "quarantine", percent=20)
    assert [policy.asks(below=False, lot=lot) for lot in (0, 19, 20, 99)] == ["reject"] * 2 + ["quarantine"] * 2
    assert [policy.asks(below=True, lot=lot) for lot in (0, 20)] == ["quarantine", "none"]
    assert Policy("none", "none", percent=0).asks(below=False, lot=50) == "none"


@pytest.mark.parametrize(
    ("value", "domain"),
    [
        ("Dana@Mail.D.test.", "mail.d.test"),
        ("d.test", "d.test"),
        ("a@b@d.test", "d.test"),
        ("bücher.test", "xn--bcher-kva.test"),
        ("dana@Bücher.TEST", "xn--bcher-kva.test"),
        ("_dmarc.d.test", "_dmarc.d.test"),
        ("localhost", ""),
        ("d..test", ""),
        (".test", ""),
        ("-d.test", ""),
        ("[192.0.2.1]", ""),
        ("192.0.2.1", ""),
        ("d.te st", ""),
        ("d.test\0", ""),
        ("x" * 64 + ".test", ""),
        ("x." * 200 + "test", ""),
        ("ü" * 300 + ".test", ""),
        ("faß.test", ""),
        ("", ""),
    ],
)
def test_domains(value: str, domain: str) -> None:
    assert ascii_domain(value) == domain


@pytest.mark.parametrize(
    ("domain", "above"),
    [
        ("d.test", "d.test"),
        ("a.b.d.co.uk", "d.co.uk"),
        ("co.uk", ""),
        ("com", ""),
        ("x.github.io", "x.github.io"),
        ("", ""),
    ],
)
def test_the_domain_that_somebody_registered(domain: str, above: str) -> None:
    assert organizational(domain) == above


@pytest.mark.parametrize(
    ("by", "domain", "relaxed", "strict"),
    [
        ("d.test", "d.test", True, True),
        ("mail.d.test", "d.test", True, False),
        ("d.test", "mail.d.test", True, False),
        ("a.d.test", "b.d.test", True, False),
        ("evil-d.test", "d.test", False, False),
        ("a.co.uk", "b.co.uk", False, False),
        ("co.uk", "b.co.uk", False, False),
        ("test", "d.test", False, False),
        ("", "", False, False),
        ("", "d.test", False, False),
    ],
)
def test_who_is_aligned(by: str, domain: str, relaxed: bool, strict: bool) -> None:
    assert aligned(by, domain) is relaxed
    assert aligned(by, domain, strict=True) is strict


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("Friends: a@b.test;", True),
        ("undisclosed-recipients:;", True),
        ("a@b.test;", True),
        ("Dana <dana@d.test>", False),
        ('"Dana: of D; Ltd" <dana@d.test>', False),
        ("dana@d.test (at: home;)", False),
        ("<@relay.test:dana@d.test>", False),
        ("", False),
    ],
)
def test_groups(value: str, is_one: bool) -> None:
    assert has_group(value) is is_one


@given(st.text(max_size=300))
def test_no_text_raises(value: str) -> None:
    read_policy([value, f"v=DMARC1;{value}"])
    assert aligned(ascii_domain(value), "d.test") in (True, False)
    has_group(value)
