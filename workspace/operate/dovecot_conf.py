"""Dovecot's configuration, for 2.3 (Debian 12) and 2.4 (Debian 13): the files in `conf`, filled in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template

CONF = Path(__file__).parent / "conf"
_FIRST_OF_V24 = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"  # it wants them first


@dataclass(frozen=True)
class Tls:
    """Where others than this machine's own programs reach IMAP, and with which certificate."""

    host: str
    port: int
    certificate: Path
    key: Path


@dataclass(frozen=True)
class Layout:
    """What the configuration depends on."""

    home: Path
    root: Path
    user: str
    group: str
    port: int
    lmtp_port: int
    admin_port: int
    admin_key: str
    version: str
    library_path: str
    capability: str
    fsync: str
    tls: Tls | None = None


def render(layout: Layout) -> str:
    """The whole dovecot.conf."""
    old = layout.version.startswith("2.3")
    values = {
        **asdict(layout),
        "forever": "service_count = 0" if old else "restart_request_count = unlimited",
        "capability": f"  imap_capability = {layout.capability}\n" if layout.capability else "",
        "environment": _environment(layout, old),
        "imaps": _imaps(layout.tls, old),
    }
    first, own = ("", "dovecot-2.3.conf") if old else (_FIRST_OF_V24, "dovecot-2.4.conf")
    parts = [Template((CONF / name).read_text()).substitute(values) for name in ("dovecot.conf", own)]
    return f"{first}{parts[0]}\n{_certificate(layout.tls, old)}{parts[1]}"


def _environment(layout: Layout, old: bool) -> str:
    """How Dovecot's processes find the libraries that were unpacked beside them."""
    if old:
        return "TZ LD_LIBRARY_PATH" if layout.library_path else "TZ"
    return f"import_environment {{\n  LD_LIBRARY_PATH = {layout.library_path}\n}}\n" if layout.library_path else ""


def _imaps(tls: Tls | None, old: bool) -> str:
    """The listener for others; its port is 0 when there is none."""
    if tls is None:
        return "  inet_listener imaps {\n    port = 0\n  }\n"
    address = f"{'address' if old else 'listen'} = {tls.host}"
    return f"  inet_listener imaps {{\n    {address}\n    port = {tls.port}\n    ssl = yes\n  }}\n"


def _certificate(tls: Tls | None, old: bool) -> str:
    if tls is None:
        return "ssl = no\n"
    if old:
        return f"ssl = yes\nssl_cert = <{tls.certificate}\nssl_key = <{tls.key}\n"
    return f"ssl = yes\nssl_server_cert_file = {tls.certificate}\nssl_server_key_file = {tls.key}\n"
