"""A chat program as far as a test needs one: a mailbox with a key; it seals what it writes and opens what it gets."""

from __future__ import annotations

import email
import email.policy
import itertools
from dataclasses import dataclass, field
from email.message import EmailMessage

import openpgp.composed as rpgp

from channels_app.chat.models import Channel
from channels_app.guests.models import GuestKey, JoinCode, Reply
from channels_app.guests.receiving import inwards
from channels_app.guests.receiving.answers import Answer
from channels_app.guests.secure import codes, keys
from channels_app.mail import openpgp, sealed, securejoin
from channels_app.mail.autocrypt import autocrypt
from tests.mail.mails import WHEN
from workspace.people.models import Person

_numbers = itertools.count(1)


@dataclass
class Peer:
    """Somebody's program, towards one channel."""

    name: str
    address: str
    channel: Channel
    secret: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        self.secret = openpgp.new_key(self.address)

    @property
    def certificate(self) -> bytes:
        return openpgp.certificate_of(self.secret)

    @property
    def fingerprint(self) -> str:
        return openpgp.fingerprint(self.certificate)

    def id(self) -> str:
        return f"<p{next(_numbers)}@g.test>"

    def inside(self, text: str, *, id: str = "", file: str = "", **headers: str) -> bytes:
        """What is to be sealed; a header `chat_edit` is written `Chat-Edit`. A `file` is its only part."""
        fields = {
            "From": f"{self.name} <{self.address}>",
            "Message-ID": id or self.id(),
            "Chat-Version": "1.0",
            **{name.replace("_", "-").title(): value for name, value in headers.items()},
        }
        lines = [f"{name}: {value}" for name, value in fields.items()]
        own, kind = autocrypt(self.address, self.certificate), "text/plain; charset=utf-8"
        if file:
            kind = "multipart/mixed; boundary=b"
            text = f"--b\r\nContent-Disposition: attachment; filename={file}\r\n\r\nx\r\n--b--"
        return "\r\n".join((own, *lines, f"Content-Type: {kind}", "", text, "")).encode()

    def seal(self, content: bytes, *, by: bytes | None = None, sender: str = "") -> bytes:
        """The mail around it, signed with another key or (empty) none, and from another address, if that is said."""
        to = rpgp.SignedPublicKey.from_bytes(keys.certificate(keys.secret(self.channel)))
        builder = rpgp.MessageBuilder.from_bytes("", content).compression("zlib")
        signer = self.secret if by is None else by
        builder = builder.sign(rpgp.SignedSecretKey.from_bytes(signer)) if signer else builder
        message = builder.seipd_v2("aes256", "ocb").encrypt_to_key_anonymous(to).to_armored_string().encode()
        return sealed.wrap(message, sender=sender or self.address, date=WHEN, message_id=self.id())

    def give(self, raw: bytes) -> Answer:
        return inwards.take_in(raw, recipient=keys.address(self.channel), sender=self.address)

    def write(self, text: str, **headers: str) -> Answer:
        return self.give(self.seal(self.inside(text, **headers)))

    def join(self, code: JoinCode, **changes: str) -> Answer:
        """The last step."""
        step = {"secure_join": "vg-request-with-auth", "secure_join_auth": code.secret}
        step |= {"secure_join_fingerprint": self.fingerprint, "secure_join_group": self.channel.id}
        return self.write("Secure-Join: vg-request-with-auth", **(step | changes))

    def ask_for_key(self, code: JoinCode, secret: str = "") -> Answer:
        """The first step of version 3."""
        fingerprint = codes.said_by(code).fingerprint
        inside = self.inside("Secure-Join", secure_join="vc-request-pubkey", secure_join_auth=secret or code.secret)
        message = openpgp.seal_with(inside, securejoin.password(fingerprint, secret or code.secret), by=self.secret)
        return self.give(sealed.wrap(message, sender=self.address, date=WHEN, message_id=self.id()))

    def ask(self, number: str) -> Answer:
        """The first step of version 2."""
        return self.give(
            self.inside("Secure-Join: vg-request", secure_join="vg-request", secure_join_invitenumber=number)
        )

    def opens(self, raw: bytes, *passwords: str) -> EmailMessage:
        """What is inside a mail to it, which the channel has to have signed."""
        content = sealed.unwrap(raw)
        assert content is not None
        ours = keys.certificate(keys.secret(self.channel))
        found = openpgp.unseal(content, secret=self.secret, passwords=passwords, certificates=[ours])
        assert found.signer == 0
        return email.message_from_bytes(found.content, policy=email.policy.default)

    def replies(self, *passwords: str) -> list[EmailMessage]:
        """What waits to be sent to it."""
        rows = Reply.objects.filter(to=self.address).order_by("id")
        return [self.opens(bytes(row.content), *passwords) for row in rows]

    def person(self) -> Person:
        return GuestKey.objects.select_related("person").get(fingerprint=self.fingerprint).person
