"""Slows down guessing and flooding: what was tried lately is counted by address and by network address."""

from __future__ import annotations

import logging

from django.core.cache import cache

from workspace.events.refusal import TooMany

log = logging.getLogger(__name__)

WINDOW_SECONDS = 300
MOST_FAILURES = 20


def check(*keys: str) -> None:
    """Raises `TooMany` when one of the keys failed too often lately."""
    try:
        counts = cache.get_many([_key(key) for key in keys])
    except Exception as error:  # without the cache, sign-in goes on
        log.warning("sign-in throttle is off: %s", error)
        return
    if any(count >= MOST_FAILURES for count in counts.values()):
        raise TooMany("Too many failed sign-ins; wait a few minutes.", retry_after=WINDOW_SECONDS)


def take(key: str, *, most: int, seconds: int) -> None:
    """Count one of the `most` that may be tried within some seconds. Raises `TooMany` beyond them."""
    try:
        cache.add(_key(key), 0, seconds)
        tried = cache.incr(_key(key))
    except Exception as error:
        log.warning("the throttle is off: %s", error)
        return
    if tried > most:
        raise TooMany("Too many at once from here; wait a while.", retry_after=seconds)


def failed(*keys: str) -> None:
    """Note a failure."""
    try:
        for key in keys:
            cache.add(_key(key), 0, WINDOW_SECONDS)
            cache.incr(_key(key))
    except Exception as error:
        log.warning("sign-in throttle is off: %s", error)


def _key(key: str) -> str:
    return f"signin:failed:{key}"
