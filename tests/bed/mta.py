"""The mail server between everybody: takes mail by SMTP, keeps a copy of it, and hands it on by LMTP.

It asks the receiver while the sender waits, so a refusal is the answer to DATA. What a provider's account sent and
nobody could take yet waits here, and is handed over again until there is an answer; everybody else tries again
themselves. What a mail may meet on its way is said before (`refuse`, `die`, …) or left to `chance`.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import smtplib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import make_msgid, parseaddr
from typing import Any, Literal, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.guests.sink import Taken
from workspace.operate.part import free_port

NAME = "mx.bed.test"
MAIL_BYTES = 64 * 1024 * 1024
RETRY_SECONDS = 0.1
ANSWER_SECONDS = 60.0
AGAIN = "451 4.4.1 The next server does not answer."
_RESULTS = re.compile(rb"^authentication-results:.*\r\n(?:[ \t].*\r\n)*", re.IGNORECASE | re.MULTILINE)

Kind = Literal["refuse", "refuse rcpt", "drop", "double", "delay", "die", "die after"]


@dataclass
class Trouble:
    """What a mail meets: `answer` goes with the refusals, `seconds` with a delay; `times` it happens (-1: always).

    "die" cuts the connection in DATA before the mail was taken, "die after" when it was, but is not answered.
    """

    kind: Kind
    answer: str = ""
    seconds: float = 0.0
    times: int = -1


@dataclass
class Passed(Taken):
    """A mail that was taken, from `began` to `ended` (monotonic seconds). `answered`: its sender was told so."""

    answered: bool = True
    began: float = 0.0
    ended: float = 0.0


@dataclass
class _Letter:
    """A mail on its way to one address; `by` is the account whose password came with it."""

    sender: str
    to: str
    raw: bytes
    by: str


@dataclass
class Mta:
    """`seen` has every mail that was taken, in order; `refused` the answers of receivers, by address.

    `meanwhile` is called when a receiver (the address) has a mail and has not answered yet.
    """

    url: str = ""
    port: int = 0
    seen: list[Passed] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    chance: Callable[[str, str], Trouble | None] = lambda sender, to: None
    vouches: bool = True
    meanwhile: Callable[[str], None] = lambda to: None
    _troubles: dict[str, Trouble] = field(default_factory=dict)
    _routes: dict[str, int] = field(default_factory=dict)
    _ours: set[str] = field(default_factory=set)
    _waiting: deque[_Letter] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Event = field(default_factory=threading.Event)

    # What tests say and ask

    def route(self, domain: str, port: int, *, vouch: bool = False) -> None:
        """Mail for a domain goes to the LMTP server at a port; `.chat.test` means all below it.

        `vouch`: what comes there has our Authentication-Results, and no others that bear our name.
        """
        self._routes[domain] = port
        (self._ours.add if vouch else self._ours.discard)(domain)

    def of(self, to: str) -> list[Passed]:
        return [one for one in list(self.seen) if one.to == to]

    def refuse(self, to: str, answer: str, *, times: int = -1, at_rcpt: bool = False) -> None:
        self._troubles[to] = Trouble("refuse rcpt" if at_rcpt else "refuse", answer, times=times)

    def drop(self, to: str, *, times: int = -1) -> None:
        """Take it, and lose it."""
        self._troubles[to] = Trouble("drop", times=times)

    def double(self, to: str, *, times: int = -1) -> None:
        self._troubles[to] = Trouble("double", times=times)

    def delay(self, to: str, seconds: float, *, times: int = -1) -> None:
        self._troubles[to] = Trouble("delay", seconds=seconds, times=times)

    def die(self, to: str, *, after: bool = False, times: int = 1) -> None:
        self._troubles[to] = Trouble("die after" if after else "die", times=times)

    def heal(self) -> None:
        """No more troubles."""
        self._troubles.clear()

    @property
    def waiting(self) -> int:
        """How many mails nobody took yet."""
        return len(self._waiting)

    # aiosmtpd's hooks

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if trouble := self._meets("refuse rcpt", address):
            return trouble.answer
        if self._port_for(address) is None:
            return "550 5.1.2 Nobody here takes mail for that domain."
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw, sender = cast(bytes, envelope.original_content), envelope.mail_from or ""
        by = session.auth_data.login.decode() if isinstance(session.auth_data, LoginPassword) else ""
        letters = [_Letter(sender, to, raw, by) for to in envelope.rcpt_tos]
        troubles = [self._trouble(letter) for letter in letters]
        if any(trouble and trouble.kind == "die" for trouble in troubles):
            _abort(server)
            return "421 gone"
        answers = [
            await self._pass(letter, trouble, len(letters) == 1)
            for letter, trouble in zip(letters, troubles, strict=True)
        ]
        if any(trouble and trouble.kind == "die after" for trouble in troubles):
            _abort(server)
        return self._one_answer(letters, answers)

    def login(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        """Everybody may sign in: what they send is believed to be theirs when it is from the same domain."""
        return AuthResult(success=isinstance(given, LoginPassword), auth_data=given)

    # On its way

    def _trouble(self, letter: _Letter) -> Trouble | None:
        planned = self._troubles.get(letter.to)
        if planned is not None and planned.kind != "refuse rcpt":
            return self._meets(planned.kind, letter.to)
        return self.chance(letter.sender, letter.to)

    def _meets(self, kind: Kind, to: str) -> Trouble | None:
        with self._lock:
            trouble = self._troubles.get(to)
            if trouble is None or trouble.kind != kind:
                return None
            trouble.times -= 1
            if trouble.times == 0:
                del self._troubles[to]
            return trouble

    async def _pass(self, letter: _Letter, trouble: Trouble | None, alone: bool) -> str:
        began = time.monotonic()
        if trouble and trouble.kind == "refuse":
            return trouble.answer
        if trouble and trouble.kind == "delay":
            await asyncio.sleep(trouble.seconds)
        times = {"drop": 0, "double": 2}.get(trouble.kind if trouble else "", 1)
        answer, passed = await asyncio.to_thread(self._take, letter, times, bool(letter.by) or not alone, began)
        if passed and not (trouble and trouble.kind == "die after"):
            passed.answered = True
        return answer

    def _take(self, letter: _Letter, times: int, waits: bool, began: float) -> tuple[str, Passed | None]:
        """Hand over, and note it: also when its sender is gone meanwhile, and the event loop forgets about it."""
        answer = "250 2.0.0 OK"
        for _ in range(times):
            answer = self._hand_over(letter)
        if answer.startswith("4") and waits:
            self._waiting.append(letter)
            answer = "250 2.0.0 It waits"
        if not answer.startswith("2"):
            return answer, None
        passed = Passed(letter.sender, letter.to, letter.raw, False, began, time.monotonic())
        self.seen.append(passed)
        return answer, passed

    def _one_answer(self, letters: Sequence[_Letter], answers: Sequence[str]) -> str:
        """SMTP has one for all; who was refused while others were not is told of by a report."""
        failed = [(letter, answer) for letter, answer in zip(letters, answers, strict=True) if answer[0] == "5"]
        if len(failed) == len(letters) or len(letters) == 1:
            return answers[0]
        for letter, answer in failed:
            self._report(letter, answer)
        return "250 2.0.0 OK"

    def _hand_over(self, letter: _Letter) -> str:
        """The receiver's answer."""
        port = self._port_for(letter.to)
        try:
            with smtplib.LMTP("127.0.0.1", port or 0, local_hostname=NAME, timeout=ANSWER_SECONDS) as receiver:
                code, words = self._talk(receiver, letter)
        except (OSError, smtplib.SMTPException):
            return AGAIN
        answer = f"{code} {words.decode(errors='replace')}"
        if code >= 400:
            self.refused.append((letter.to, answer))
        return answer

    def _talk(self, receiver: smtplib.LMTP, letter: _Letter) -> tuple[int, bytes]:
        receiver.ehlo_or_helo_if_needed()
        receiver.mail(letter.sender)
        reply = receiver.rcpt(letter.to)
        if reply[0] == 250:
            reply = receiver.docmd("DATA")
        if reply[0] != 354:
            return reply
        receiver.send(_dotted(self._stamped(letter)))
        self.meanwhile(letter.to)
        return receiver.getreply()

    def _stamped(self, letter: _Letter) -> bytes:
        """With what the receiver's mail server writes above a mail."""
        if not self.vouches or self._domain_of(letter.to) not in self._ours:
            return letter.raw
        head, gap, body = letter.raw.partition(b"\r\n\r\n")
        head = _RESULTS.sub(b"", head + b"\r\n").removesuffix(b"\r\n")
        found = re.search(rb"^from:((?:.*\r\n[ \t])*.*)", head, re.IGNORECASE | re.MULTILINE)
        domain = parseaddr(found[1].decode(errors="replace"))[1].rpartition("@")[2] if found else ""
        result = "pass" if domain and letter.by.rpartition("@")[2] == domain else "fail"
        results = f"Authentication-Results: {NAME}; dmarc={result} header.from={domain or 'unknown'}\r\n"
        return results.encode() + head + gap + body

    def _domain_of(self, address: str) -> str:
        """The domain or `.domain` of a route."""
        domain = address.rpartition("@")[2].lower()
        parents = [f".{domain.split('.', depth)[-1]}" for depth in range(1, domain.count(".") + 1)]
        return next((one for one in (domain, *parents) if one in self._routes), "")

    def _port_for(self, address: str) -> int | None:
        return self._routes.get(self._domain_of(address))

    def _report(self, letter: _Letter, answer: str) -> None:
        """Tell the sender that a mail could not be delivered (RFC 3464)."""
        if not letter.sender:
            return
        report = MIMEMultipart("report", report_type="delivery-status")
        report["From"], report["To"] = f"Mail Delivery System <mailer-daemon@{NAME}>", letter.sender
        report["Subject"], report["Message-ID"] = "Undelivered Mail Returned to Sender", make_msgid(domain=NAME)
        report["Auto-Submitted"] = "auto-replied"
        report.attach(MIMEText(f"Your mail to {letter.to} could not be delivered: {answer}"))
        whole, one = Message(), Message()
        whole["Reporting-MTA"] = f"dns; {NAME}"
        one["Final-Recipient"], one["Action"] = f"rfc822; {letter.to}", "failed"
        one["Status"], one["Diagnostic-Code"] = answer.split()[1], f"smtp; {answer}"
        status = MIMEBase("message", "delivery-status")
        status.set_payload([whole, one])
        report.attach(status)
        self._hand_over(_Letter("", letter.sender, report.as_bytes().replace(b"\n", b"\r\n"), ""))

    def deliver_waiting(self) -> None:
        """Hand over what nobody took yet, in order and again, until stopped."""
        while not self._stopping.wait(RETRY_SECONDS):
            for _ in range(len(self._waiting)):
                letter = self._waiting[0]
                answer = self._hand_over(letter)
                if answer.startswith("4"):
                    self._waiting.append(letter)
                self._waiting.popleft()
                if answer.startswith("5"):
                    self._report(letter, answer)

    def stop(self) -> None:
        self._stopping.set()


def _dotted(raw: bytes) -> bytes:
    """As it is sent (RFC 5321, 4.5.2)."""
    return re.sub(rb"(?m)^\.", b"..", raw.removesuffix(b"\r\n")) + b"\r\n.\r\n"


def _abort(server: SMTP) -> None:
    transport: Any = server.transport
    transport.abort()


class _Server(Controller):
    def factory(self) -> SMTP:
        mta: Mta = self.handler
        return SMTP(
            mta,
            data_size_limit=MAIL_BYTES,
            enable_SMTPUTF8=True,
            hostname=NAME,
            authenticator=mta.login,
            auth_require_tls=False,
            timeout=ANSWER_SECONDS,
        )


@contextlib.contextmanager
def running_mta(port: int = 0) -> Iterator[Mta]:
    mta = Mta(port=port or free_port())
    mta.url = f"smtp://127.0.0.1:{mta.port}"
    server = _Server(mta, hostname="127.0.0.1", port=mta.port)
    server.start()
    retrying = threading.Thread(target=mta.deliver_waiting, name="mta", daemon=True)
    retrying.start()
    try:
        yield mta
    finally:
        mta.stop()
        retrying.join(ANSWER_SECONDS)
        server.stop()
