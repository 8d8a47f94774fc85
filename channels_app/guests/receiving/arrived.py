"""A mail at our door, read no further than it has to be, and once however many recipients it has."""

from __future__ import annotations

from functools import cached_property

from django.conf import settings

from channels_app.guests.receiving.checks.verdicts import Checked
from channels_app.mail import Limits, Parsed, parse
from channels_app.mail.authres import Vouched, vouched, without_results, write_results
from channels_app.mail.charset import without_controls
from channels_app.mail.headers import Headers, read_headers

SMALL = 128 * 1024  # bytes that are read at once


class Arrived:
    """`raw` bytes, and `sender`: the envelope's, empty for the null sender (what programs use).

    `checked` is what we found out ourselves of who sent it, when we were to.
    """

    def __init__(self, raw: bytes, sender: str, checked: Checked | None = None) -> None:
        self.raw = raw
        self.checked = checked
        self.sender = "" if sender == "<>" else without_controls(sender)

    @cached_property
    def opening(self) -> Parsed:
        """What the header says: of a big mail without its body, whose files need not be decoded to know who writes."""
        return self.parsed if len(self.raw) <= SMALL else parse(self.raw[: self._header[1]])

    @cached_property
    def parsed(self) -> Parsed:
        return parse(self.raw)

    @property
    def writer(self) -> str:
        """The address in From, in lower case; empty when there is none."""
        return self.opening.from_.email.lower() if self.opening.from_ else ""

    @property
    def headers(self) -> Headers:
        return self._header[0]

    @cached_property
    def _header(self) -> tuple[Headers, int]:
        return read_headers(self.raw, 0, len(self.raw), Limits())

    @property
    def is_chat(self) -> bool:
        """Whether a chat client wrote it. (Answers of any program name ids of ours, which look like a chat's.)"""
        return bool(self.headers.get("chat-version"))

    @cached_property
    def vouched(self) -> Vouched:
        """Whether who is in From sent it, as far as is known.

        What comes straight from the internet brings no word of servers that we trust, whatever it says of itself.
        """
        if self.is_direct and self.checked is not None:
            return self.checked.vouched
        told = vouched(self.headers.order, settings.TRUSTED_AUTHSERV, self.writer)
        signed = self.checked is not None and self.checked.vouched == "pass"
        return "pass" if signed and told != "fail" else told

    @property
    def is_direct(self) -> bool:
        """Whether its sender's own server handed it over, so that a refusal reaches nobody else."""
        return self.checked is not None and self.checked.direct

    @property
    def marked(self) -> list[bytes]:
        """The mail in pieces, with our findings on top when we checked it, and without what others say in our name."""
        if self.checked is None:
            return [self.raw]
        ours = settings.MAIL_DOMAIN
        return [write_results(ours, self.checked.results), without_results(self.raw, self._header[1], ours)]
