"""Mailboxes in From, To and the like (RFC 5322), leniently and in linear time."""

import re

from channels_app.mail.charset import clean_line
from channels_app.mail.headers import decode_words
from channels_app.mail.model import Address

_PLAIN = re.compile(r'(?:"([^"\\<>]*)"\s*|([^"\\<>(),;:@]*))<([^\s<>(),;:"\\@]{1,256}@[^\s<>(),;:"\\@]{1,256})>')
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|<[^<>]*>?|[(),;:]|[^"<>(),;:]+|[>]', re.DOTALL)
_EMAIL = re.compile(r"[^\s<>,;:()\x00-\x20\x7f]{1,256}@[^\s<>,;:()@\x00-\x20\x7f]{1,256}")


def read_addresses(value: str, limit: int = 500) -> tuple[Address, ...]:
    """The mailboxes of a header value in order, groups flattened; what has no `local@domain` is left out."""
    if not value:
        return ()
    simple = _PLAIN.fullmatch(value.strip())
    if simple:
        return (Address(_name(simple[1] or simple[2] or ""), simple[3]),)
    found: list[Address] = []
    for tokens in _mailboxes(value):
        address = _mailbox(tokens)
        if address:
            found.append(address)
            if len(found) >= limit:
                break
    return tuple(found)


def has_group(value: str) -> bool:
    """Whether a header value names a group (`Friends: a@b.test;`), which From is not to do (RFC 7489, 6.6.1)."""
    depth = 0
    for token in _TOKEN.findall(value):
        depth = max(0, depth + {"(": 1, ")": -1}.get(token, 0))
        if not depth and token in (":", ";"):
            return True
    return False


def _mailboxes(value: str) -> list[list[str]]:
    """The tokens of each mailbox, split at commas and group marks outside comments."""
    boxes: list[list[str]] = [[]]
    depth = 0
    for token in _TOKEN.findall(value):
        if token == "(":
            depth += 1
        elif token == ")":
            depth = max(0, depth - 1)
        elif depth:
            boxes[-1].append("(" + token)
        elif token in ",;":
            boxes.append([])
        elif token == ":":
            boxes[-1] = []  # what stood before was the name of a group
        else:
            boxes[-1].append(token)
    return boxes


def _mailbox(tokens: list[str]) -> Address | None:
    angle = next((token for token in reversed(tokens) if token.startswith("<")), None)
    words = [token for token in tokens if not token.startswith(("<", "("))]
    if angle is not None:
        email = angle.strip("<> ").rpartition(":")[2].strip()  # a source route ends in a colon
        name = _name(" ".join(_unquote(word) for word in words))
    else:
        email = "".join(words).strip()
        name = _name(" ".join(token[1:] for token in tokens if token.startswith("(")))
    if not _EMAIL.fullmatch(email):
        return None
    return Address(name, email)


def _unquote(word: str) -> str:
    if not word.startswith('"'):
        return word.strip()
    return re.sub(r"\\(.)", r"\1", word[1:].removesuffix('"'))


def _name(text: str) -> str:
    name = clean_line(decode_words(text), 200)
    return name[1:-1].strip() if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'" else name
