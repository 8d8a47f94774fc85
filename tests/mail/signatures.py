"""Vocabulary: whether a mail's signature is good, by dkimpy, which is other people's code."""

from __future__ import annotations

from collections.abc import Callable

import dkim as dkimpy

from channels_app.mail import dkim

_verify: Callable[..., bool] = dkimpy.verify


def verifies(raw: bytes, key: dkim.Key) -> bool:
    """By a DNS in which there is nothing but the record of this key."""

    def txt(name: bytes, timeout: int = 5) -> bytes | None:
        return key.record.encode() if name.decode() == f"{key.name}." else None

    return _verify(raw, dnsfunc=txt)
