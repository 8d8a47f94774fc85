"""One instance: its data directory, its servers (embedded or given by URL), the environment its programs get."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any
from urllib.parse import urlsplit

from workspace.operate import certificate, dovecot, former, paths, postgres, signing_key, valkey
from workspace.operate.part import Part, free_port, is_free
from workspace.operate.progress import say
from workspace.operate.supervisor import Child, Supervisor, rotate

# Which variable says that a part is somewhere else.
EXTERNAL = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL", "dovecot": "IMAP_URL"}
REMEMBERED = (
    "ROOST_DATA", "ROOST_URL", "SECRET_KEY", "DATABASE_URL", "REDIS_URL", "BROKER_URL", "MAIL_DOMAIN", "IMAP_URL",
    "IMAP_MASTER_USER", "IMAP_PUBLIC_HOST", "IMAP_PUBLIC_PORT", "IMAP_PUBLIC_SECURITY", "IMAP_BELL", "IMAP_BELL_URL",
    "IMAP_ADMIN_URL", "IMAP_TLS", "SMTP_URL", "LMTP_LISTEN", "SMTP_LISTEN", "INBOX_URL", "TRUSTED_AUTHSERV",
    "TRUSTED_ARC", "CHECK_DKIM", "DKIM_KEY", "DKIM_SELECTOR", "DKIM_SIGN", "ROOST_USER", "STORAGE_DIR",
    "UPLOAD_LIMIT",
)  # fmt: skip


class AlreadyRunning(RuntimeError):
    pass


class Instance:
    """Start it, ask for its environment, stop it."""

    def __init__(
        self, data: paths.Data, *, imap_host: str = "127.0.0.1", throwaway: bool = False, capability: str = ""
    ) -> None:
        self.data = data
        self.supervisor = Supervisor(data.path / "run" / "children.json")
        self.env: dict[str, str] = {**os.environ, "ROOST_DATA": str(data.path), "PYTHONUNBUFFERED": "1"}
        self.env.setdefault("DJANGO_SETTINGS_MODULE", "workspace.settings")
        self._throwaway = throwaway
        self._capability = capability
        self._imap_host = imap_host
        self._guard: IO[str] | None = None

    def claim(self) -> None:
        """Take the data directory. Raises `AlreadyRunning` when another instance has it."""
        self.data.prepare()
        self._guard = (self.data.path / "run" / "lock").open("w")
        try:
            fcntl.flock(self._guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._guard.close()
            self._guard = None
            raise AlreadyRunning(f"Roost runs on {self.data.path} already.") from None
        former.wait_until_gone(self.data.path / "run" / "children.json")
        self.env["SECRET_KEY"] = os.environ.get("SECRET_KEY") or self._secret_key()
        self.env.setdefault("LMTP_LISTEN", self._lmtp())
        self.env["DKIM_KEY"] = str(signing_key.provide(self.data.path))

    def _lmtp(self) -> str:
        """Where mail for channels comes in: the same place each time, as long as nobody else takes it."""
        path = self.data.path / "lmtp"
        known = path.read_text().strip() if path.exists() else ""
        if not known or not is_free(int(known.rpartition(":")[2])):
            known = f"127.0.0.1:{free_port()}"
            path.write_text(known)
        return known

    def provide_certificate(self) -> None:
        """Have the certificate for SMTP from the internet, which is that of IMAP. Raises `RuntimeError`."""
        certificate.provide(paths.own(self.data.path / "mail", 0o711), _public_name(self._imap_host))

    def _secret_key(self) -> str:
        path = self.data.path / "secret_key"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(48))
        return path.read_text()

    def start_servers(self) -> None:
        """Start the embedded servers side by side; those given by URL are somebody else's. Raises `RuntimeError`."""
        makers: dict[str, Callable[[], Part]] = {
            "postgres": lambda: postgres.part(self.data, throwaway=self._throwaway),
            "valkey": lambda: valkey.part(self.data),
            "dovecot": lambda: dovecot.part(
                self.data,
                host=self._imap_host,
                name=_public_name(self._imap_host),
                throwaway=self._throwaway,
                capability=self._capability,
            ),
        }
        self.env.update(_known_of_external_imap(os.environ))
        wanted = [make for name, make in makers.items() if not os.environ.get(EXTERNAL[name])]
        if not wanted:
            return
        self.data.check_reach()
        with ThreadPoolExecutor(len(wanted)) as pool:
            children = [self.supervisor.add(self.child(part)) for part in pool.map(lambda make: make(), wanted)]
        # Started by the main thread: the kernel's parent-death signal comes when the starting *thread* ends.
        for child in children:
            self.supervisor.start(child)
        for child in children:
            child.wait_until_ready()
        self.supervisor.write_record()
        for child in children:
            chosen = {name for name in child.part.env if name.startswith("IMAP_PUBLIC_") and os.environ.get(name)}
            self.env.update({name: value for name, value in child.part.env.items() if name not in chosen})

    def child(self, part: Part, pass_fds: tuple[int, ...] = ()) -> Child:
        log = self.data.log(part.name)
        rotate(log)
        return Child(part, log, self.env, pass_fds)

    def drop_privileges(self) -> dict[str, Any]:
        """Have our own programs run as the user of the servers, where that can be; arguments for their Popen."""
        popen = paths.as_programs(self.data.path)
        if not paths.IS_ROOT:
            self.data.work.mkdir(mode=0o700, exist_ok=True)
            return popen
        if "user" not in popen:
            self.data.hand_over(0, 0)
            say(
                f"! Roost's own programs run as root: the user {paths.service_user()} can't read"
                f" {paths.ROOT} or {sys.executable}. Put both where others may read to change that."
            )
            return popen
        self.data.hand_over(*paths.service_ids())
        # libpq looks for certificates at home, and stops when it may not look there.
        self.env.update(ROOST_USER=paths.service_user(), HOME=str(self.data.work))
        return popen

    def renew_certificate(self) -> None:
        """Take over a certificate that was renewed."""
        if certificate.take_over(self.data.path / "mail"):
            for child in self.supervisor.children:
                if child.part.name == "dovecot" and child.process is not None:
                    child.process.send_signal(signal.SIGHUP)

    def remember(self) -> None:
        """Write down where the parts are, for other commands on the same data."""
        known = {name: self.env[name] for name in REMEMBERED if self.env.get(name)}
        path = self.data.env_file
        path.touch(mode=0o600)
        path.write_text(json.dumps(known, indent=1))

    def stop(self) -> None:
        """Stop everything; nothing happens when this instance never had the data directory."""
        if self._guard is None:
            return
        self.supervisor.stopping.set()
        with contextlib.suppress(OSError):
            self.data.env_file.unlink()
        self.supervisor.stop()
        (self.data.path / "run" / "children.json").unlink(missing_ok=True)
        if self._throwaway:
            shutil.rmtree(self.data.sockets, ignore_errors=True)


def _public_name(host: str) -> str:
    """What others call this machine."""
    given = os.environ.get("IMAP_PUBLIC_HOST") or urlsplit(os.environ.get("ROOST_URL", "")).hostname
    return given or (socket.getfqdn() if host in ("0.0.0.0", "::", "*") else host)


def _known_of_external_imap(given: Mapping[str, str]) -> dict[str, str]:
    """What people's mail programs are told when the IMAP server is somebody else's and nothing more was said."""
    if not given.get("IMAP_URL"):
        return {}
    url = urlsplit(given["IMAP_URL"])
    secure = url.scheme == "imaps"
    told = {
        "IMAP_PUBLIC_HOST": url.hostname or "",
        "IMAP_PUBLIC_PORT": str(url.port or (993 if secure else 143)),
        "IMAP_PUBLIC_SECURITY": "tls" if secure else "none",
    }
    return {name: given.get(name) or value for name, value in told.items()}
