"""The embedded Dovecot: IMAP and LMTP on loopback, the channels as a public namespace with ACLs, our own bell.

The installed Dovecot is used, else Debian's packages are unpacked into the cache and their two built-in paths are
pointed to short links. Facts behind the settings: Dovecot's documentation, and what was measured on 2.3.19.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from workspace.operate import certificate, debian, paths
from workspace.operate.certificate import private
from workspace.operate.dovecot_conf import Layout, Tls, render
from workspace.operate.part import Part, free_port, greets, is_free

PACKAGES = ["dovecot-core", "dovecot-imapd", "dovecot-lmtpd"]
# An installed Dovecot without these is of no use here.
NEEDED = (
    "sbin/dovecot",
    "lib/dovecot/imap",
    "lib/dovecot/lmtp",
    "lib/dovecot/modules/lib22_push_notification_lua_plugin.so",
)
BUILT_IN = {"m": b"/usr/lib/dovecot/modules", "dc": b"/usr/bin/doveconf"}  # and the links that stand in for them
SERVICE_ACCOUNT = "roost"
WANTED_PORTS = {"imap": "ROOST_IMAP_PORT", "imaps": "ROOST_IMAPS_PORT"}
USUAL_IMAPS = 1993  # 993 is root's alone
MASTER = "roost-master"


@dataclass(frozen=True)
class Installation:
    """Where Dovecot's programs are (`root` is `/` for the installed one), and the environment they need."""

    root: Path
    env: dict[str, str]

    @property
    def binary(self) -> Path:
        return self.root / "usr/sbin/dovecot"

    def version(self) -> str:
        environment = {**os.environ, **self.env}
        done = subprocess.run([self.binary, "--version"], capture_output=True, text=True, env=environment, check=True)
        return done.stdout.split()[0]


def installation() -> Installation:
    """The installed Dovecot, or Debian's unpacked one. Raises `RuntimeError` where there is neither."""
    if all((Path("/usr") / needed).exists() for needed in NEEDED):
        return Installation(Path("/"), {})
    root = debian.unpack("dovecot", PACKAGES)
    links = paths.short_dir(root)
    for name, target in (("m", "usr/lib/dovecot/modules"), ("dc", "usr/bin/doveconf")):
        link = links / name
        if not link.is_symlink() or link.readlink() != root / target:
            link.unlink(missing_ok=True)
            link.symlink_to(root / target)
    _relocate(root, links)
    own = f"{root}/usr/lib/dovecot:{root}/usr/lib/dovecot/modules/old-stats"
    return Installation(root, {"LD_LIBRARY_PATH": f"{own}:{debian.library_path(root)}"})


def _relocate(root: Path, links: Path) -> None:
    """Point the two paths that are built into Dovecot's programs and libraries to the links, padded to their length.

    2.4 has the modules' path in `config` and `doveconf` too, where it decides which plugins' settings there are.
    """
    marker = root / "relocated"
    before = marker.read_text() if marker.exists() else ""
    if before == str(links):
        return
    swaps: list[tuple[bytes, bytes]] = []
    for name, built_in in BUILT_IN.items():
        fresh = _padded(links, name, len(built_in))
        swaps += [(old, fresh) for old in (built_in, before and _padded(Path(before), name, len(built_in))) if old]
    found = [path for top in ("usr/lib/dovecot", "usr/bin", "usr/sbin") for path in (root / top).rglob("*")]
    changed = [_swap(path, swaps) for path in found if path.is_file() and not path.is_symlink()]
    if not before and not marker.exists() and not any(changed):
        raise RuntimeError("this Dovecot build can't be relocated; install Dovecot or set IMAP_URL")
    marker.write_text(str(links))


def _padded(links: Path, name: str, length: int) -> bytes:
    """The path of a link in exactly `length` bytes."""
    slashes = length - len(str(links)) - len(name)
    if slashes < 1:
        raise RuntimeError(f"{links} is too long to stand in for Dovecot's own paths")
    return f"{links}{'/' * slashes}{name}".encode()


def _swap(path: Path, swaps: list[tuple[bytes, bytes]]) -> bool:
    """Replace bytes in a program or library, such that one that runs keeps what it has."""
    data = fresh = path.read_bytes()
    if not data.startswith(b"\x7fELF"):
        return False
    for old, new in swaps:
        fresh = fresh.replace(old, new)
    if fresh == data:
        return False
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(fresh)
    shutil.copymode(path, beside)
    beside.replace(path)
    return True


