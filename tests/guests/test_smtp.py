"""Roost as the MX: mail from the internet over a real socket, and who is believed there."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from channels_app.files import storage
from channels_app.guests import addresses, members
from channels_app.guests.models import ContactRequest
from channels_app.guests.receiving import inwards, lmtp, smtp
from channels_app.guests.receiving.checks.checker import Checker
from channels_app.guests.receiving.checks.verdicts import Checked
from channels_app.guests.receiving.lmtp import Listener
from channels_app.guests.receiving.smtp import SmtpListener
from channels_app.letters.models import Quarantined
from tests.cast import Cast, gather
from tests.guests.post import Post
from tests.guests.test_checks import PASSED
from tests.guests.test_lmtp import connect as connect_lmtp
from tests.guests.test_lmtp import eventually, hand_over, listening
from tests.guests.zones import SELECTOR, Zone, sealed, signed

HERE = "127.0.0.1"
Reply = tuple[int, str]


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """The listener's threads see what is committed."""
    return gather()


@pytest.fixture
def zone() -> Zone:
    """Dana's provider signs and asks to refuse the rest; Bob's company has SPF alone; Eve's is all well set up."""
    zone = Zone()
    zone.signs("d.test")
    zone.spf("a.test", f"ip4:{HERE} -all")
    zone.signs("evil.test", "p=none")
    return zone


@contextlib.contextmanager
def running(zone: Zone, certificate: Path | None = None, opened: socket.socket | None = None) -> Iterator[SmtpListener]:
    checker = Checker(zone)
    with listening(lambda: SmtpListener("127.0.0.1:0", checker, opened=opened, certificate=certificate)) as listener:
        assert isinstance(listener, SmtpListener)
        yield listener
    checker.close()


@pytest.fixture
def mx(post: Post, zone: Zone) -> Iterator[SmtpListener]:
    with running(zone) as listener:
        yield listener


def connect(listener: Listener) -> smtplib.SMTP:
    client = smtplib.SMTP("127.0.0.1", listener.port, local_hostname="mx.d.test", timeout=20)
    client.ehlo()
    return client


def send(client: smtplib.SMTP, raw: bytes, to: str, sender: str = "dana@d.test") -> Reply:
    assert client.mail(sender)[0] == 250
    code, text = client.rcpt(to)
    if code == 250:
        code, text = client.data(raw)
    if code != 250:
        client.rset()
    return code, text.decode()


def test_what_it_offers(mx: SmtpListener) -> None:
    client = connect(mx)
    offered = {"size", "8bitmime", "smtputf8", "pipelining", "enhancedstatuscodes", "limits"}
    assert set(client.esmtp_features) == offered and client.esmtp_features["limits"] == "RCPTMAX=1"
    assert client.docmd("LHLO", "x")[0] == 500
    assert client.docmd("VRFY", "dana@d.test") == (252, b"2.5.0 Who is here is not told.")
    assert client.docmd("EXPN", "all")[0] == 502
    assert client.docmd("AUTH", "PLAIN AAAA")[0] == 502
    assert client.docmd("STARTTLS")[0] == 454
    assert client.docmd("DATA")[0] == 503
    assert client.helo("x")[0] == 250
    assert client.quit()[0] == 221


def test_a_guest_writes(post: Post, mx: SmtpListener) -> None:
    client = connect(mx)
    assert send(client, signed(post.mail("Signed"), "d.test"), post.signed)[0] == 250
    assert send(client, signed(post.mail("To the channel"), "d.test"), post.plain)[0] == 250
    assert [(row.text, row.author) for row in post.all()] == [
        ("Signed", post.cast.dana),
        ("To the channel", post.cast.dana),
    ]


