"""Signs beside the event loop: `python -m channels_app.mail.dkim_child KEY_FILE SELECTOR DOMAIN`.

A signature takes a quarter of a millisecond in which no other thread of its process runs, so mails by the hundred are
signed on another core. Each request (standard input) is the length of a header, of a body's hash, and both; each answer
(standard output), in the same order, is the length of the field and the field, which is empty when there can be none.
It ends with its input, so that it outlives nobody.
"""

import struct
import sys
from pathlib import Path
from typing import BinaryIO

from channels_app.mail import dkim

ASKED = struct.Struct(">IH")
ANSWERED = struct.Struct(">H")


def request(head: bytes, hashed: str) -> bytes:
    """What is asked for one mail, as `dkim.signature`."""
    return ASKED.pack(len(head), len(hashed)) + head + hashed.encode("ascii")


def main(key: dkim.Key, given: BinaryIO, made: BinaryIO) -> None:
    """Answer until there is nothing more."""
    while lengths := given.read(ASKED.size):
        head, hashed = (given.read(length) for length in ASKED.unpack(lengths))
        try:
            field = dkim.signature(head, hashed.decode("ascii"), key)
        except ValueError:
            field = b""
        made.write(ANSWERED.pack(len(field)) + field)
        made.flush()


if __name__ == "__main__":
    file, selector, domain = sys.argv[1:]
    main(dkim.read_key(Path(file).read_bytes(), selector=selector, domain=domain), sys.stdin.buffer, sys.stdout.buffer)
