"""What the folders say: the events of the Logs, and the messages of the channels' folders."""

from __future__ import annotations

import binascii
import html as html_lib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from channels_app.mail import Address, Attachment, Limits, Parsed, event_seq, parse, parse_message_id
from channels_app.mirror.copies import BYTES_AT_ONCE
from channels_app.mirror.imap import ROOT, Mailbox
from channels_app.mirror.names import LOG
from channels_app.mirror.wire import State

# Our own mails may be as big as our own limits let them be.
LIMITS = Limits(size=2**31, attachment_bytes=2**31, text=2**31)
READ_AT_ONCE = 500

Event = dict[str, Any]


@dataclass(slots=True)
class Log:
    """The events of a Log by number, and which mail is which."""

    state: State
    events: dict[int, Event] = field(default_factory=dict)
    uids: dict[int, int] = field(default_factory=dict)

    @property
    def stream(self) -> str:
        return str(next(iter(self.events.values()))["stream"]) if self.events else ""

    def versions(self) -> dict[str, str]:
        """{message: when it was edited last}, for those that were."""
        edits = (event for _, event in sorted(self.events.items()) if event["kind"] == "message.edited")
        return {event["payload"]["id"]: event["payload"]["edited_at"] for event in edits}


@dataclass(frozen=True, slots=True)
class FoundPost:
    """A mail of a channel's folder: `facts` are its `Roost-*` headers (empty for somebody else's mail)."""

    uid: int
    raw: bytes
    parsed: Parsed

    @property
    def facts(self) -> Mapping[str, str]:
        return self.parsed.roost

    @property
    def files(self) -> Sequence[Attachment]:
        return self.parsed.attachments

    @property
    def author(self) -> Address:
        return self.parsed.from_ or Address("", "")


def organizations(states: Mapping[str, State]) -> list[str]:
    """The organizations' slugs."""
    found = (re.fullmatch(f"{ROOT}/([^/]+)/{LOG}", name) for name in states)
    return sorted(match[1] for match in found if match)


def channels(mailbox: Mailbox, states: Mapping[str, State], slug: str) -> tuple[list[str], list[str]]:
    """(the names of an organization's channel folders, those that are left out).

    Folders that were moved aside as somebody else's are no channels; of two of one channel (somebody copied one by
    hand) the one counts whose Log is longer.
    """
    home = f"{ROOT}/{slug}/"
    logs = [name for name in states if name.startswith(home) and name.endswith(f"/{LOG}") and name != f"{home}{LOG}"]
    best: dict[str, str] = {}
    left_out: list[str] = []
    for name in sorted(logs, key=lambda name: (-states[name].messages, name)):
        base = name.removesuffix(f"/{LOG}")
        channel = _whose(mailbox, name)
        if base.startswith(f"{home}Archive/found-") or not channel or channel in best or base not in states:
            left_out.append(base)
        else:
            best[channel] = base
    return sorted(best.values()), sorted(left_out)


def _whose(mailbox: Mailbox, name: str) -> str:
    """The channel whose Log this is, by its first mail; empty when it is none of ours."""
    mailbox.select(name)
    heads = mailbox.heads(mailbox.uids()[:1]).values()
    own = next((parse_message_id(head.decode("ascii", "replace").partition(":")[2].strip()) for head in heads), None)
    return own.channel if own is not None and own.domain == settings.MAIL_DOMAIN else ""


def read_log(mailbox: Mailbox, name: str) -> Log:
    """Read a whole Log. Of two mails of one event the later counts: it is the one without a deleted text."""
    log = Log(mailbox.select(name))
    for uid, raw in _mails(mailbox):
        parsed = parse(raw, limits=LIMITS)
        seq = event_seq(parsed.own) if parsed.own else None
        if seq and parsed.event and parsed.own and parsed.own.domain == settings.MAIL_DOMAIN:
            log.events[seq], log.uids[seq] = parsed.event, uid
    return log


def read_posts(mailbox: Mailbox, name: str) -> tuple[State, Iterator[FoundPost]]:
    """Where the folder stands, and its mails, in order of UID."""
    state = mailbox.select(name)
    return state, (FoundPost(uid, raw, parse(raw, limits=LIMITS)) for uid, raw in _mails(mailbox))


def _mails(mailbox: Mailbox) -> Iterator[tuple[int, bytes]]:
    uids = mailbox.uids()
    for at in range(0, len(uids), READ_AT_ONCE):
        batch: list[int] = []
        total = 0
        for uid, size in mailbox.sizes(uids[at : at + READ_AT_ONCE]).items():
            if batch and total + size > BYTES_AT_ONCE:
                yield from mailbox.raw(batch).items()
                batch, total = [], 0
            batch.append(uid)
            total += size
        yield from mailbox.raw(batch).items()


_MARK = re.compile(rb'Content-Type: multipart/alternative; boundary="([^"]+)"')
_ENCODING = re.compile(rb"Content-Transfer-Encoding: ([a-z0-9-]+)")
_BODY = re.compile(r".*?<body>\n(.*)\n</body></html>\n", re.DOTALL)
_LINK = re.compile(r'<a class="mention" href="mailto:([^"]*)">@([^<]*)</a>')


def html_of(raw: bytes, people_by_email: Mapping[str, str]) -> str:
    """The HTML of a message from the mail we composed of it: the reverse of what the codec did.

    The sanitizer lets no link have a class, so links to people are the mentions and nothing else.
    """
    mark = _MARK.search(raw)
    parts = raw.split(b"\r\n--" + mark[1], 4) if mark else []
    if len(parts) < 4:
        return ""
    head, _, body = parts[3].partition(b"\r\n\r\n")
    document = _BODY.fullmatch(_decoded(head, body))
    shown = document[1] if document else ""

    def mention(found: re.Match[str]) -> str:
        person = people_by_email.get(html_lib.unescape(found[1]).lower())
        return f'<span class="mention" data-person="{person}">@{found[2]}</span>' if person else found[0]

    return _LINK.sub(mention, shown) + "\n" if shown else ""


def _decoded(head: bytes, body: bytes) -> str:
    encoding = _ENCODING.search(head)
    match encoding[1] if encoding else b"7bit":
        case b"base64":
            return binascii.a2b_base64(body).decode()
        case b"quoted-printable":
            return binascii.a2b_qp(body).replace(b"\r\n", b"\n").decode()
    return body.replace(b"\r\n", b"\n").decode()
