"""What a mail server found out about who sent a mail: Authentication-Results (RFC 8601), of servers we trust.

Anybody can write such a header. Those of a trusted server stand on top, put there when it took the mail in; what stands
beneath the first of anybody else's is not looked at (RFC 8601, 5 and 7.1).
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Literal

from channels_app.mail.headers import read_headers
from channels_app.mail.model import Limits

Verdict = Literal["pass", "fail", "none"]

_RESULT = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]*)(?:\s*/\s*\d+)?\s*=\s*([A-Za-z]+)")
_PROPERTY = re.compile(r'([A-Za-z]+)\s*\.\s*([A-Za-z0-9_-]+)\s*=\s*("[^"]*"|[^\s;"]+)')
_MOST_RESULTS = 50


@dataclass(frozen=True, slots=True)
class Result:
    """One method's result; `properties` by `ptype.property`, in lower case ("header.from", "smtp.mailfrom")."""

    method: str
    result: str
    properties: dict[str, str] = field(default_factory=dict)


def vouched_for(raw: bytes, domain: str, trusted: Collection[str]) -> Verdict:
    """Whether a trusted server (by its authserv-id) says that a mail is really of this domain.

    "pass": DMARC passed, or DKIM or SPF did for a domain that this one is, or is beneath of (relaxed alignment,
    RFC 7489). "fail": DMARC failed. "none": nobody we trust says either. Never raises on any bytes.
    """
    domain = domain.lower().rstrip(".")
    found = results(raw, trusted)
    dmarc = {one.result for one in found if one.method == "dmarc" and _is_of(one, domain)}
    if "fail" in dmarc:
        return "fail"
    if "pass" in dmarc or any(_aligned(one, domain) for one in found if one.result == "pass"):
        return "pass"
    return "none"


def results(raw: bytes, trusted: Collection[str]) -> list[Result]:
    """The results that trusted servers wrote down."""
    ids = {one.lower() for one in trusted}
    headers, _ = read_headers(raw, 0, len(raw), Limits())
    found: list[Result] = []
    for header, value in headers.order:
        if header.lower() != "authentication-results":
            continue
        server, *parts = _split(_without_comments(value))
        name, _, _ = server.strip().partition(" ")
        if name.strip('"').lower() not in ids:
            break
        found += [result for part in parts[:_MOST_RESULTS] if (result := _result(part))]
    return found


def _result(part: str) -> Result | None:
    found = _RESULT.match(part)
    if found is None:
        return None
    said = _PROPERTY.findall(part[found.end() :])
    properties = {f"{kind}.{name}".lower(): value.strip('"').lower() for kind, name, value in said}
    return Result(found[1].lower(), found[2].lower(), properties)


def _is_of(result: Result, domain: str) -> bool:
    return result.properties.get("header.from", domain).rpartition("@")[2].rstrip(".") == domain


def _aligned(result: Result, domain: str) -> bool:
    of = {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom",)}.get(result.method, ())
    for name in of:
        signer = result.properties.get(name, "").rpartition("@")[2].rstrip(".")
        if "." in signer and (domain == signer or domain.endswith("." + signer)):
            return True
    return False


def _split(value: str) -> Iterator[str]:
    """The parts between semicolons, outside of quotes."""
    start, quoted = 0, False
    for at, char in enumerate(value):
        if char == '"':
            quoted = not quoted
        elif char == ";" and not quoted:
            yield value[start:at]
            start = at + 1
    yield value[start:]


def _without_comments(value: str) -> str:
    """RFC 5322 comments may nest, and may hold anything that looks like a result."""
    out: list[str] = []
    depth, quoted, escaped = 0, False, False
    for char in value:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"' and not depth:
            quoted = not quoted
        elif char == "(" and not quoted:
            depth += 1
            continue
        elif char == ")" and depth:
            depth -= 1
            continue
        if not depth:
            out.append(char)
    return "".join(out)
