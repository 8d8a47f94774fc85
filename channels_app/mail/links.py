"""Links as they are: where one leads is shown when its words say something else, and detours are taken out."""

import re
from urllib.parse import parse_qs, quote, urlsplit

# Microsoft 365 leads each link of an incoming mail through its own server, and so each one that is quoted or passed on.
_DETOUR = re.compile(
    r"https://[a-z0-9-]{1,40}\.safelinks\.protection\.outlook\.com/[^\s<>()\[\]\"]{1,4000}", re.IGNORECASE
)
_TWICE = re.compile(r"(?:\b(https?://[^\s<>]{3,2000})<\1/?>|\b([^\s<>@]{1,64}@[^\s<>]{3,255})<mailto:\2>)")
_LINK = re.compile(r"\[([^\[\]\n]{1,500})\]\(<?((?:https?://|mailto:)[^()<>\s]{1,4000})>?\)", re.IGNORECASE)
_LOOKS_LIKE_HOST = re.compile(
    r"(?:https?://)?((?:[\w-]{1,63}\.){1,10}[^\W\d_]{2,24})(?::\d{1,5})?(?:[/?#]\S*)?", re.IGNORECASE
)
_LOOKS_LIKE_ADDRESS = re.compile(r"[^\s@]{1,64}@((?:[\w-]{1,63}\.){1,10}[^\W\d_]{2,24})", re.IGNORECASE)


def without_detours(text: str) -> str:
    """Links as their writer gave them, once."""
    if "safelinks.protection.outlook.com" in text:
        text = _DETOUR.sub(_straight, text)
    return _TWICE.sub(lambda found: found[1] or found[2], text) if "<http" in text or "<mailto:" in text else text


def _straight(found: re.Match[str]) -> str:
    query = urlsplit(found[0].replace("&amp;", "&")).query
    target = next(iter(parse_qs(query, max_num_fields=20).get("url", ())), "")
    if not target.lower().startswith(("http://", "https://")):
        return found[0]
    return quote(target, safe="!#$%&'*+,/:;=?@~-._", errors="replace")


def honest(markdown: str) -> str:
    """Markdown in which a link whose words are another address says where it leads."""
    return _LINK.sub(_honest, markdown)


def _honest(found: re.Match[str]) -> str:
    shown, target = found[1].replace("\\", "").strip(), found[2]
    if target.lower().startswith("mailto:"):
        address = target[7:].partition("?")[0]
        differs = _LOOKS_LIKE_ADDRESS.fullmatch(shown) and shown.lower() != address.lower()
        return f"[{found[1]} → {address}]({target})" if differs else found[0]
    named = _LOOKS_LIKE_HOST.fullmatch(shown) or _LOOKS_LIKE_ADDRESS.fullmatch(shown)
    host = _host(target)
    if named is None or _same(named[1].lower(), host):
        return found[0]
    return f"[{found[1]} → {host}]({target})"


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "nowhere").lower()
    except ValueError:
        return "nowhere"


def _same(named: str, host: str) -> bool:
    """Whether somebody who reads the one expects the other."""
    named, host = named.removeprefix("www."), host.removeprefix("www.")
    return host == named or host.endswith(f".{named}")
