"""A mail at our door, read no further than it has to be, and once however many recipients it has."""

from __future__ import annotations

from functools import cached_property

from django.conf import settings

from channels_app.mail import Limits, Parsed, parse
from channels_app.mail.authres import Vouched, vouched
from channels_app.mail.charset import without_controls
from channels_app.mail.headers import Headers, read_headers

SMALL = 128 * 1024  # bytes that are read at once


class Arrived:
    """`raw` bytes, and `sender`: the envelope's, empty for the null sender (what programs use)."""

    def __init__(self, raw: bytes, sender: str) -> None:
        self.raw = raw
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
        """What the servers we trust say of who sent it."""
        return vouched(self.headers.order, settings.TRUSTED_AUTHSERV, self.writer)
