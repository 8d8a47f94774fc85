"""Whether a person wrote a mail, or a program did: answers to programs start loops."""

import re

from channels_app.mail.headers import Headers
from channels_app.mail.invites import CALENDAR
from channels_app.mail.parts import Part

_MAILER = re.compile(r"(?:mailer-daemon|postmaster)(?:@|>|\s|$)", re.IGNORECASE)
_ABSENT = re.compile(
    r"^(?:automatic reply|auto(?:matische)?[ -]?(?:reply|antwort|response)|out of (?:the )?office|abwesenheit"
    r"|réponse automatique|respuesta automática|risposta automatica)",
    re.IGNORECASE,
)
_PRECEDENCE = {
    "auto_reply": "auto-replied",
    "auto-reply": "auto-replied",
    "bulk": "bulk",
    "junk": "bulk",
    "list": "list",
}


def automatic(root: Part) -> str | None:
    """ "bounce", "receipt", "auto-replied", "auto-generated", "list", "bulk", or None for a person's mail."""
    headers = root.headers
    why = _report(root) or _declared(headers) or _list(headers)
    return None if why == "auto-generated" and _is_invitation(root) else why


def _is_invitation(part: Part) -> bool:
    """Calendars send what a person decided there, and some call that generated."""
    return (part.type == CALENDAR and "method" in part.params) or any(map(_is_invitation, part.children))


def _report(root: Part) -> str | None:
    """RFC 3464 and RFC 8098 reports, and the bounces of those who never read them."""
    if root.type == "multipart/report":
        kinds = {child.type for child in root.children}
        report = root.params.get("report-type", "").lower()
        if report == "disposition-notification" or "message/disposition-notification" in kinds:
            return "receipt"
        if report == "delivery-status" or "message/delivery-status" in kinds:
            return "bounce"
    headers = root.headers
    if headers.get("x-failed-recipients") or headers.get("return-path").strip() == "<>":
        return "auto-replied" if _ABSENT.match(headers.text("subject")) else "bounce"
    return "bounce" if _MAILER.search(headers.get("from")) else None


def _declared(headers: Headers) -> str | None:
    """RFC 3834, and what came before it."""
    submitted = headers.get("auto-submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return "auto-replied" if submitted.startswith("auto-replied") else "auto-generated"
    if any(headers.get(name) for name in ("x-autoreply", "x-autorespond", "x-autoresponder")):
        return "auto-replied"
    if headers.get("x-auto-response-suppress") and _ABSENT.match(headers.text("subject")):
        return "auto-replied"
    return None


def _list(headers: Headers) -> str | None:
    precedence = _PRECEDENCE.get(headers.get("precedence").strip().lower())
    if precedence == "auto-replied":
        return precedence
    listed = headers.get("list-id") or headers.get("list-unsubscribe") or headers.get("list-post")
    return "list" if listed else precedence
