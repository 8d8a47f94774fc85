"""What people were promised: everything the server acknowledged."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Said:
    """A message somebody wrote. Its text begins with a word that no other message has."""

    word: str
    channel: str
    text: str
    id: str = ""  # of posts; nobody tells a mail program what its mail became
    seq: int = 0
    edits: int = 0


@dataclass
class Ledger:
    """Shared by the threads of all writers. `unclear` counts requests that failed in a way that tells nothing."""

    posts: dict[str, Said] = field(default_factory=dict)
    mails: dict[str, Said] = field(default_factory=dict)
    reactions: set[tuple[str, str, str]] = field(default_factory=set)  # (message, person, emoji)
    complaints: list[str] = field(default_factory=list)
    unclear: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def posted(self, said: Said) -> None:
        with self._lock:
            self.posts[said.word] = said

    def mailed(self, said: Said) -> None:
        with self._lock:
            self.mails[said.word] = said

    def reacted(self, message: str, person: str, emoji: str) -> None:
        with self._lock:
            self.reactions.add((message, person, emoji))

    def note_unclear(self) -> None:
        with self._lock:
            self.unclear += 1

    def complain(self, what: str) -> None:
        with self._lock:
            self.complaints.append(what)

    def some_post(self, chance: random.Random, words: Sequence[str] = ()) -> Said | None:
        """One of the latest messages, or of those that begin with these words."""
        with self._lock:
            known = list(words or self.posts)[-30:]
            return self.posts[chance.choice(known)] if known else None

    @property
    def edits(self) -> int:
        return sum(said.edits for said in self.posts.values())

    def summary(self) -> str:
        return (
            f"{len(self.posts)} posts, {self.edits} edits, {len(self.reactions)} reactions and {len(self.mails)} mails"
            f" were acknowledged; {self.unclear} requests had an unclear end"
        )
