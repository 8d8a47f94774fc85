"""Answers as the programs of people make them: how they name what they answer, quote it, and what they do to addresses.

| program | where the answer stands | what it is special in |
|---|---|---|
| Gmail | above the quote | HTML beside the text, `gmail_quote` |
| Outlook at Microsoft 365 | above a header of From, Sent, To, Subject | what follows a plus in an address is gone |
| Apple Mail | above the quote | one part, the original's date in words |
| Thunderbird | below the quote | `format=flowed` |
"""

from __future__ import annotations

import email.policy
import html
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, localtime, parseaddr

from tests.bed.providers import WIRE, Account, Attached
from tests.guests.sink import Taken


@dataclass(frozen=True)
class Original:
    """What is answered, as the program shows it."""

    name: str
    address: str
    date: str
    subject: str
    text: str

    @property
    def quoted(self) -> str:
        return "\n".join(f"> {line}".rstrip() for line in self.text.splitlines())


@dataclass(frozen=True)
class Program:
    """A mail program: its ids, and the bodies (plain, HTML or nothing) of an answer."""

    id: Callable[[], str]
    bodies: Callable[[str, Original], tuple[str, str]]
    headers: Mapping[str, str]
    keeps_plus: bool = True
    flowed: bool = False

    def answer(self, account: Account, to: Taken, text: str, files: Sequence[Attached] = ()) -> str:
        """Answer a mail as this program does; the new Message-ID."""
        original = _original(to)
        receiver = parseaddr(str(to.mail["Reply-To"] or to.mail["From"]))[1]
        if not self.keeps_plus:
            local, _, domain = receiver.partition("@")
            receiver = f"{local.partition('+')[0]}@{domain}"
        mail = self._message(account, to, receiver)
        plain, rich = self.bodies(text, original)
        mail.set_content(plain, cte="8bit")
        if self.flowed:
            mail.set_param("format", "flowed")
        if rich:
            mail.add_alternative(rich, subtype="html")
        for file in files:
            kind, _, subtype = file.type.partition("/")
            mail.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
        account.submit(mail.as_bytes(policy=WIRE), receiver)
        return str(mail["Message-ID"])

    def _message(self, account: Account, to: Taken, receiver: str) -> EmailMessage:
        answered, before = str(to.mail["Message-ID"]), str(to.mail["References"] or "").split()
        subject = str(to.mail["Subject"])
        mail = EmailMessage(policy=email.policy.SMTP)
        mail["From"], mail["To"] = formataddr((account.name, account.address)), receiver
        mail["Subject"] = subject if subject.lower().startswith("re:") else f"Re: {subject}"
        mail["Date"], mail["Message-ID"] = format_datetime(localtime()), self.id()
        mail["In-Reply-To"], mail["References"] = answered, " ".join([*before, answered])
        for name, value in self.headers.items():
            mail[name] = value
        return mail


def _original(mail: Taken) -> Original:
    name, address = parseaddr(str(mail.mail["From"]))
    return Original(name, address, str(mail.mail["Date"]), str(mail.mail["Subject"]), mail.text)


def _gmail(text: str, original: Original) -> tuple[str, str]:
    said = f"On Tue, Nov 24, 2026 at 10:22 PM {original.name} <\n{original.address}> wrote:"
    shown = html.escape(original.text).replace("\n", "<br>\n")
    rich = (
        f'<div dir="ltr">{html.escape(text)}</div><br><div class="gmail_quote gmail_quote_container">'
        f'<div dir="ltr" class="gmail_attr">On Tue, Nov 24, 2026 at 10:22 PM {html.escape(original.name)} &lt;'
        f'<a href="mailto:{original.address}">{original.address}</a>&gt; wrote:<br></div><blockquote '
        'class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">'
        f"{shown}</blockquote></div>\n"
    )
    return f"{text}\n\n{said}\n\n{original.quoted}\n", rich


def _outlook(text: str, original: Original) -> tuple[str, str]:
    fields = {
        "From": f"{original.name} <{original.address}>",
        "Sent": "Tuesday, November 24, 2026 10:22 PM",
        "To": "Gus <gus@b.test>",
        "Subject": original.subject,
    }
    head = "\n".join(f"{name}: {value}" for name, value in fields.items())
    shown = "".join(f"<b>{name}:</b> {html.escape(value)}<br>\n" for name, value in fields.items())
    rich = (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body dir="ltr">\n'
        f'<div class="elementToProof" style="font-family: Aptos, sans-serif">{html.escape(text)}</div>'
        '\n<div id="appendonsend"></div>\n<hr style="display:inline-block;width:98%" tabindex="-1">\n'
        f'<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif" style="font-size:11pt">{shown}</font>'
        f"<div>&nbsp;</div>\n</div>\n<div>{html.escape(original.text)}</div>\n</body></html>\n"
    )
    return f"{text}\n________________________________\n{head}\n\n{original.text}\n", rich


def _apple_mail(text: str, original: Original) -> tuple[str, str]:
    said = f"On 24. Nov 2026, at 22:22, {original.name} <{original.address}> wrote:"
    return f"{text}\n\n> {said}\n> \n{original.quoted}\n", ""


def _thunderbird(text: str, original: Original) -> tuple[str, str]:
    return f"On 24.11.26 22:22, {original.name} wrote:\n{original.quoted}\n\n{text}\n", ""


def _id(domain: str, start: str = "") -> Callable[[], str]:
    return lambda: f"<{start}{uuid.uuid4()}@{domain}>"


PROGRAMS = {
    "Gmail": Program(_id("mail.gmail.com", "CA+"), _gmail, {}),
    "Outlook": Program(
        _id("AM0PR01MB0001.eurprd01.prod.exchangelabs.com", "AM0PR01"),
        _outlook,
        {"Thread-Topic": "[general] topic", "Thread-Index": "AQHb0000000000000000000000000A=="},
        keeps_plus=False,
    ),
    "Apple Mail": Program(
        _id("b.test"), _apple_mail, {"X-Mailer": "Apple Mail (2.3774.300.61.1.2)"}
    ),
    "Thunderbird": Program(
        _id("b.test"), _thunderbird, {"User-Agent": "Mozilla Thunderbird", "Content-Language": "en-US"}, flowed=True
    ),
}  # fmt: skip
