"""DMARC records (RFC 7489, 6.3): what a domain asks to be done with mail that nobody proves to be its own."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Wish = Literal["none", "quarantine", "reject"]

_VERSION = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)")
_LONGEST = 2048


@dataclass(frozen=True, slots=True)
class Policy:
    """`wish` for the domain that has the record, `below` for those under it; `percent` of the mail is meant.

    `strict_dkim`, `strict_spf`: who vouches has to be the very domain in From, not just of the same organization.
    """

    wish: Wish
    below: Wish
    strict_dkim: bool = False
    strict_spf: bool = False
    percent: int = 100

    def asks(self, *, below: bool, lot: int) -> Wish:
        """What is asked for a mail that drew `lot` (0 to 99): those that are not meant get the next milder (6.6.4)."""
        wish = self.below if below else self.wish
        if lot < self.percent or wish == "none":
            return wish
        return "quarantine" if wish == "reject" else "none"


def read_policy(records: Iterable[str]) -> Policy | None:
    """The policy among the TXT records of `_dmarc.DOMAIN`; None when there is not exactly one (6.6.3)."""
    found = [record for record in records if len(record) <= _LONGEST and _VERSION.match(record)]
    return _policy(_tags(found[0])) if len(found) == 1 else None


def _tags(record: str) -> dict[str, str]:
    tags: dict[str, str] = {}
    for piece in record.split(";"):
        name, _, value = piece.partition("=")
        tags.setdefault(name.strip().lower(), value.strip())
    return tags


def _policy(tags: dict[str, str]) -> Policy | None:
    wish = _wish(tags.get("p", ""))
    if wish is None or ("sp" in tags and _wish(tags["sp"]) is None):
        # What can't be understood, but asks for reports, is read as "none"; else there is no policy.
        return Policy("none", "none") if "mailto:" in tags.get("rua", "").lower() else None
    percent = tags.get("pct", "100")
    return Policy(
        wish,
        _wish(tags.get("sp", "")) or wish,
        strict_dkim=tags.get("adkim", "r").lower() == "s",
        strict_spf=tags.get("aspf", "r").lower() == "s",
        percent=min(int(percent), 100) if percent.isascii() and percent.isdigit() and len(percent) < 4 else 100,
    )


def _wish(value: str) -> Wish | None:
    value = value.lower()
    return next((wish for wish in get_args(Wish) if wish == value), None)
