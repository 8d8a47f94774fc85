"""A mail program, as far as a browser test needs one: it reads a channel's folder, and answers in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.utils import format_datetime, localtime, make_msgid

from imapclient import IMAPClient

from tests.operate.house import until


class Mailbox:
    """One channel's folder, opened with the settings of the page's dialog."""

    def __init__(self, client: IMAPClient, folder: str) -> None:
        self._client, self._folder = client, folder

    def mails(self) -> list[EmailMessage]:
        """All mails of the folder, in order."""
        self._client.select_folder(self._folder, readonly=True)
        fetched = self._client.fetch(self._client.search(), ["BODY.PEEK[]"])
        return [_parsed(fetched[uid][b"BODY[]"]) for uid in sorted(fetched)]

    def mail(self, text: str) -> EmailMessage:
        """The one mail whose text holds this, as soon as it is there."""
        until(lambda: any(text in text_of(mail) for mail in self.mails()), 20)
        [found] = [mail for mail in self.mails() if text in text_of(mail)]
        return found

    def answer(self, to: EmailMessage, text: str, *, sender: str) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Date"] = sender, to["To"], format_datetime(localtime())
        mail["Subject"] = f"Re: {to['Subject']}"
        mail["Message-ID"] = make_msgid(domain="laptop.test")
        mail["In-Reply-To"] = mail["References"] = to["Message-ID"]
        mail.set_content(text)
        self._client.append(self._folder, mail.as_bytes(policy=policy.SMTP))


@contextmanager
def open_mailbox(settings: Mapping[str, str]) -> Iterator[Mailbox]:
    """Sign in with what the dialog "Open in a mail program" shows."""
    with IMAPClient(settings["IMAP server"], int(settings["Port"]), ssl=settings["Security"] == "TLS") as client:
        client.login(settings["User name"], settings["Password"])
        until(lambda: client.folder_exists(settings["Folder"]), 20)
        yield Mailbox(client, settings["Folder"])


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    return str(part.get_content()) if part else ""


def html_of(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    return str(part.get_content()) if part else ""


def files_of(mail: EmailMessage) -> dict[str, bytes]:
    return {str(part.get_filename()): _content(part) for part in mail.walk() if part.get_filename()}


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def _parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail
