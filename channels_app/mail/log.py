"""Every other event of a channel as a mail for its Log: a COI message for people, the event itself for us."""

import json
from collections.abc import Mapping
from typing import Any

from channels_app.mail.compose import boundary, flowed_part, multipart, opening, roost, text_part
from channels_app.mail.encode import base64_lines, ids, unstructured
from channels_app.mail.ids import event_id
from channels_app.mail.model import LogEntry

EVENT_TYPE = "application/vnd.roost.event+json"
_CHAT_CONTENT = {"message.edited": "editrequest", "message.deleted": "deleterequest"}
_DISPOSITION = {"reaction.added": "reaction", "reaction.removed": "reaction", "message.pinned": "pinned"}


def compose_log(entry: LogEntry) -> bytes:
    """The mail of an event. CRLF lines, ASCII; the same bytes for the same `entry`.

    Raises ValueError for a naive date and for an event that is not JSON.
    """
    own = event_id(entry.channel_uid, entry.seq, entry.domain)
    lines = opening(entry, entry.actor, own)
    if entry.target and (target := ids(entry.target)):
        lines += [f"In-Reply-To: {target}", f"References: {target}"]
    disposition = _DISPOSITION.get(entry.kind)
    content = None if disposition else _CHAT_CONTENT.get(entry.kind, "status")
    if content:
        lines.append(f"Chat-Content: {content}")
    lines += [f"Roost-Seq: {entry.seq}", f"Roost-Kind: {unstructured(entry.kind[:200])}", *roost(entry.roost)]
    event = canonical(entry.event)
    mark = boundary(own, entry.text, event, entry.emoji or "")
    mail = multipart("mixed", "=_m" + mark, [*_for_people(entry, content, disposition, mark), _for_us(event)])
    return "\r\n".join(lines).encode("ascii") + b"\r\n" + mail + b"\r\n"


def canonical(event: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no spaces: equal events have equal bytes."""
    try:
        return json.dumps(dict(event), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except TypeError as error:
        raise ValueError(f"an event must be JSON: {error}") from error


def _for_people(entry: LogEntry, content: str | None, disposition: str | None, mark: str) -> list[bytes]:
    if disposition == "reaction":
        # RFC 9078 knows no empty reaction, so an ordinary program gets a sentence to show instead.
        sentence = [] if entry.emoji else [flowed_part(entry.text, "Chat-Content: status\r\n")]
        return [flowed_part(entry.emoji or "", "Content-Disposition: reaction\r\n"), *sentence]
    if disposition == "pinned":
        return [flowed_part(entry.text, "Content-Disposition: pinned\r\n")]
    payload = entry.event.get("payload")
    text = payload.get("text") if content == "editrequest" and isinstance(payload, Mapping) else None
    if isinstance(text, str):
        body = multipart("alternative", "=_a" + mark, [flowed_part(text), text_part("text/markdown", text)])
        return [b"Chat-Content: editrequest\r\n" + body]
    return [flowed_part(entry.text, f"Chat-Content: {content}\r\n")]


def _for_us(event: str) -> bytes:
    head = (
        f'Content-Type: {EVENT_TYPE}; name="event.json"\r\n'
        'Content-Disposition: attachment; filename="event.json"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode("ascii") + base64_lines(event.encode("utf-8"))
