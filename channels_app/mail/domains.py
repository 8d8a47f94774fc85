"""Domains as DNS and DMARC know them: in ASCII, whose organization they belong to, who is aligned with whom."""

import re
from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST = 253
# Python's codec has IDNA 2003, which makes other domains of these (RFC 5894, 7.2): whose they are is not known then.
_AMBIGUOUS = frozenset("ßς\u200c\u200d")


def ascii_domain(value: str) -> str:
    """The domain of a domain or an address as DNS has it, in lower case; empty when it is none with at least a dot."""
    domain = value.rpartition("@")[2].strip().removesuffix(".").lower()
    if not domain.isascii():
        domain = _encoded(domain)
    return domain if len(domain) <= _LONGEST and _NAME.fullmatch(domain) and not _is_number(domain) else ""


def _encoded(domain: str) -> str:
    if len(domain) > _LONGEST or not _AMBIGUOUS.isdisjoint(domain):
        return ""
    try:
        return domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""


def _is_number(domain: str) -> bool:
    return domain.rpartition(".")[2].isdigit()


@lru_cache(maxsize=4096)
def organizational(domain: str) -> str:
    """The domain (in ASCII) that somebody registered: the public suffix and one label (RFC 7489, 3.2).

    Empty for a public suffix itself: it speaks for nobody.
    """
    return _suffixes().privatesuffix(domain) or ""


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def aligned(by: str, domain: str, *, strict: bool = False) -> bool:
    """Whether what `by` vouches for counts for From at `domain` (RFC 7489, 3.1); both in ASCII, either may be empty."""
    if not by or not domain:
        return False
    if by == domain:
        return True
    return not strict and bool(organizational(by)) and organizational(by) == organizational(domain)
