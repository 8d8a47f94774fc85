"""Mail providers and who has an account there: mailboxes in a Dovecot, read by IMAP, written from by SMTP."""

from __future__ import annotations

import contextlib
import email.policy
import json
import smtplib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formataddr, formatdate, make_msgid
from pathlib import Path
from typing import Any

from imapclient import IMAPClient

from tests.bed.mta import Mta
from tests.guests.sink import Taken
from tests.operate.house import until
from workspace.operate import dovecot, paths
from workspace.operate.certificate import private
from workspace.operate.supervisor import Child

PASSWORD = "pw"
DONE = "Roost/Done"  # where Roost puts what it has taken from a mailbox
WIRE = email.policy.SMTP.clone(max_line_length=0)  # or ids in long headers would be folded


@dataclass(frozen=True)
class Attached:
    """A file that goes with a mail."""

    name: str
    content: bytes
    type: str = "application/octet-stream"


@dataclass
class Mailboxes:
    """The Dovecot behind all providers."""

    home: Path
    imap: int
    lmtp: int

    def open(self, address: str) -> None:
        """Let somebody in; mail for them is taken in any case."""
        private(self.home / "logins" / address, f"{address}:{{PLAIN}}{PASSWORD}::::::\n")


@dataclass
class Account:
    """Somebody's mailbox, and what they write."""

    name: str
    address: str
    mailboxes: Mailboxes
    mta: Mta

    def send(
        self,
        to: str | Sequence[str],
        text: str = "",
        *,
        subject: str = "",
        html: str = "",
        files: Sequence[Attached] = (),
        envelope: str | None = None,
        **headers: str,
    ) -> str:
        """Write a mail; a header `in_reply_to` is written `In-Reply-To`, an empty one is left out. The Message-ID.

        Raises `smtplib.SMTPDataError` and `SMTPRecipientsRefused` when the receiver refuses it.
        """
        receivers = [to] if isinstance(to, str) else list(to)
        mail = EmailMessage(policy=email.policy.SMTP)
        fields = {
            "From": formataddr((self.name, self.address)),
            "To": ", ".join(receivers),
            "Subject": subject,
            "Date": formatdate(localtime=True),
            "Message-ID": make_msgid(domain=self.address.rpartition("@")[2]),
        }
        fields |= {"-".join(word.title() for word in name.split("_")): value for name, value in headers.items()}
        for name, value in fields.items():
            if value:
                mail[{"Message-Id": "Message-ID"}.get(name, name)] = value
        mail.set_content(text)
        if html:
            mail.add_alternative(html, subtype="html")
        for file in files:
            kind, _, subtype = file.type.partition("/")
            mail.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
        self.submit(mail.as_bytes(policy=WIRE), *receivers, envelope=envelope)
        return str(mail["Message-ID"])

    def submit(self, raw: bytes, *to: str, envelope: str | None = None) -> None:
        """Hand in a mail as it is."""
        with smtplib.SMTP("127.0.0.1", self.mta.port, timeout=60) as server:
            server.login(self.address, PASSWORD)
            server.sendmail(self.address if envelope is None else envelope, to, raw)

    @contextlib.contextmanager
    def imap(self) -> Iterator[IMAPClient]:
        client = IMAPClient("127.0.0.1", self.mailboxes.imap, ssl=False, timeout=30)
        client.login(self.address, PASSWORD)
        try:
            yield client
        finally:
            client.logout()

    def inbox(self, folder: str = "INBOX") -> list[Taken]:
        """The mails that lie there, in order."""
        with self.imap() as client:
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            uids = sorted(client.search())
            rows: dict[int, Any] = client.fetch(uids, ["BODY.PEEK[]"]) if uids else {}
        found = [rows[uid][b"BODY[]"] for uid in uids]
        return [Taken(_return_path(raw), self.address, raw) for raw in found]

    def clear(self) -> None:
        """Throw away what lies there."""
        with self.imap() as client:
            for folder in ("INBOX", DONE):
                if client.folder_exists(folder):
                    client.select_folder(folder)
                    client.delete_messages(client.search())
                    client.expunge()

    def gets(self, count: int, seconds: float = 20.0) -> list[Taken]:
        """The inbox, once it has at least so many mails."""

        def enough() -> list[Taken] | None:
            found = self.inbox()
            return found if len(found) >= count else None

        there: list[Taken] = until(enough, seconds)
        return there


def _return_path(raw: bytes) -> str:
    lines = raw.split(b"\r\n\r\n", 1)[0].splitlines()
    found = next((line for line in lines if line.lower().startswith(b"return-path:")), b":")
    return found.partition(b":")[2].strip(b" <>").decode()


@dataclass
class Provider:
    """All of a domain's mailboxes."""

    domain: str
    mailboxes: Mailboxes
    mta: Mta
    _accounts: dict[str, Account] = field(default_factory=dict)

    def account(self, address: str, name: str = "") -> Account:
        """An account, opened the first time: `dora@b.test`, or just `dora`."""
        local = address.partition("@")[0]
        if local not in self._accounts:
            whole = f"{local}@{self.domain}"
            self.mailboxes.open(whole)
            self._accounts[local] = Account(name or local.title(), whole, self.mailboxes, self.mta)
        return self._accounts[local]

    def clear(self) -> None:
        """Empty all mailboxes."""
        for account in self._accounts.values():
            account.clear()

    def is_down(self) -> None:
        """From now on nobody takes mail there."""
        self.mta.route(self.domain, 0)

    def is_back(self) -> None:
        self.mta.route(self.domain, self.mailboxes.lmtp)


@contextlib.contextmanager
def running_mailboxes(folder: Path) -> Iterator[Mailboxes]:
    """A Dovecot of its own on an empty folder that the servers' user can reach."""
    data = paths.Data(folder)
    data.prepare()
    part = dovecot.part(data, throwaway=True)
    child = Child(part, data.log("dovecot"), {})
    child.start()
    try:
        child.wait_until_ready()
        known = json.loads((folder / "mail" / "known.json").read_text())
        yield Mailboxes(folder / "mail", known["imap"], known["lmtp"])
    finally:
        child.ask_to_stop()
        child.kill()
