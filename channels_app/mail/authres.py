"""Authentication-Results (RFC 8601): what a mail server found out about who sent a mail.

Anybody can write this header, so it counts only when a server that is trusted by name wrote it, and only where that
server writes it: above everything the mail came with. A header that does not keep to the grammar says nothing.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

Vouched = Literal["pass", "fail", "doubtful", "unknown"]
"""Whether the owner of the domain in From sent a mail: yes; no, and it is to be refused; it seems not; nobody says."""

_NOT_GOOD = {"fail", "softfail"}
_MOST_QUOTED = 100
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_NEXT = re.compile(r'[^"()\\]+')
_PLACE = 0xE000  # of the private use area: stands for a quoted string until its surroundings are read
_PLACES = re.compile(f"[\ue000-{chr(_PLACE + _MOST_QUOTED)}]")
_METHOD = re.compile(r"\s*([a-z0-9-]+)(?:\s*/\s*(\d+))?\s*=\s*([a-z0-9-]+)(?=\s|$)", re.IGNORECASE)
_PROPERTY = re.compile(r"\s*((?:[a-z0-9-]+\s*\.\s*)?[a-z0-9_-]+)\s*=\s*(\S+)", re.IGNORECASE)
_DOMAIN = re.compile(r"(?:[a-z0-9_-]{1,63}\.)+[a-z0-9-]{1,63}")
_TOKEN = re.compile(r"[A-Za-z0-9._+@-]+")
_LONGEST_VALUE = 255
_OURS = re.compile(rb"^authentication-results[ \t]*:(.*(?:\n[ \t].*)*)\n?", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Result:
    """One finding: method "dkim", result "pass", properties {"header.d": "a.test"}; names in lower case."""

    method: str
    result: str
    properties: Mapping[str, str] = field(default_factory=dict)


def vouched(fields: Iterable[tuple[str, str]], servers: Collection[str], domain: str) -> Vouched:
    """Whether the trusted servers say that a mail with From at `domain` was sent by its owner.

    `fields` are all (name, unfolded value) of the mail's header from the top, `servers` the trusted authserv-ids.
    """
    return verdict(trusted_results(fields, servers), domain)


def verdict(results: Collection[Result], domain: str) -> Vouched:
    """DMARC's answer where there is one, else an aligned signature or envelope sender, good or not good.

    Aligned is the domain itself or one above it. RFC 7489 takes those below for aligned too; without the list of
    public suffixes that would let everybody speak for a domain under which everybody can have a name.
    """
    domain = _domain(domain)
    if not domain:
        return "unknown"
    dmarc = [
        one.result
        for one in results
        if one.method == "dmarc" and _domain(one.properties.get("header.from", domain)) == domain
    ]
    if "fail" in dmarc:
        return "fail"
    if dmarc and set(dmarc) == {"pass"}:
        return "pass"
    near = {one.result for one in results if _aligned(_vouching(one), domain)}
    if "pass" in near:
        return "pass"
    return "unknown" if near.isdisjoint(_NOT_GOOD) else "doubtful"


def _vouching(one: Result) -> str:
    if one.method == "dkim":
        return one.properties.get("header.d") or one.properties.get("header.i", "")
    return one.properties.get("smtp.mailfrom", "") if one.method == "spf" else ""


def _aligned(by: str, domain: str) -> bool:
    by = _domain(by)
    return bool(by) and (by == domain or domain.endswith(f".{by}"))


def _domain(value: str) -> str:
    """The domain of a domain or an address, in lower case; empty when it is none."""
    found = value.rpartition("@")[2].strip().rstrip(".").lower()
    return found if _DOMAIN.fullmatch(found) else ""


def trusted_results(fields: Iterable[tuple[str, str]], servers: Collection[str]) -> tuple[Result, ...]:
    """What the trusted servers found: of the topmost headers only, and of each method what stands highest.

    A server that checks writes above what came in, and several of its filters may each write a header. So the first
    header of anybody else ends them, and so does the next Received: that hop was before the check.
    """
    known = {server.lower() for server in servers}
    found: list[Result] = []
    begun = False
    for name, value in fields:
        name = name.lower()
        if name == "received" and begun:
            break
        if name != "authentication-results":
            continue
        read = read_results(value)
        if read is None or read[0] not in known:
            break
        begun = True
        settled = {one.method for one in found}
        found += [one for one in read[1] if one.method not in settled]
    return tuple(found)


def read_results(value: str) -> tuple[str, tuple[Result, ...]] | None:
    """(authserv-id in lower case, the findings) of one header; None for what is not of this form. Never raises."""
    plain = _without_comments(value)
    if plain is None:
        return None
    text, quoted = plain
    first, *rest = text.split(";")
    server = first.split()
    if not server or len(server) > 2 or server[1:] not in ([], ["1"]) or not rest:
        return None
    found: list[Result] = []
    for piece in rest:
        if not piece.strip() or (piece.strip().lower() == "none" and not found):
            continue
        one = _result(piece, quoted)
        if one is None:
            return None
        found.append(one)
    known = [one for one in found if one.method]
    return _filled(server[0], quoted).lower(), tuple(known)


def write_results(server: str, results: Iterable[Result]) -> bytes:
    """The header field, with its line end, in which `server` says what it found."""
    found = [_written(one) for one in results]
    return ";\r\n\t".join([f"Authentication-Results: {server}", *(found or ["none"])]).encode("ascii") + b"\r\n"


def _written(one: Result) -> str:
    return " ".join(
        [f"{one.method}={one.result}", *(f"{name}={_value(text)}" for name, text in one.properties.items())]
    )


def _value(text: str) -> str:
    """As a token, else quoted: whatever it is, it stays a value."""
    text = "".join(char if " " <= char <= "~" else "?" for char in text[:_LONGEST_VALUE])
    if _TOKEN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def without_results(raw: bytes, start: int, server: str) -> bytes:
    """A mail, whose body begins at `start`, without what others wrote in the name of `server` (RFC 8601, 5).

    What does not keep to the grammar goes as well: who knows whose name others read there.
    """

    def kept(found: re.Match[bytes]) -> bytes:
        read = read_results(" ".join(found[1].decode("utf-8", "replace").split()))
        return b"" if read is None or read[0] == server.lower() else found[0]

    return _OURS.sub(kept, raw[:start]) + raw[start:]


def _result(piece: str, quoted: list[str]) -> Result | None:
    """A method, its result, and what it was about. Of a version we do not know only that it is there (no method)."""
    head = _METHOD.match(piece)
    if head is None:
        return None
    properties: dict[str, str] = {}
    at = head.end()
    while piece[at:].strip():
        one = _PROPERTY.match(piece, at)
        if one is None:
            return None
        properties.setdefault("".join(one[1].split()).lower(), _filled(one[2], quoted))
        at = one.end()
    return Result(head[1].lower() if head[2] in (None, "1") else "", head[3].lower(), properties)


def _without_comments(value: str) -> tuple[str, list[str]] | None:
    """The value with a space for each comment and one character for each quoted string; None when one has no end."""
    out: list[str] = []
    quoted: list[str] = []
    value = _PLACES.sub("?", value)
    for kind, text in _tokens(value):
        if kind == "quoted" and len(quoted) < _MOST_QUOTED:
            out.append(chr(_PLACE + len(quoted)))
            quoted.append(_ESCAPED.sub(r"\1", text))
        elif kind == "text":
            out.append(text)
        elif kind == "comment":
            out.append(" ")
        else:
            return None
    return "".join(out), quoted


def _tokens(value: str) -> Iterator[tuple[str, str]]:
    """("text" | "quoted" | "comment" | "broken", what is in it), in order."""
    at = 0
    while at < len(value):
        if plain := _NEXT.match(value, at):
            yield "text", plain[0]
            at = plain.end()
        elif found := _QUOTED.match(value, at):
            yield "quoted", found[1]
            at = found.end()
        elif value[at] == "(" and (end := _comment_end(value, at)):
            yield "comment", ""
            at = end
        else:
            yield "broken", ""
            return


def _comment_end(value: str, at: int) -> int:
    """Where a comment that begins at `at` is over (comments nest); 0 when it never is."""
    depth = 0
    while at < len(value):
        if value[at] == "\\":
            at += 1
        elif value[at] in "()":
            depth += 1 if value[at] == "(" else -1
            if not depth:
                return at + 1
        at += 1
    return 0


def _filled(text: str, quoted: list[str]) -> str:
    return _PLACES.sub(lambda place: quoted[ord(place[0]) - _PLACE], text)
