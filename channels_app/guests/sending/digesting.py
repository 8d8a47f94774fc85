"""Many messages in one mail: thread by thread, what was new in each beneath what it answers."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from channels_app.chat.models import Message

CONTEXT_LENGTH = 200
Files = Sequence[tuple[str, str]]  # (name, URL) of each


@dataclass(frozen=True, slots=True)
class Digest:
    """The same in plain text and in HTML."""

    text: str
    html: str


def digest(
    rows: Sequence[Message],
    roots: Mapping[str, Message],
    names: Mapping[str, str],
    files: Mapping[str, Files],
) -> Digest:
    """`rows` in order of time; `roots` of their threads, `names` of all authors and `files` of messages by id."""
    threads: dict[str, list[Message]] = {}
    for row in rows:
        threads.setdefault(row.thread_id or row.id, []).append(row)
    texts, parts = [], []
    for id, said in threads.items():
        root = roots.get(id)
        if root is not None and root not in said:
            texts.append(_context_text(root, names))
            parts.append(_context_html(root, names))
        for row in said:
            attached = files.get(row.id, ())
            texts.append(_text(row, names, attached))
            parts.append(_html(row, names, attached))
    return Digest("\n\n".join(texts), "\n".join(parts))


def _context_text(root: Message, names: Mapping[str, str]) -> str:
    return f"— In answer to {names.get(root.author_id, 'somebody')}: {_short(root.text)}"


def _context_html(root: Message, names: Mapping[str, str]) -> str:
    who, words = html.escape(names.get(root.author_id, "somebody")), html.escape(_short(root.text))
    return f"<p>In answer to <strong>{who}</strong>: <em>{words}</em></p>"


def _text(row: Message, names: Mapping[str, str], attached: Files) -> str:
    lines = [f"{names.get(row.author_id, 'Somebody')}, {_time(row)}:", *row.text.splitlines()]
    lines += [line for name, url in attached for line in (f"📎 {name}", url)]
    return "\n".join(f"    {line}" if row.thread_id else line for line in lines)


def _html(row: Message, names: Mapping[str, str], attached: Files) -> str:
    who = html.escape(names.get(row.author_id, "Somebody"))
    said = f"<p><strong>{who}</strong>, {_time(row)}</p>\n{row.html}"
    for name, url in attached:
        said += f'<p>📎 <a href="{html.escape(url)}">{html.escape(name)}</a></p>'
    return f"<blockquote>{said}</blockquote>" if row.thread_id else said


def _time(row: Message) -> str:
    return f"{row.created_at:%d %b, %H:%M} UTC"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= CONTEXT_LENGTH else line[:CONTEXT_LENGTH].rsplit(" ", 1)[0] + "…"