def part(
    data: paths.Data, *, host: str = "127.0.0.1", name: str = "", throwaway: bool = False, capability: str = ""
) -> Part:
    """Dovecot on the data directory.

    With a `host` beyond loopback it listens there too, by TLS from the first byte, as `name`. `capability` replaces
    what it says it can (tests of plain servers).
    """
    where = installation()
    home = paths.own(data.path / "mail", 0o711)
    for folder in ("run", "state", "log", "home", "channels", "logins", "bells"):
        paths.own(home / folder)
    known = _known(home)
    port, lmtp, bell = known["imap"], known["lmtp"], f"http://127.0.0.1:{known['bell']}/bell"
    password, master, admin = str(known["password"]), str(known["master"]), str(known["admin_key"])
    private(home / "service", f"{SERVICE_ACCOUNT}:{{PLAIN}}{password}::::::\n")
    private(home / "masters", f"{MASTER}:{{PLAIN}}{master}\n")
    rights = f"user={SERVICE_ACCOUNT} lrwstipekxa\n"
    private(home / "acl", f"Channels {rights}Channels/* {rights}")
    private(home / "push.lua", _lua(bell, home / "bells"))
    layout = Layout(
        home=home,
        root=where.root,
        user=paths.service_user(),
        group=paths.service_group(),
        port=int(port),
        lmtp_port=int(lmtp),
        admin_port=int(known["admin"]),
        admin_key=admin,
        version=where.version(),
        library_path=where.env.get("LD_LIBRARY_PATH", ""),
        capability=capability,
        fsync="never" if throwaway else "optimized",
        tls=None if paths.is_loopback(host) else _tls(home, host, name, int(known["imaps"])),
    )
    (home / "run" / "master.pid").unlink(missing_ok=True)  # whoever wrote it is gone; its number may be taken
    private(home / "dovecot.conf", render(layout))
    return Part(
        name="dovecot",
        argv=[str(where.binary), "-F", "-c", str(home / "dovecot.conf")],
        ready=lambda: greets(int(port), b"* OK"),
        healthy=lambda: greets(int(port), b"* "),
        env={
            "IMAP_URL": f"imap://{SERVICE_ACCOUNT}:{password}@127.0.0.1:{port}",
            "IMAP_MASTER_USER": f"{MASTER}:{master}",
            **_public(layout, name),
            "IMAP_BELL": "lua",
            "IMAP_BELL_URL": bell,
            "IMAP_ADMIN_URL": f"http://:{admin}@127.0.0.1:{known['admin']}/doveadm/v1",
        },
        own_env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), **where.env},
        orphan_signal=signal.SIGTERM,
        server=True,
        popen=paths.as_service(),
    )


def _tls(home: Path, host: str, name: str, port: int) -> Tls:
    files = certificate.provide(home, name)
    return Tls(host, port, files.chain, files.key)


def _public(layout: Layout, name: str) -> dict[str, str]:
    """What people's mail programs are told, and where `doctor` looks."""
    if layout.tls is None:
        return {"IMAP_PUBLIC_HOST": "127.0.0.1", "IMAP_PUBLIC_PORT": str(layout.port), "IMAP_PUBLIC_SECURITY": "none"}
    port = str(layout.tls.port)
    told = {"IMAP_PUBLIC_HOST": name, "IMAP_PUBLIC_PORT": port, "IMAP_PUBLIC_SECURITY": "tls"}
    return {**told, "IMAP_TLS": f"{paths.seen_from_here(layout.tls.host)} {port}"}


def _known(home: Path) -> dict[str, str | int]:
    """Ports and passwords, made once, so that mail programs find the server where it was.

    A port that somebody else took meanwhile is chosen anew.
    """
    path = home / "known.json"
    path.touch(mode=0o600)
    known: dict[str, str | int] = json.loads(path.read_text() or "{}")
    wanted = {port: int(os.environ[name]) for port, name in WANTED_PORTS.items() if os.environ.get(name)}
    known.update(wanted)
    known.setdefault("imaps", USUAL_IMAPS)
    for port in ("imap", "imaps", "lmtp", "bell", "admin"):
        if port not in known or (port not in wanted and not is_free(int(known[port]))):
            known[port] = free_port()
    for secret in ("password", "master", "admin_key"):
        known.setdefault(secret, secrets.token_urlsafe(24))
    path.write_text(json.dumps(known))
    return known


def _lua(bell: str, spool: Path) -> str:
    text = (Path(__file__).parent / "push.lua").read_text()
    values = {"ROOST_BELL_URL": bell, "ROOST_SPOOL": str(spool), "ROOST_SERVICE_USER": SERVICE_ACCOUNT}
    for name, value in values.items():
        text = text.replace(f'"{name}"', json.dumps(value))
    return text
