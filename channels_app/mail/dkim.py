"""DKIM signatures (RFC 6376, RFC 8301): rsa-sha256 over relaxed headers and a relaxed body.

The mails of one letter have the same body, so it is hashed once, and the signature of each is made of its header alone.
Every field of the header is signed, and named once more than it is there, so that nobody can add another one; so are
fields that change what a mail says to its reader, or to a chat client, when they are not there at all.

RSA, because Gmail and Outlook verify nothing else (RFC 8463 keys are unknown to them).
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

KEY_BITS = 2048
LEAST_BITS = 1024  # verifiers take none below (RFC 8301, 3.2)
NEVER_ADDED = (
    *("from", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references"),
    *("mime-version", "content-type", "content-transfer-encoding", "content-disposition", "auto-submitted"),
    *("list-id", "list-post", "list-unsubscribe", "list-unsubscribe-post"),
    *("chat-version", "chat-content", "chat-edit", "chat-delete", "autocrypt"),
)
_NOT_SIGNED = frozenset(("dkim-signature", "return-path", "received", "bcc"))  # RFC 6376, 5.4.1
_FIELD = re.compile(rb"([!-9;-~]+):([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)(?:\r\n|\Z)")
_SPACE = re.compile(rb"[ \t]+")
_TRAILING = re.compile(rb"[ \t]+(?=\r\n|\Z)")
_LABELS = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*", re.IGNORECASE)
_LINE = 72
_PADDING, _HASH = padding.PKCS1v15(), hashes.SHA256()


@dataclass(frozen=True, slots=True)
class Key:
    """Who signs: `domain` (d=), and the key whose public half its DNS has under `selector` (s=)."""

    private: RSAPrivateKey
    selector: str
    domain: str

    @property
    def name(self) -> str:
        """Where the public half has to be found, without a dot at the end."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """The text of the TXT record at `name` (RFC 6376, 3.6.1)."""
        kind = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        return f"v=DKIM1; k=rsa; p={base64.b64encode(self.private.public_key().public_bytes(*kind)).decode()}"


def read_key(pem: bytes, *, selector: str, domain: str) -> Key:
    """A key from its PEM file. Raises ValueError as `read_private`, and for names that cannot be in DNS."""
    for value in (selector, domain):
        if not _LABELS.fullmatch(value):
            raise ValueError(f"{value!r} is no name for DNS")
    return Key(read_private(pem), selector, domain.lower())


def read_private(pem: bytes) -> RSAPrivateKey:
    """What is in a PEM file: PKCS#1 or PKCS#8, RSA, without a password. Raises ValueError for anything else."""
    try:
        private = serialization.load_pem_private_key(pem, password=None)
    except TypeError:
        raise ValueError("the key has a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("this is no private key in PEM") from None
    if not isinstance(private, RSAPrivateKey):
        raise ValueError("the key is not RSA, which is all that Gmail and Outlook verify")
    if private.key_size < LEAST_BITS:
        raise ValueError(f"the key has {private.key_size} bits, and nobody takes fewer than {LEAST_BITS}")
    return private


def new_key() -> bytes:
    """The PEM file (PKCS#8) of a new key."""
    kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return generate_private_key(65537, KEY_BITS).private_bytes(*kind)


def sign(mail: bytes, key: Key) -> bytes:
    """A mail (CRLF lines) with its signature on top. Raises ValueError for one without a header that can be signed."""
    head, _, body = mail.partition(b"\r\n\r\n")
    return signature(head + b"\r\n", body_hash(body), key) + mail


def signature(head: bytes, hashed: str, key: Key) -> bytes:
    """The DKIM-Signature field, with its line end, of a mail with this header and `body_hash`.

    `head` is all fields in CRLF lines. Raises ValueError when there is something else among them, or no From.
    """
    fields = _fields(head)
    # Of fields with one name the lowest is the first that is signed (5.4.2).
    names, lines = zip(*reversed(fields), strict=True) if fields else ((), ())
    if "from" not in names:
        raise ValueError("a mail without From")
    opening = (
        f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={key.domain}; s={key.selector};\r\n"
        f" h={_signed_names(names)};\r\n bh={hashed};\r\n b="
    ).encode("ascii")
    _, own = _relaxed("dkim-signature", opening.partition(b":")[2])
    made = key.private.sign(b"".join(lines) + own.removesuffix(b"\r\n"), _PADDING, _HASH)
    return opening + _folded(base64.b64encode(made)) + b"\r\n"


def body_hash(body: bytes) -> str:
    """bh= of a body in CRLF lines (3.4.4); the last may lack its end, which SMTP adds."""
    relaxed = _SPACE.sub(b" ", _TRAILING.sub(b"", body))
    end = len(relaxed)
    while relaxed.endswith(b"\r\n", 0, end):
        end -= 2
    hashed = sha256(memoryview(relaxed)[:end])
    if end:
        hashed.update(b"\r\n")
    return base64.b64encode(hashed.digest()).decode("ascii")


def _fields(head: bytes) -> list[tuple[str, bytes]]:
    found, at = [], 0
    while at < len(head):
        field = _FIELD.match(head, at)
        if field is None:
            raise ValueError(f"not a header field: {head[at : at + 80]!r}")
        at = field.end()
        name = field[1].decode("ascii").lower()
        if name not in _NOT_SIGNED:
            found.append(_relaxed(name, field[2]))
    return found


def _relaxed(name: str, value: bytes) -> tuple[str, bytes]:
    """(name, the line that is signed): unfolded, and every space one space (3.4.2)."""
    return name, name.encode("ascii") + b":" + _SPACE.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ") + b"\r\n"


@lru_cache(maxsize=64)
def _signed_names(names: Sequence[str]) -> str:
    """h=, folded."""
    lines = [""]
    for name in (*names, *sorted({*names, *NEVER_ADDED})):
        if len(lines[-1]) + len(name) > _LINE:
            lines.append("")
        lines[-1] += f"{name}:"
    return "\r\n ".join(lines).removesuffix(":")


def _folded(value: bytes) -> bytes:
    return b"\r\n ".join([value[at : at + _LINE] for at in range(0, len(value), _LINE)])