def test_a_member_writes_from_the_companys_server(post: Post, mx: SmtpListener) -> None:
    client = connect(mx)
    assert send(client, post.mail("By SPF", sender="bob@a.test"), post.plain, "bob@a.test")[0] == 250
    assert post.last().author == post.cast.bob
    code, text = send(client, post.mail(sender="alice@b.test"), post.plain, "alice@b.test")
    assert (code, text[:5]) == (550, "5.7.1") and len(post.all()) == 1


def test_a_spoofed_guest_is_refused(post: Post, zone: Zone, mx: SmtpListener) -> None:
    client = connect(mx)
    for raw in (
        post.mail(),
        signed(post.mail(), "evil.test"),
        signed(post.mail("Yes"), "d.test").replace(b"Yes", b"No."),
        post.mail(authentication_results=f"{django_settings.MAIL_DOMAIN}; dmarc=pass header.from=d.test"),
        post.mail(sender="dana@d.test, eve@evil.test"),
        post.mail(sender="Dana: dana@d.test;"),
        post.mail(auto_submitted="auto-replied"),
    ):
        for to in (post.signed, post.plain):
            code, text = send(client, raw, to)
            assert (code, text[:5]) == (550, "5.7.1")
    assert "DMARC" in send(client, post.mail(), post.signed)[1]
    zone.has("_dmarc.d.test")
    zone.spf("d.test", "-all")
    code, text = send(client, post.mail(), post.signed)
    assert code == 550 and HERE in text and "SPF" in text
    assert post.untouched()


def test_what_trusted_servers_say_counts_only_where_they_hand_it_over(
    post: Post, mx: SmtpListener, settings: Settings
) -> None:
    settings.TRUSTED_AUTHSERV = ["mx.acme.test"]
    forged = post.mail(authentication_results="mx.acme.test; dmarc=pass header.from=d.test")
    assert send(connect(mx), forged, post.plain)[0] == 550
    assert post.untouched()


def test_a_domain_that_proves_itself_but_asks_for_nothing(post: Post, zone: Zone, mx: SmtpListener) -> None:
    """As gmail.com does: whoever knows a signed address is not yet a guest."""
    zone.dmarc("d.test", "p=none")
    client = connect(mx)
    assert send(client, post.mail("Forged"), post.signed)[0] == 250
    assert not post.all() and post.kept() == ["nothing proves the sender, whose domain could (DMARC, SPF or DKIM)"]
    assert send(client, signed(post.mail("Real"), "d.test"), post.signed)[0] == 250
    assert post.last().text == "Real"


def test_a_domain_of_which_nothing_is_known(post: Post, zone: Zone, mx: SmtpListener) -> None:
    zone.records.clear()
    client = connect(mx)
    assert send(client, post.mail("At the signed address"), post.signed)[0] == 250
    assert send(client, post.mail("At the channel's"), post.plain)[0] == 250
    assert [row.text for row in post.all()] == ["At the signed address"]
    assert post.kept() == ["nobody vouches for the sender"]


def test_somebody_else_at_a_guests_address(post: Post, mx: SmtpListener) -> None:
    client = connect(mx)
    raw = signed(post.mail(sender="eve@evil.test"), "evil.test")
    code, text = send(client, raw, post.signed, "eve@evil.test")
    assert code == 550 and "somebody else" in text
    assert send(client, raw, post.plain, "eve@evil.test")[0] == 550
    assert post.untouched()
    assert send(client, post.mail("I answer all", sender="bob@a.test"), post.signed, "bob@a.test")[0] == 250
    assert post.last().author == post.cast.bob
    assert send(client, post.mail(sender="bob@a.test"), post.signed, "")[0] == 250  # a program's: dropped
    assert len(post.all()) == 1


def test_strangers_at_a_members_address(post: Post, zone: Zone, mx: SmtpListener) -> None:
    client, bob = connect(mx), members.address(post.cast.bob)
    assert send(client, signed(post.mail(sender="eve@evil.test"), "evil.test"), bob, "eve@evil.test")[0] == 250
    assert [row.email for row in ContactRequest.objects.all()] == ["eve@evil.test"]
    code, text = send(client, post.mail(), bob)
    assert code == 550 and "p=reject" in text  # the words of the check itself
    assert not post.kept() and ContactRequest.objects.count() == 1


