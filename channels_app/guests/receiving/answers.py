"""What we say to the server that hands a mail over (RFC 5321, with the status codes of RFC 3463)."""

from __future__ import annotations

from dataclasses import dataclass

TEXT_LIMIT = 400  # a line of an answer has at most 512 octets


@dataclass(frozen=True, slots=True)
class Answer:
    """A code, an enhanced status code, and words a person may come to read in a report of failed delivery."""

    code: int
    status: str
    text: str

    def __str__(self) -> str:
        """One line of printable ASCII: whoever hands mail over need not know anything else (RFC 6531, 3.7.4)."""
        text = "".join(char if " " <= char <= "~" else "?" for char in " ".join(self.text.split()))
        return f"{self.code} {self.status} {text[:TEXT_LIMIT]}"


class Declined(Exception):
    """The mail is not taken; what is said instead."""

    def __init__(self, text: str, *, status: str = "5.7.1", code: int = 550) -> None:
        self.answer = Answer(code, status, text)
        super().__init__(text)


def nobody() -> Declined:
    """The same for all that is not here, and for what only looks like an address of ours."""
    return Declined("There is no such address here.", status="5.1.1")


AGAIN = Answer(451, "4.3.0", "This can't be taken at the moment; try again later.")
POSTED = Answer(250, "2.0.0", "It is in the channel.")
DONE = Answer(250, "2.0.0", "It is done.")
COUNTED = Answer(250, "2.0.0", "Thank you for the report.")
DROPPED = Answer(250, "2.0.0", "Taken, but nobody will read it: a program wrote it.")
KEPT = Answer(250, "2.0.0", "Taken, but kept back until somebody has looked at it.")
SLOWER = Answer(451, "4.7.1", "Too many mails at once; try again in a minute.")
