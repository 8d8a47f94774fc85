"""People who write all the time: with a client, or with a mail program."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from tests.system.faults.doors import Door, Refused
from tests.system.faults.ledger import Ledger, Said
from tests.system.faults.world import mail_client

EMOJI = ("👍", "🎉", "😄", "❤️", "🚀", "👀")
LONGEST_PAUSE, LONGEST_MAIL_PAUSE = 0.2, 0.5
MAIL_PATIENCE = 60.0
PAUSE = 0.2


class Writer(threading.Thread):
    """Writes until `stopping`; what it began it ends. Raises nothing: what went wrong is in the ledger."""

    def __init__(self, name: str, ledger: Ledger, stopping: threading.Event, chance: random.Random) -> None:
        super().__init__(name=name, daemon=True)
        self.ledger, self.stopping, self.chance = ledger, stopping, chance
        self._count = 0

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                self.write()
        except Refused as refused:
            self.ledger.complain(f"{self.name} was refused: {refused}")
        except Exception as error:
            self.ledger.complain(f"{self.name} had to end: {error!r}")
        finally:
            self.leave()

    def word(self) -> str:
        self._count += 1
        return f"{self.name}-{self._count}"

    def write(self) -> None:
        raise NotImplementedError

    def leave(self) -> None:
        """Close what was opened."""
        raise NotImplementedError


class Talker(Writer):
    """Posts, answers in threads, edits what it wrote, and reacts to what anybody wrote."""

    def __init__(self, name: str, person: str, door: Door, channels: Sequence[str], *writer: Any) -> None:
        super().__init__(name, *writer)
        self._person, self._door, self._channels = person, door, channels
        self._words: list[str] = []

    def write(self) -> None:
        self.chance.choices((self._post, self._edit, self._react), (6, 2, 2))[0]()
        self.stopping.wait(self.chance.uniform(0.02, LONGEST_PAUSE))

    def _post(self) -> None:
        root = self.ledger.some_post(self.chance) if self.chance.random() < 0.2 else None
        word = self.word()
        said = Said(word, root.channel if root else self.chance.choice(self._channels), f"{word} said")
        answer = self._door.post(said.channel, said.text, f"client-{word}", root.id if root else None)
        said.id, said.seq = answer["id"], answer["seq"]
        self._words.append(word)
        self.ledger.posted(said)

    def _edit(self) -> None:
        said = self.ledger.some_post(self.chance, self._words) if self._words else None
        if said is not None:
            text = f"{said.word} said once more, for the {said.edits + 1}. time"
            self._door.edit(said.id, text)
            said.text, said.edits = text, said.edits + 1

    def _react(self) -> None:
        said = self.ledger.some_post(self.chance)
        if said is not None:
            emoji = self.chance.choice(EMOJI)
            self._door.react(said.id, emoji)
            self.ledger.reacted(said.id, self._person, emoji)

    def leave(self) -> None:
        self._door.close()


class MailProgram(Writer):
    """Appends mails to the channels' folders; the same mail again when the end of an append is unclear."""

    def __init__(self, login: Mapping[str, Any], sender: str, folders: Mapping[str, str], *writer: Any) -> None:
        super().__init__("mail", *writer)
        self._login, self._sender, self._folders = login, sender, folders
        self._client: IMAPClient | None = None

    def write(self) -> None:
        word = self.word()
        said = Said(word, self.chance.choice(list(self._folders)), f"{word} written in a mail program")
        mail = self._compose(said)
        end = time.monotonic() + MAIL_PATIENCE
        while not self._append(said, mail):
            if time.monotonic() > end:
                raise Refused(f"{word} could not be appended within {MAIL_PATIENCE:.0f} s")
            time.sleep(PAUSE)
        self.ledger.mailed(said)
        self.stopping.wait(self.chance.uniform(0.05, LONGEST_MAIL_PAUSE))

    def _append(self, said: Said, mail: bytes) -> bool:
        """Whether it was acknowledged."""
        try:
            client = self._client = self._client or mail_client(self._login)
            client.append(self._folders[said.channel], mail)
        except (IMAPClientError, OSError):
            self.ledger.note_unclear()
            self.leave()
            return False
        return True

    def _compose(self, said: Said) -> bytes:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Date"] = self._sender, "channel@acme.test", format_datetime(localtime())
        mail["Subject"], mail["Message-ID"] = "From my mail program", f"<{said.word}@laptop.test>"
        mail.set_content(said.text)
        return mail.as_bytes(policy=SMTP)

    def leave(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):
                client.shutdown()