def test_the_same_mail_again(post: Post, mx: SmtpListener) -> None:
    raw, client = signed(post.mail("Once"), "d.test"), connect(mx)
    assert [send(client, raw, post.signed)[0] for _ in range(3)] == [250] * 3
    assert [row.text for row in post.all()] == ["Once"]


def test_a_list_in_between(post: Post, zone: Zone, mx: SmtpListener, settings: Settings) -> None:
    zone.key("list.test")
    changed = signed(post.mail("Hello"), "d.test").replace(b"Hello", b"Hello, list")
    client, raw = connect(mx), sealed(changed, "list.test", PASSED)
    assert send(client, raw, post.signed)[0] == 550
    settings.TRUSTED_ARC = ["List.test"]
    assert send(client, raw, post.signed)[0] == 250
    assert post.last().text == "Hello, list"


def test_while_dns_is_away(post: Post, zone: Zone, mx: SmtpListener, monkeypatch: pytest.MonkeyPatch) -> None:
    client, raw = connect(mx), signed(post.mail(), "d.test")
    zone.away.add(f"{SELECTOR}._domainkey.d.test")
    assert send(client, raw, post.signed)[0] == 451
    zone.away.clear()
    with monkeypatch.context() as patch:
        patch.setattr("channels_app.guests.receiving.checks.verdicts.check", lambda *_, **__: 1 / 0)
        assert send(client, raw, post.signed)[0] == 451
        patch.setattr("channels_app.guests.receiving.checks.checker.MOST_AT_ONCE", 0)
        assert send(client, raw, post.signed)[0] == 451
    assert post.untouched()
    assert send(client, raw, post.signed)[0] == 250


def test_what_is_kept_has_our_findings_on_top(post: Post, zone: Zone, mx: SmtpListener) -> None:
    zone.dmarc("d.test", "p=none")
    ours = django_settings.MAIL_DOMAIN
    raw = post.mail(authentication_results=f"{ours}; dmarc=pass header.from=d.test")
    assert send(connect(mx), raw, post.signed)[0] == 250
    kept = storage.path(Quarantined.objects.get().key).read_bytes()
    assert kept.startswith(f"Authentication-Results: {ours};\r\n\tspf=none".encode())
    assert kept.count(b"Authentication-Results") == 1 and b"dmarc=fail header.from=d.test" in kept
    assert send(connect(mx), raw, post.signed)[0] == 250
    assert Quarantined.objects.count() == 1


def test_one_recipient_at_a_time(post: Post, mx: SmtpListener) -> None:
    secret = addresses.channel_address(post.cast.secret)
    client, raw = connect(mx), signed(post.mail("Hi"), "d.test")
    client.mail("dana@d.test")
    assert [client.rcpt(to)[0] for to in (post.signed, secret, "nobody@nowhere.test")] == [250, 452, 452]
    assert client.data(raw)[0] == 250
    assert send(client, raw, secret)[0] == 550
    assert [row.text for row in post.all()] == ["Hi"] and not post.all(post.cast.secret)


