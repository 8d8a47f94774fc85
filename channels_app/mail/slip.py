"""What a mail between two servers that share a channel says of itself: the header `Roost-Share`.

    Roost-Share: v=1; share=…; kind=item; channel=…; epoch=…; base=4; after=12; since=…; seq=17; at=…; heard=…:30:…

Each side numbers what it sends by the events of its own channel: an item says that it comes `after` the one before it
and stands for everything up to `seq`. So nothing needs to be written down of what was sent, an item that is made again
later covers what has no mail any more, and the other side knows a gap and a repetition when it sees them.

`epoch` names one life of a side's numbers and sorts by time: one whose numbers went back (its database was restored)
begins another, at `base`. `since` and `at` are when the events of `after` and `seq` were, so that both sides know
whether a number still means the same to the other.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

SlipKind = Literal["offer", "accept", "item", "note", "end"]

VERSION = "1"
_PAIR = re.compile(r"([a-z]{1,10})=([0-9A-Za-z.:+-]{0,120})")
_ID = re.compile(r"[0-9A-Za-z]{16}")
_SEQ = re.compile(r"\d{1,15}")
_AT = re.compile(r"(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)?")


@dataclass(frozen=True, slots=True)
class Heard:
    """How far a side has what the other sent in `epoch`: to `seq`, an event of `at` (empty: none yet)."""

    epoch: str
    seq: int
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """`share` is the id that both sides know it by, `channel` the sender's own channel.

    `heard` tells how far the sender has what the other side sent; with `again` that has to be sent anew from there.
    `ask`: the sender wants to know how far the other side is.
    """

    share: str
    kind: SlipKind
    channel: str
    epoch: str
    base: int
    after: int = 0
    since: str = ""
    seq: int = 0
    at: str = ""
    heard: Heard | None = None
    again: bool = False
    ask: bool = False


def write_slip(slip: Slip) -> str:
    """The value of the header."""
    pairs = {"v": VERSION, "share": slip.share, "kind": slip.kind, "channel": slip.channel, "epoch": slip.epoch}
    pairs["base"] = str(slip.base)
    if slip.kind == "item":
        pairs |= {"after": str(slip.after), "since": slip.since, "seq": str(slip.seq), "at": slip.at}
    if slip.heard is not None:
        pairs["heard"] = f"{slip.heard.epoch}:{slip.heard.seq}:{slip.heard.at}"
    pairs |= {name: "yes" for name, said in (("again", slip.again), ("ask", slip.ask)) if said}
    return "; ".join(f"{name}={value}" for name, value in pairs.items())


def read_slip(value: str) -> Slip | None:
    """A slip from its header; None for what is not of this form or of another version."""
    found = (_PAIR.fullmatch(piece.strip()) for piece in value[:1000].split(";"))
    pairs: dict[str, str] = {pair[1]: pair[2] for pair in found if pair is not None}
    named = [pairs.get(name, "") for name in ("share", "channel", "epoch")]
    kind = pairs.get("kind", "")
    if pairs.get("v") != VERSION or kind not in get_args(SlipKind) or not all(map(_ID.fullmatch, named)):
        return None
    numbers = [pairs.get(name, "0") for name in ("base", "after", "seq")]
    moments = [pairs.get(name, "") for name in ("since", "at")]
    if not all(map(_SEQ.fullmatch, numbers)) or not all(map(_AT.fullmatch, moments)):
        return None
    base, after, seq = map(int, numbers)
    if kind == "item" and not (after < seq and moments[1]):
        return None
    return Slip(
        share=named[0],
        kind=cast(SlipKind, kind),
        channel=named[1],
        epoch=named[2],
        base=base,
        after=after,
        since=moments[0],
        seq=seq,
        at=moments[1],
        heard=_heard(pairs),
        again="again" in pairs,
        ask="ask" in pairs,
    )


def _heard(pairs: Mapping[str, str]) -> Heard | None:
    epoch, _, rest = pairs.get("heard", "").partition(":")
    seq, _, at = rest.partition(":")
    if not _ID.fullmatch(epoch) or not _SEQ.fullmatch(seq) or not _AT.fullmatch(at):
        return None
    return Heard(epoch, int(seq), at)
