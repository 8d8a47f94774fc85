"""Opens one sealed message: run by itself (`python -I unsealing.py`), so that it can be held to some memory and time.

Standard input: the message, the secret key, passwords (a line each), and the certificates that may have signed.
Standard output: the place of the certificate that did (or nothing), and the content. Exit 1: it can't be opened.
"""

import resource
import sys
from collections.abc import Iterable, Sequence

from openpgp.composed import DecryptedMessage, Message, SignedPublicKey, SignedSecretKey

MEMORY = 512 * 1024 * 1024
CPU_SECONDS = 20
_ARMOR = b"-----BEGIN"


def written(pieces: Iterable[bytes]) -> bytes:
    """Some pieces as one."""
    return b"".join(len(piece).to_bytes(8, "big") + piece for piece in pieces)


def read(joined: bytes) -> list[bytes]:
    """What `written` joined."""
    pieces = []
    at = 0
    while at < len(joined):
        size = int.from_bytes(joined[at : at + 8], "big")
        pieces.append(joined[at + 8 : at + 8 + size])
        at += 8 + size
    return pieces


def unsealed(sealed: bytes, secret: bytes, passwords: Sequence[str], certificates: Sequence[bytes]) -> list[bytes]:
    """(place of the signer's certificate or nothing, content). Raises what rPGP does."""
    armored = sealed.lstrip().startswith(_ARMOR)
    message = Message.from_armor(sealed.decode("ascii", "replace"))[0] if armored else Message.from_bytes(sealed)
    opened = _opened(message, secret, passwords)
    content = opened.as_data_vec()
    return [_signer(opened, certificates), content]


def _opened(message: Message, secret: bytes, passwords: Sequence[str]) -> DecryptedMessage:
    if message.public_key_encrypted_session_key_packets():
        return message.decrypt(None, SignedSecretKey.from_bytes(secret))
    for password in passwords:
        try:
            return message.decrypt_with_password(password)
        except ValueError:
            continue
    raise ValueError("no password fits")


def _signer(opened: DecryptedMessage, certificates: Sequence[bytes]) -> bytes:
    for number, raw in enumerate(certificates):
        certificate = SignedPublicKey.from_bytes(raw)
        for place in range(opened.signature_count()):
            try:
                opened.verify(certificate, place)
            except ValueError:
                continue
            return str(number).encode()
    return b""


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    sealed, secret, passwords, *certificates = read(sys.stdin.buffer.read())
    try:
        answer = unsealed(sealed, secret, passwords.decode().splitlines(), certificates)
    except (ValueError, MemoryError, UnicodeError):
        return 1
    sys.stdout.buffer.write(written(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
