"""Vocabulary: what Outlook packs mails into (MS-OXTNEF), and S/MIME's envelopes (CMS), written by hand."""

from __future__ import annotations

import struct


def winmail(*attributes: bytes) -> bytes:
    """A whole winmail.dat."""
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join([attribute(0x9006, struct.pack("<I", 0x10000)), *attributes])


def attribute(name: int, content: bytes) -> bytes:
    level = 2 if name in (0x9002, 0x8010, 0x800F, 0x9005) else 1
    return struct.pack("<BHHI", level, name, 6, len(content)) + content + struct.pack("<H", sum(content) & 0xFFFF)


def properties(*values: bytes) -> bytes:
    return struct.pack("<I", len(values)) + b"".join(values)


def binary(name: int, content: bytes, kind: int = 0x102) -> bytes:
    """A property of bytes."""
    return struct.pack("<HHII", kind, name, 1, len(content)) + content + bytes(-len(content) % 4)


def words(name: int, value: str) -> bytes:
    """A property of Unicode text."""
    return binary(name, f"{value}\0".encode("utf-16-le"), 0x1F)


def packed_file(title: str, content: bytes, *more: bytes) -> bytes:
    """The attributes of a file: its short name, its bytes, its properties."""
    named = (
        attribute(0x9002, bytes(14)) + attribute(0x8010, title.encode("cp1252") + b"\0") + attribute(0x800F, content)
    )
    return named + (attribute(0x9005, properties(*more)) if more else b"")


def signed_data(content: bytes) -> bytes:
    """CMS signed data without signatures around an element, each length left open as some programs do."""
    oid = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
    inner = b"\x30\x80" + oid + b"\x01\xa0\x80" + content + b"\0\0\0\0"
    return b"\x30\x80" + oid + b"\x02\xa0\x80\x30\x80\x02\x01\x01\x31\x00" + inner + b"\0" * 6
