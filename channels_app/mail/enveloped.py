"""Mails that are signed as a whole or in their text, taken out of their envelope; and those nobody here can open.

S/MIME puts a signed mail into one part (RFC 8551, "opaque": CMS of RFC 5652 in BER), OpenPGP puts armour around a text
(RFC 9580, 7). What is inside is read like any other text. Who signed it proves nothing to us: no certificate is known.
"""

import re
from hashlib import blake2b

CMS_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})

_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_DATA = bytes.fromhex("2a864886f70d010701")
_ENVELOPED = (bytes.fromhex("2a864886f70d010703"), bytes.fromhex("2a864886f70d0109100117"))
_SEQUENCE, _OID, _OCTETS, _OCTETS_IN_PARTS, _EXPLICIT = 0x30, 0x06, 0x04, 0x24, 0xA0
_MOST_PIECES = 200_000
_ARMOUR = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_SIGNATURE_ENDS = "-----END PGP SIGNATURE-----"
_ENCRYPTED = re.compile(r"[>\s]{0,200}-----BEGIN PGP MESSAGE-----")
_FIELD_OF_CONTENT = re.compile(rb"^(?:content-[!-9;-~]+|mime-version)[ \t]*:.*(?:\n[ \t].*)*\n?", re.IGNORECASE | re.M)


def is_encrypted_text(text: str) -> bool:
    """Whether a text is one that was encrypted by OpenPGP, without MIME."""
    return bool(_ENCRYPTED.match(text))


def without_armour(text: str) -> str:
    """A clear-signed text (RFC 9580, 7) without its signature; any other text as it is."""
    begin = text.find(_ARMOUR)
    if begin < 0 or (begin and text[begin - 1] != "\n"):
        return text
    start = text.find("\n\n", begin)
    end = text.find("\n" + _SIGNATURE, start)
    close = text.find(_SIGNATURE_ENDS, end)
    if min(start, end, close) < 0:
        return text
    lines = [line.removeprefix("- ") for line in text[start + 2 : end].split("\n")]
    return text[:begin] + "\n".join(lines) + text[close + len(_SIGNATURE_ENDS) :]


def as_mail(raw: bytes, body: int, inner: bytes) -> bytes:
    """The mail `raw`, whose body begins at `body`, with what was in its envelope (a MIME part) for a body."""
    mark = "=_s" + blake2b(inner, digest_size=12).hexdigest()
    header = _FIELD_OF_CONTENT.sub(b"", raw[:body].replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n")
    opening = f'Content-Type: multipart/mixed; boundary="{mark}"\n\n--{mark}\n'.encode("ascii")
    return header + opening + inner + f"\n--{mark}--\n".encode("ascii")


def signed_content(cms: bytes) -> bytes | None:
    """The content of CMS signed data; None for any other kind (encrypted, compressed) and for what is broken."""
    try:
        return _content(cms)
    except (ValueError, IndexError):
        return None


def is_encrypted_cms(cms: bytes) -> bool:
    """Whether it is CMS that only the owner of a key can open."""
    try:
        return _Inside(cms, 0).enter(_SEQUENCE).value(_OID) in _ENVELOPED
    except (ValueError, IndexError):
        return False


def _content(cms: bytes) -> bytes:
    """ContentInfo → SignedData → EncapsulatedContentInfo → eContent. Raises ValueError and IndexError."""
    inside = _Inside(cms, 0).enter(_SEQUENCE)
    if inside.value(_OID) != _SIGNED_DATA:
        raise ValueError("not signed data")
    signed = inside.enter(_EXPLICIT).enter(_SEQUENCE)
    signed.skip()  # version
    signed.skip()  # algorithms of digests
    content = signed.enter(_SEQUENCE)
    if content.value(_OID) != _DATA:
        raise ValueError("not a mail")
    return content.enter(_EXPLICIT).octets()


class _Inside:
    """Reads BER (X.690) from one place on, element by element. Raises ValueError and IndexError."""

    def __init__(self, raw: bytes, at: int) -> None:
        self._raw = raw
        self._at = at

    def enter(self, tag: int) -> "_Inside":
        """The inside of the next element, which has to be of that kind. (What follows it is not read any more.)"""
        start, _ = self._head(tag)
        return _Inside(self._raw, start)

    def value(self, tag: int) -> bytes:
        start, length = self._head(tag)
        if length is None:
            raise ValueError("no length")
        self._at = start + length
        return self._raw[start : self._at]

    def skip(self) -> None:
        """Past the next element."""
        start, length = self._head(None)
        if length is None:
            raise ValueError("no length")
        self._at = start + length

    def octets(self) -> bytes:
        """A string of octets, in one piece or in several."""
        if self._raw[self._at] == _OCTETS:
            return self.value(_OCTETS)
        start, length = self._head(_OCTETS_IN_PARTS)
        pieces: list[bytes] = []
        self._at = start
        while len(pieces) < _MOST_PIECES and not self._is_end(start, length):
            pieces.append(self.value(_OCTETS))
        return b"".join(pieces)

    def _is_end(self, start: int, length: int | None) -> bool:
        if length is None:
            return self._raw[self._at : self._at + 2] in (b"\0\0", b"")
        return self._at >= start + length

    def _head(self, tag: int | None) -> tuple[int, int | None]:
        """(where the content begins, its length or None when its end is marked)."""
        if tag is not None and self._raw[self._at] != tag:
            raise ValueError(f"unexpected {self._raw[self._at]:#x}")
        first = self._raw[self._at + 1]
        if first < 0x80:
            return self._at + 2, first
        if first == 0x80:
            return self._at + 2, None
        start = self._at + 2 + (first & 0x7F)
        length = int.from_bytes(self._raw[self._at + 2 : start])
        if (first & 0x7F) > 8 or start + length > len(self._raw):
            raise ValueError("cut off")
        return start, length
