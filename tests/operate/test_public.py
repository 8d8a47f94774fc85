"""Beyond this machine: mail programs come by TLS only, with a certificate that is given or signs itself."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from imapclient import IMAPClient

from tests.operate.house import Running, bare_env, manage, until
from workspace.operate import debian
from workspace.operate.part import free_port

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("operate"), pytest.mark.timeout(240)]


def _sign(folder: Path, name: str) -> dict[str, str]:
    """A certificate as somebody brings it, readable for its owner alone."""
    openssl, env = debian.tool("openssl", "openssl")
    files = {"IMAP_TLS_CERT": str(folder / "cert.pem"), "IMAP_TLS_KEY": str(folder / "key.pem")}
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}"]
    out = ["-addext", f"subjectAltName=DNS:{name}", "-out", files["IMAP_TLS_CERT"], "-keyout", files["IMAP_TLS_KEY"]]
    subprocess.run([openssl, "req", *kind, *out], check=True, capture_output=True, env={**os.environ, **env})
    for path in files.values():
        Path(path).chmod(0o600)
    return files


def _trusting(path: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(path))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _names(port: int, context: ssl.SSLContext, name: str) -> object:
    with socket.create_connection(("127.0.0.1", port), 5) as bare:
        with context.wrap_socket(bare, server_hostname=name) as client:
            return (client.getpeercert() or {})["subjectAltName"]


def _listeners(port: int) -> set[str]:
    """The IPv4 addresses at which something listens on a port."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    found = [line.split()[1].split(":") for line in lines if line.split()[3] == "0A"]
    return {socket.inet_ntoa(bytes.fromhex(address)[::-1]) for address, at in found if int(at, 16) == port}


def test_mail_programs_elsewhere_come_by_tls_only(data: Path, tmp_path: Path) -> None:
    port = str(free_port())
    given = _sign(tmp_path, "roost.example")
    env = bare_env(ROOST_IMAPS_PORT=port, ROOST_URL="https://roost.example", **given)
    up = Running("up", "--host", "0.0.0.0", "--port", str(free_port()), data=data, env=env)
    try:
        up.line("ready: ")
        manage("org_create", "Acme", "--owner", "alice@a.test", "--data", str(data))
        login = json.loads(manage("mail_login", "acme", "alice@a.test", "--json", "--data", str(data)).stdout)
        assert login["imap"] == {"host": "roost.example", "port": int(port), "security": "tls"}
        context = _trusting(Path(given["IMAP_TLS_CERT"]))
        assert _names(int(port), context, "roost.example") == (("DNS", "roost.example"),)
        context.check_hostname = False
        with IMAPClient("127.0.0.1", int(port), ssl=True, ssl_context=context) as client:
            client.login(login["username"], login["password"])
        plain = int(up.env()["IMAP_URL"].rpartition(":")[2])
        assert (_listeners(int(port)), _listeners(plain)) == ({"0.0.0.0"}, {"127.0.0.1"})
        checked = json.loads(manage("status", "--json", "--data", str(data)).stdout)["parts"]
        assert [part["ok"] for part in checked if part["part"] == "imaps"] == [True]
        renewed = _sign(tmp_path, "roost.example")
        up.process.send_signal(signal.SIGHUP)
        until(lambda: _names(int(port), _trusting(Path(renewed["IMAP_TLS_CERT"])), "roost.example"), 20)
    finally:
        up.stop()


def test_without_a_certificate_it_signs_one_itself_and_keeps_it(data: Path) -> None:
    port = str(free_port())
    chains = []
    for _ in range(2):
        up = Running(
            "up", "--imap-host", "0.0.0.0", "--port", str(free_port()), data=data,
            env=bare_env(ROOST_IMAPS_PORT=port, IMAP_PUBLIC_HOST="mail.example"),
        )  # fmt: skip
        try:
            up.line("ready: ")
            chain = data / "mail" / "tls" / "chain.pem"
            assert _names(int(port), _trusting(chain), "mail.example") == (("DNS", "mail.example"),)
            chains.append(chain.read_text())
        finally:
            up.stop()
    assert chains[0] == chains[1]


def test_a_certificate_that_is_not_there_gives_one_line(data: Path) -> None:
    env = bare_env(IMAP_TLS_CERT="/nowhere.pem")
    done = manage("up", "--host", "0.0.0.0", "--port", str(free_port()), "--data", str(data), env=env)
    assert done.returncode == 1
    assert "IMAP_TLS_CERT" in done.stderr.strip().splitlines()[-1] and "Traceback" not in done.stderr
