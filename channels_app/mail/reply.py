"""Signed addresses: who may write to which channel, said by the address itself.

`general@acme.example.org` becomes `general+rabcdefghijklmnop@acme.example.org`: one letter for the purpose, then 80
bits of an HMAC over purpose, channel and person. Nothing is stored and nothing is random, so an address outlives a
rebuild. The ids themselves cannot stand there, as other systems write addresses in lower case.
"""

import base64
import hmac
import re
from dataclasses import dataclass
from typing import Literal, cast

Purpose = Literal["r", "b", "s"]
REPLY: Purpose = "r"  # where a guest's answers go
BOUNCE: Purpose = "b"  # the envelope's sender, where reports of failed delivery go
SHARE: Purpose = "s"  # where another server writes to a channel that is shared with it
LONGEST_LOCAL = 46  # octets of the channel's own local part: a signed one of 64 (RFC 5321, 4.5.3.1.1) minus the tag

_TAG_BYTES = 10
_SIGNED = re.compile(r"([^\s<>@]+)\+([rbs])([a-z2-7]{16})@([^\s<>@]+)")


@dataclass(frozen=True, slots=True)
class Reply:
    """A signed address taken apart: the channel's own address and the 16 characters, both in lower case."""

    address: str
    purpose: Purpose
    tag: str


def reply_address(channel_address: str, purpose: Purpose, channel: str, person: str, secret: bytes) -> str:
    """The address under which `person` (an id) takes part in `channel` (an id).

    Raises ValueError for what is no `local@domain`, and for a local part of more than `LONGEST_LOCAL` octets: the
    caller then passes a shorter address of the channel that it also answers to, such as its id at the same domain.
    """
    local, _, domain = channel_address.rpartition("@")
    if not local or not domain:
        raise ValueError(f"not an address: {channel_address!r}")
    if len(local.encode()) > LONGEST_LOCAL:
        raise ValueError(f"too long to be signed: {channel_address!r}")
    return f"{local}+{purpose}{_tag(purpose, channel, person, secret)}@{domain}"


def read_reply(address: str) -> Reply | None:
    """The signed address in `address`, in any case and with or without `<>`; None for any other. Proves nothing yet."""
    address = address.strip()[:1000]
    if address.startswith("<") and address.endswith(">"):
        address = address[1:-1].strip()
    found = _SIGNED.fullmatch(address.lower())
    if found is None:
        return None
    return Reply(f"{found[1]}@{found[4]}", cast(Purpose, found[2]), found[3])


def matches(reply: Reply, channel: str, person: str, secret: bytes) -> bool:
    """Whether the address was made for this person in this channel, with this secret."""
    return hmac.compare_digest(reply.tag.encode(), _tag(reply.purpose, channel, person, secret).encode())


def _tag(purpose: Purpose, channel: str, person: str, secret: bytes) -> str:
    digest = hmac.digest(secret, "\0".join((purpose, channel, person)).encode(), "sha256")
    return base64.b32encode(digest[:_TAG_BYTES]).decode("ascii").lower()