def test_nothing_is_relayed_and_nobody_is_found_by_trying(post: Post, mx: SmtpListener) -> None:
    client = connect(mx)
    domain = post.plain.partition("@")[2]
    client.mail("eve@evil.test")
    names = ["bob@a.test", "postmaster@evil.test", f"bob%a.test@{domain}", f"@{domain}:bob@a.test"]
    assert [client.rcpt(name)[0] // 100 for name in names] == [5] * 4
    assert [client.rcpt(f"nothing{number}@{domain}")[0] for number in range(2)] == [550, 421]
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.noop()
    assert send(connect(mx), signed(post.mail(), "d.test"), post.signed)[0] == 250


def test_one_address_has_so_many_connections(mx: SmtpListener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "CONNECTIONS_EACH", 2)
    one, _two = connect(mx), connect(mx)
    with pytest.raises(smtplib.SMTPConnectError) as full:
        connect(mx)
    assert full.value.smtp_code == 421
    other = smtplib.SMTP(source_address=("127.0.0.2", 0))
    assert other.connect("127.0.0.1", mx.port)[0] == 220
    monkeypatch.setattr(lmtp, "CONNECTIONS", 3)
    with pytest.raises(smtplib.SMTPConnectError):
        smtplib.SMTP("127.0.0.1", mx.port, source_address=("127.0.0.3", 0))
    one.close()
    eventually(lambda: len(mx._open) == 2)
    assert connect(mx).noop()[0] == 250


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:1::1", "2001:db8::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
    ],
)
def test_whose_addresses_are_whose(one: str, other: str, same: bool) -> None:
    assert (smtp._network(one) == smtp._network(other)) is same


@pytest.mark.parametrize(
    "junk", [b"\0\r\n", b"\xff\xfe\r\n", b"RCPT TO:<\xff>\r\n", b"MAIL FROM:<<>\r\n", b"x" * 300_000, b"STARTTLS x\r\n"]
)
def test_junk_does_no_harm(post: Post, mx: SmtpListener, junk: bytes) -> None:
    with socket.create_connection(("127.0.0.1", mx.port)) as sock:
        sock.sendall(b"EHLO x\xff\r\nMAIL FROM:<a@b.test>\r\n" + junk + b"\r\nQUIT\r\n")
        with sock.makefile("rb") as answers:
            assert answers.readlines()[-1].startswith(b"221")
    assert send(connect(mx), signed(post.mail(), "d.test"), post.signed)[0] == 250


@pytest.mark.parametrize("raw", [b"", b"\r\n", b"\0" * 100, b"From: dana@d.test\r\n\r\n", b"\xff" * 100_000])
def test_mails_of_any_form(post: Post, mx: SmtpListener, raw: bytes) -> None:
    assert send(connect(mx), raw + b"\r\n", post.signed)[0] == 550
    assert post.untouched()


def test_a_socket_that_was_opened_for_us(post: Post, zone: Zone) -> None:
    opened = socket.create_server(("127.0.0.1", 0))
    port = opened.getsockname()[1]
    with running(zone, opened=opened) as listener:
        assert listener.port == port
        assert send(connect(listener), signed(post.mail(), "d.test"), post.signed)[0] == 250


# TLS


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    folder = tmp_path / "tls"
    folder.mkdir()
    sign(folder)
    return folder


def sign(folder: Path, name: str = "mx.acme.test") -> None:
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}"]
    out = ["-out", str(folder / "chain.pem"), "-keyout", str(folder / "key.pem")]
    subprocess.run(["openssl", "req", *kind, *out], check=True, capture_output=True)


