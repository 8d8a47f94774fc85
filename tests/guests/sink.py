"""A mail server that keeps what it gets, and refuses what it is told to: the guests' providers."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from workspace.operate.part import free_port


@dataclass
class Taken:
    """A mail as it came: envelope and bytes."""

    sender: str
    to: str
    raw: bytes

    @property
    def mail(self) -> EmailMessage:
        return email.message_from_bytes(self.raw, policy=email.policy.default)

    @property
    def text(self) -> str:
        body = self.mail.get_body(("plain",))
        assert body is not None
        return str(body.get_content()).strip()


@dataclass
class Sink:
    """`answers` to RCPT by address ("550 no such user"), `after` to DATA by address; "die" cuts the connection."""

    taken: list[Taken] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def of(self, to: str) -> list[Taken]:
        return [one for one in self.taken if one.to == to]

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        to = envelope.rcpt_tos[0]
        answer = self.after.get(to)
        if answer is None or answer == "die after":
            self.taken.append(Taken(str(envelope.mail_from), to, cast(bytes, envelope.original_content)))
        if answer and answer.startswith("die"):
            transport: Any = server.transport
            transport.abort()
        return answer or "250 OK"


@contextmanager
def running_sink() -> Iterator[Sink]:
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    sink.url = f"smtp://{controller.hostname}:{controller.port}"
    try:
        yield sink
    finally:
        controller.stop()
