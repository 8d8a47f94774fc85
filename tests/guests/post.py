"""Vocabulary: mails to the channels of the cast, and what becomes of them."""

from __future__ import annotations

import itertools
from pathlib import Path

from django.conf import settings

from channels_app.chat import messages
from channels_app.chat.models import Channel, Message
from channels_app.guests import addresses
from channels_app.guests.receiving import inwards
from channels_app.guests.receiving.answers import Answer
from channels_app.letters.models import Quarantined
from channels_app.letters.outgoing import own_id
from tests.cast import Cast
from workspace.people.models import Person

EML = Path(__file__).parents[1] / "mail" / "eml"
_numbers = itertools.count(1)


class Post:
    def __init__(self, cast: Cast) -> None:
        self.cast = cast

    @property
    def signed(self) -> str:
        """Dana's address in #general."""
        return addresses.reply_to(self.cast.general, self.cast.dana.id)

    @property
    def plain(self) -> str:
        """Everybody's."""
        return addresses.channel_address(self.cast.general)

    @property
    def reports(self) -> str:
        """Where servers report what became of mail to Dana."""
        return addresses.bounce_to(self.cast.general, self.cast.dana.id)

    def mail(self, text: str = "Hello", sender: str = "Dana <dana@d.test>", **headers: str) -> bytes:
        """A mail of Dana's; a header `in_reply_to` is written `In-Reply-To`, an empty one is left out."""
        fields = {
            "From": sender,
            "Subject": "Re: [general] Lunch?",
            "Message-Id": f"<m{next(_numbers)}@d.test>",
            "Content-Type": "text/plain; charset=utf-8",
        }
        fields |= {name.replace("_", "-").title(): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
        return (head + "\r\n" + text.replace("\n", "\r\n") + "\r\n").encode()

    def eml(self, name: str, *changes: tuple[str, str]) -> bytes:
        """A captured mail, with some words replaced."""
        raw = (EML / name).read_bytes()
        for old, new in changes:
            assert old.encode() in raw
            raw = raw.replace(old.encode(), new.encode())
        return raw

    def give(self, raw: bytes, to: str = "", sender: str = "dana@d.test") -> Answer:
        """Hand a mail over: to Dana's signed address unless another is given."""
        return inwards.take_in(raw, recipient=to or self.signed, sender=sender)

    def write(self, text: str = "Hello", to: str = "", sender: str = "Dana <dana@d.test>", **headers: str) -> Answer:
        return self.give(self.mail(text, sender, **headers), to)

    def said(self, text: str, by: Person | None = None, channel: Channel | None = None) -> tuple[str, str]:
        """Somebody (Alice) posts in the client: (id, Message-ID)."""
        channel = channel or self.cast.general
        id = messages.post(person=by or self.cast.alice, channel=channel.id, text=text).message["id"]
        return id, own_id(channel.id, id)

    def all(self, channel: Channel | None = None) -> list[Message]:
        return list(Message.objects.filter(channel=channel or self.cast.general).order_by("seq"))

    def last(self) -> Message:
        return self.all()[-1]

    def kept(self) -> list[str]:
        """Why mails are in quarantine."""
        return list(Quarantined.objects.order_by("id").values_list("why", flat=True))

    def untouched(self) -> bool:
        """Whether nothing was posted or kept."""
        return not self.all() and not self.kept()


def vouched(results: str = "dmarc=pass header.from=d.test") -> dict[str, str]:
    """What the server that takes our mail writes, and that it is ours."""
    settings.TRUSTED_AUTHSERV = ["mx.acme.test"]
    return {"authentication_results": f"mx.acme.test; {results}"}