def insecure() -> ssl.SSLContext:
    """As mail servers do: any certificate is better than none (RFC 7435)."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def test_starttls(post: Post, zone: Zone, certificate: Path) -> None:
    with running(zone, certificate) as listener:
        client = connect(listener)
        assert "starttls" in client.esmtp_features
        client.mail("dana@d.test")
        assert client.starttls(context=insecure())[0] == 220
        assert client.docmd("MAIL", "FROM:<dana@d.test>")[0] == 503  # nothing of before is known (RFC 3207, 4.2)
        client.ehlo()
        assert not {"starttls", "auth"} & set(client.esmtp_features)
        assert client.docmd("STARTTLS")[0] == 503
        assert send(client, signed(post.mail("Over TLS"), "d.test"), post.signed)[0] == 250
        assert client.quit()[0] == 221
        eventually(lambda: not listener._open)
    assert post.last().text == "Over TLS"


def test_what_was_said_before_tls_is_not_taken_for_said_in_it(post: Post, zone: Zone, certificate: Path) -> None:
    with running(zone, certificate) as listener, socket.create_connection(("127.0.0.1", listener.port)) as bare:
        bare.settimeout(10)
        bare.sendall(b"EHLO x\r\n")
        bare.sendall(b"STARTTLS\r\nEHLO injected\r\nMAIL FROM:<eve@evil.test>\r\n")
        eventually(lambda: bare.recv(1000).endswith(b"220 Ready to start TLS\r\n"))
        with insecure().wrap_socket(bare) as client:
            client.sendall(b"NOOP\r\nRCPT TO:<x@y.test>\r\n")
            with client.makefile("rb") as answers:
                assert [answers.readline()[:3] for _ in range(2)] == [b"250", b"503"]


def test_a_handshake_that_fails(post: Post, zone: Zone, certificate: Path) -> None:
    with running(zone, certificate) as listener:
        with socket.create_connection(("127.0.0.1", listener.port)) as bare:
            bare.sendall(b"EHLO x\r\nSTARTTLS\r\n")
            eventually(lambda: b"220 Ready" in bare.recv(1000))
            bare.sendall(b"this is no handshake\r\n" * 10)
        eventually(lambda: not listener._open)
        assert send(connect(listener), signed(post.mail(), "d.test"), post.signed)[0] == 250


def test_a_certificate_that_is_renewed(post: Post, zone: Zone, certificate: Path) -> None:
    def seen() -> bytes | None:
        client = connect(listener)
        client.starttls(context=insecure())
        assert isinstance(client.sock, ssl.SSLSocket)
        return client.sock.getpeercert(binary_form=True)

    with running(zone, certificate) as listener:
        before = seen()
        assert seen() == before
        (certificate / "key.pem").write_text("not yet whole")
        assert seen() == before
        sign(certificate, "mx2.acme.test")
        assert seen() != before
        (certificate / "key.pem").unlink()
        assert "starttls" in connect(listener).esmtp_features


# Behind a relay


def test_signatures_of_what_a_relay_hands_over(post: Post, zone: Zone, settings: Settings) -> None:
    settings.CHECK_DKIM = True
    good, bad = signed(post.mail("Good"), "d.test"), signed(post.mail("Bad"), "d.test").replace(b"Bad", b"Worse")
    with listening(lambda: Listener("127.0.0.1:0", Checker(zone))) as listener:
        client = connect_lmtp(listener)
        assert [code for code, _ in hand_over(client, good, post.plain)] == [250]
        assert [code for code, _ in hand_over(client, bad, post.plain, post.signed)] == [250, 250]
        zone.away.add(f"{SELECTOR}._domainkey.d.test")
        again = signed(post.mail(), "d.test")
        assert [code for code, _ in hand_over(client, again, post.plain, post.signed)] == [451, 451]
        settings.CHECK_DKIM = False
        assert [code for code, _ in hand_over(client, again, post.signed)] == [250]
    assert [row.text for row in post.all()] == ["Good", "Worse", "Hello"]
    assert post.kept() == ["nobody vouches for the sender"]


def test_what_the_relay_says_outweighs_a_signature(post: Post, settings: Settings) -> None:
    settings.TRUSTED_AUTHSERV = ["mx.acme.test"]
    for told, signature, answer in (
        ("dmarc=fail header.from=d.test", "pass", 550),
        ("dmarc=pass header.from=d.test", "unknown", 250),
        ("dkim=none", "pass", 250),
        ("spf=softfail smtp.mailfrom=d.test", "pass", 250),
    ):
        raw = post.mail(authentication_results=f"mx.acme.test; {told}")
        checked = Checked(vouched=signature)  # type: ignore[arg-type]
        assert inwards.take_in(raw, recipient=post.plain, sender="dana@d.test", checked=checked).code == answer
    assert len(post.all()) == 3
