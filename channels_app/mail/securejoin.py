"""SecureJoin (securejoin.readthedocs.io): how Delta Chat joins an encrypted group by a code that it scans.

we, who invite                                  who joins
  | <--- vc-request-pubkey (v3) ----------------- |  sealed with a password made of the code
  | ---- vc-pubkey -----------------------------> |  likewise, with our certificate
  | <--- vg-request (v2) ------------------------ |  plain, with their certificate and the code's number
  | ---- vg-auth-required ----------------------> |  sealed to their certificate
  | <--- vg-request-with-auth (both) ------------ |  sealed to ours and signed: with the code's secret
  | ---- vg-member-added -----------------------> |  they are in the group

Seen of Delta Chat's core 2.65; a code with `v=3` begins with the first of the two ways, one without with the second.
"""

from dataclasses import dataclass
from urllib.parse import quote

from channels_app.mail.charset import clean_line
from channels_app.mail.headers import Headers

REQUEST_PUBKEY = "vc-request-pubkey"
PUBKEY = "vc-pubkey"
REQUESTS = ("vg-request", "vc-request")
AUTH_REQUIRED = "vg-auth-required"
WITH_AUTH = ("vg-request-with-auth", "vc-request-with-auth")
MEMBER_ADDED = "vg-member-added"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Code:
    """What a code says: our fingerprint and address, the group, a public number and a secret."""

    fingerprint: str
    address: str
    group_id: str
    group_name: str
    number: str
    secret: str

    @property
    def text(self) -> str:
        """What is drawn as a QR code."""
        return f"OPENPGP4FPR:{self.fingerprint}#{self._fields}"

    @property
    def link(self) -> str:
        """The same as a link. Nothing of it is sent to that host, as all of it stands behind the `#`."""
        return f"https://i.delta.chat/#{self.fingerprint}&{self._fields}"

    @property
    def _fields(self) -> str:
        name = quote(self.group_name.encode("utf-8", "replace"), safe="")
        address = quote(self.address, safe="")
        return f"v=3&a={address}&g={name}&x={self.group_id}&i={self.number}&s={self.secret}"


def password(fingerprint: str, secret: str) -> str:
    """What the first two mails of the third version are sealed with."""
    return f"securejoin/{fingerprint}/{secret}"


@dataclass(frozen=True, slots=True)
class Step:
    """A mail of the handshake: its `name`, and what it brings (empty what it does not)."""

    name: str
    number: str
    secret: str
    fingerprint: str


def read_step(headers: Headers) -> Step | None:
    """The step that a mail is, of those that who joins makes; None for any other mail."""
    name = _value(headers, "secure-join").lower()
    if name not in (REQUEST_PUBKEY, *REQUESTS, *WITH_AUTH):
        return None
    return Step(
        name,
        _value(headers, "secure-join-invitenumber"),
        _value(headers, "secure-join-auth"),
        _value(headers, "secure-join-fingerprint").upper(),
    )


def _value(headers: Headers, name: str) -> str:
    return clean_line(headers.get(name), _LONGEST).strip()
