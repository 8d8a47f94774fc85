"""The checks beside the event loop, in threads of their own: slow DNS of some is not to hold up the mail of others."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings

from channels_app.guests.receiving.checks import verdicts
from channels_app.guests.receiving.checks.resolving import Lookup, Resolver, Unresolved
from channels_app.guests.receiving.checks.senders import Client
from channels_app.guests.receiving.checks.verdicts import Checked

log = logging.getLogger(__name__)

THREADS = 8
MOST_AT_ONCE = 64  # checked or waiting for it


class Checker:
    """Checks mails; `lookup` is DNS, of this machine's configuration unless another is given."""

    def __init__(self, lookup: Lookup | None = None) -> None:
        self._lookup = lookup or Resolver()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="checks")
        self._at_once = 0

    async def check(self, raw: bytes, sender: str, client: Client | None) -> Checked | None:
        """What is found out of a mail; None when nothing is to be. Raises `Unresolved` when it has to come again."""
        if client is None and not settings.CHECK_DKIM:
            return None
        if self._at_once >= MOST_AT_ONCE:
            raise Unresolved("too many mails are being checked")
        self._at_once += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._check, raw, sender, client)
        finally:
            self._at_once -= 1

    def _check(self, raw: bytes, sender: str, client: Client | None) -> Checked:
        try:
            return verdicts.check(
                raw,
                sender=sender,
                client=client,
                trusted=[domain.lower() for domain in settings.TRUSTED_ARC],
                lookup=self._lookup,
            )
        except Unresolved:
            raise
        except Exception as error:  # never taken for a pass
            log.exception("could not check a mail of %s", sender or "nobody")
            raise Unresolved(f"it could not be checked ({type(error).__name__})") from None

    def close(self) -> None:
        """Come back when what is being checked is done."""
        self._threads.shutdown()
