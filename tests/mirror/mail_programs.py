"""Mail programs of people: mbsync with a Maildir, and neomutt on a terminal of its own."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from pathlib import Path

from django.conf import settings

from channels_app.mail import Parsed, parse
from workspace.operate import debian
from workspace.people.models import Person
from workspace.signin import app_passwords

SECONDS = 30
_HARMLESS = re.compile("Maildir notice|IMAP Warning")


class Mbsync:
    """Somebody's channels in a Maildir, as mbsync keeps it in step with the folders."""

    def __init__(self, person: Person, home: Path) -> None:
        self._program, self._env = debian.tool("mbsync", "isync")
        self._home = home
        self.maildir = home / "mail"
        self.maildir.mkdir(parents=True)
        login = app_passwords.create(person=person, name="mbsync")
        plain = "TLSType" if _is_newer(self._version()) else "SSLType"
        (home / "mbsyncrc").write_text(
            f"IMAPStore roost\nHost localhost\nPort {settings.IMAP_PUBLIC_PORT}\n{plain} None\nAuthMechs LOGIN\n"
            f'User {login.username}\nPass "{login.password}"\n\n'
            f"MaildirStore local\nPath {self.maildir}/\nInbox {self.maildir}/INBOX\nSubFolders Verbatim\n\n"
            f'Channel channels\nFar :roost:\nNear :local:\nPatterns "Channels/*"\nCreate Near\nSync All\nSyncState *\n'
        )

    def sync(self) -> str:
        """What it complains about, if anything."""
        done = self._run("-c", str(self._home / "mbsyncrc"), "-a")
        return "\n".join(line for line in done.stderr.splitlines() if not _HARMLESS.search(line))

    def folders(self) -> set[str]:
        return {str(path.parent.relative_to(self.maildir)) for path in self.maildir.rglob("cur")}

    def texts(self, name: str) -> list[str]:
        return [mail.text for mail in self.mails(name)]

    def mails(self, name: str) -> list[Parsed]:
        """The mails of a folder, in order of their UIDs."""
        return [parse(path.read_bytes()) for path in self._files(name)]

    def flags(self, name: str) -> list[str]:
        """The Maildir flags of each mail (F flagged, S seen), in the same order."""
        return [path.name.partition(":2,")[2] for path in self._files(name)]

    def flag(self, name: str, position: int, flags: str) -> None:
        path = self._files(name)[position]
        path.rename(path.parent.parent / "cur" / f"{path.name.partition(':2,')[0]}:2,{flags}")

    def put(self, name: str, raw: bytes) -> Path:
        """Put a new mail into the Maildir, as a program that writes there does."""
        path = self.maildir / name / "new" / f"{len(list(self._files(name)))}.{os.getpid()}.here"
        path.write_bytes(raw.replace(b"\r\n", b"\n"))
        return path

    def _files(self, name: str) -> list[Path]:
        return sorted((path for part in ("cur", "new") for path in (self.maildir / name / part).iterdir()), key=_uid)

    def _version(self) -> str:
        return self._run("--version").stdout

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, **self._env, "HOME": str(self._home)}
        return subprocess.run([self._program, *words], env=env, capture_output=True, text=True, timeout=SECONDS)


def _is_newer(version: str) -> bool:
    """1.5 renamed SSLType."""
    found = re.search(r"(\d+)\.(\d+)", version)
    return found is not None and (int(found[1]), int(found[2])) >= (1, 5)


def _uid(path: Path) -> int:
    """The UID mbsync gave it; a mail that is new here has none yet, and comes last."""
    found = re.search(r",U=(\d+)", path.name)
    return int(found[1]) if found else 1 << 32


class Neomutt:
    """neomutt, typed into by a script."""

    def __init__(self, person: Person, home: Path) -> None:
        self._program, self._env = debian.tool("neomutt", "neomutt")
        self._home = home
        home.mkdir()
        login = app_passwords.create(person=person, name="neomutt")
        (home / "muttrc").write_text(
            f'set imap_user="{login.username}"\nset imap_pass="{login.password}"\n'
            f'set folder="imap://localhost:{settings.IMAP_PUBLIC_PORT}/"\n'
            "set ssl_starttls=no\nset ssl_force_tls=no\nset wait_key=no\nset confirmappend=no\nset quit=yes\n"
            "set sort=threads\nset strict_threads=yes\nset pipe_split=yes\nset pipe_decode=no\n"
        )

    def threaded(self, name: str) -> list[Parsed]:
        """All mails of a folder in the order in which neomutt lists its threads."""
        out = self._home / "out"
        out.mkdir(exist_ok=True)
        keep = self._home / "keep"
        keep.write_text(f'#!/bin/sh\ncat > "{out}/$(ls "{out}" | wc -l | xargs printf %04d)"\n')
        keep.chmod(0o755)
        self._type(name, f"<tag-pattern>.<enter><tag-prefix><pipe-message>{keep}<enter><exit>")
        return [parse(path.read_bytes()) for path in sorted(out.iterdir())]

    def copy(self, name: str, to: str) -> None:
        """Copy the first mail of a folder into another one, as people do by hand."""
        self._type(name, f"<first-entry><copy-message>={to}<enter><exit>")

    def _type(self, name: str, keys: str) -> None:
        keyboard, terminal = pty.openpty()
        rc = self._home / "muttrc"
        words = [self._program, "-n", "-F", str(rc), "-e", f"push '{keys}'", "-f", f"={name}"]
        env = {**os.environ, **self._env, "HOME": str(self._home), "TERM": "xterm"}
        with subprocess.Popen(words, stdin=terminal, stdout=terminal, stderr=terminal, env=env) as process:
            os.close(terminal)
            try:
                _read_to_the_end(keyboard)
                process.wait(SECONDS)
            finally:
                process.kill()
                os.close(keyboard)


def _read_to_the_end(terminal: int) -> bytes:
    """What appears on a terminal until the program leaves it."""
    seen = b""
    while True:
        try:
            seen += os.read(terminal, 4096)
        except OSError:  # Linux says EIO then
            return seen
