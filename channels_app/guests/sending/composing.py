"""The events of a channel as letters to its guests: what each event is in words, and who is to read it.

| event | letter |
|---|---|
| message.posted | the message; one that was edited before it was sent as it is now |
| message.edited, message.deleted | an edit, a deletion (COI, Delta Chat) |
| reaction.added, reaction.removed | who did it, and all that others now have on the message (RFC 9078) |
| message.pinned, message.unpinned | a pin |
| guest.joined of the reader | the welcome; none when they wrote first (`corresponding`) |
| guest.left of the reader, channel.deleted | the goodbye |

Nothing else is told, and nobody is told of what they did themselves.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Q

from channels_app.chat import guests
from channels_app.chat.models import Channel, Membership, Message, Reaction, Revision, Seat
from channels_app.guests import addresses
from channels_app.guests.models import Subject
from channels_app.guests.sending import big_files, corresponding, digesting, welcoming
from channels_app.guests.sending.big_files import Linked
from channels_app.letters import outgoing
from channels_app.mail import Address, Attachment, ComposedLetter, Letter, Recipient, compose_letter, event_id, group
from channels_app.mail.encode import ids as written
from workspace.events.log import Entry
from workspace.people.models import Person

SUBJECT_LENGTH = 60
NAMES_SHOWN = 12
_MARKS = re.compile(r"[*_`~#>|]+|\[([^\]]*)\]\([^)]*\)")
_TAGS = re.compile(r"<([a-z0-9]+)")


@dataclass(frozen=True, slots=True)
class Seated:
    """How a guest sits in the channel now."""

    delivery: str
    sponsor: str | None
    expires_at: datetime | None
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """A guest of the channel; `seat` is None once they are out. With a `key` their mail is encrypted (`sealing`).

    One whose seat is `encrypted` and whose key was lost gets none: nothing goes out in the open.
    """

    id: str
    name: str
    email: str
    seat: Seated | None
    key: group.Reader | None = None


class Letters:
    """The letters of some events of one channel, in order. What they need is read in a few queries, at once."""

    def __init__(self, channel: Channel, entries: Sequence[Entry]) -> None:
        self.channel = channel
        self.entries = entries
        self._letters: dict[tuple[int, str], Letter | None] = {}
        self._made: dict[int, ComposedLetter] = {}  # by the letter's id() here
        ids = {id for entry in entries if (id := message_of(entry))}
        self._rows = {row.id: row for row in Message.objects.filter(id__in=ids)}
        roots = {row.thread_id or row.id for row in self._rows.values()}
        self._roots = {row.id: row for row in Message.objects.filter(id__in=roots)}
        self._posted = {message_of(entry) for entry in entries if entry.kind == "message.posted"}
        around = outgoing.gather(channel, [row for row in self._rows.values() if row.id in self._posted])
        self._files = around.files
        self._around = replace(around, files={id: big_files.fitting(files) for id, files in around.files.items()})

    # Who reads what

    def to(self, entry: Entry, reader: Reader) -> ComposedLetter | None:
        """What a guest is to get of an event, or nothing."""
        if entry.kind == "guest.joined":
            return self._welcome(entry, reader) if entry.payload["guest"]["person"] == reader.id else None
        if entry.kind in ("guest.left", "channel.deleted"):
            return self._goodbye(entry) if self._is_out(entry, reader) else None
        letter = self.letter(entry, reader)
        if letter is None:
            return None
        if id(letter) not in self._made:
            self._made[id(letter)] = compose_letter(letter)
        return self._made[id(letter)]

    def letter(self, entry: Entry, reader: Reader) -> Letter | None:
        """What is told a guest of something that somebody said or did."""
        if reader.seat is None or entry.actor == reader.id or not self._wants(entry, reader):
            return None
        key = (entry.seq, reader.id if self._has_reacted(entry, reader) else "")
        if key not in self._letters:
            self._letters[key] = self._letter(entry, reader)
        return self._letters[key]

    def is_news(self, entry: Entry, reader: Reader) -> bool:
        """Whether a digest for this guest tells of an event: a message of somebody else that is still there."""
        row = self._rows.get(message_of(entry)) if entry.kind == "message.posted" else None
        return row is not None and row.deleted_at is None and row.author_id != reader.id

    def ends(self, entry: Entry, reader: Reader) -> bool:
        """Whether this is the last event a guest is told of."""
        return entry.kind in ("guest.left", "channel.deleted") and self._is_out(entry, reader)

    def _is_out(self, entry: Entry, reader: Reader) -> bool:
        """Who was invited again meanwhile hears no goodbye."""
        if entry.kind == "channel.deleted":
            return True
        return entry.payload["person"] == reader.id and reader.seat is None

    def _wants(self, entry: Entry, reader: Reader) -> bool:
        delivery = reader.seat.delivery if reader.seat else Seat.Delivery.PAUSED
        if delivery == Seat.Delivery.MENTIONS:
            row = self._rows.get(message_of(entry))
            return row is not None and self._concerns(row, reader)
        return delivery == Seat.Delivery.EVERY

    def _concerns(self, row: Message, reader: Reader) -> bool:
        """Whether a message names somebody, or is in a thread they take part in."""
        named = reader.id in row.mentions or row.mentions_all is not None or row.author_id == reader.id
        return named or (row.thread_id or row.id, reader.id) in self._part

    @cached_property
    def _part(self) -> set[tuple[str, str]]:
        """(thread, person) of who wrote in the threads that are concerned."""
        within = Message.objects.filter(Q(thread__in=self._roots) | Q(id__in=self._roots), channel=self.channel)
        return {
            (thread or id, who) for thread, id, who in within.values_list("thread_id", "id", "author_id").distinct()
        }

    # What an event is

    def author(self, entry: Entry) -> str:
        """The name of who said or did it."""
        if entry.kind == "message.posted":
            return str(entry.payload["message"]["author_name"])
        return self.name(entry.actor)

    def _letter(self, entry: Entry, reader: Reader) -> Letter | None:
        row = self._rows.get(message_of(entry))
        if row is None:
            return None
        if entry.kind == "message.posted":
            return None if row.deleted_at else self._message(row, entry)
        if entry.kind == "message.deleted":
            return None if row.id in self._posted else self._deletion(row, entry)
        if row.deleted_at:
            return None
        if entry.kind == "message.edited":
            return None if row.id in self._posted else self._edit(row, entry)
        if entry.kind in ("reaction.added", "reaction.removed"):
            is_last = entry.seq == self._last_reactions[self._reacted(entry)]
            return self._reaction(row, entry, reader) if is_last else None
        if entry.kind in ("message.pinned", "message.unpinned"):
            return self._pin(row, entry)
        return None

    def _message(self, row: Message, entry: Entry) -> Letter:
        post = outgoing.post_of(row, self._around)
        answered = _own_id(self._answers[row.id].message) if row.id in self._answers else None
        linked = self._linked(row, entry)
        text = f"{post.text}\n\n{linked.text}".strip()
        shown = _if_more(post.html)
        if linked.pictures or (linked.html and shown):
            shown = f"{post.html}\n{linked.html}"
        if quoted := _words(self._roots[row.thread_id].text) if row.thread_id in self._roots else "":
            # Chat clients have no threads: above an answer they show what it answers, if the text quotes that.
            text = f"> {quoted}\n\n{text}"
            shown = f"<blockquote>{html.escape(quoted)}</blockquote>\n{shown}" if shown else ""
        return Letter(
            **self._opening(entry.payload["message"]["author_name"], entry, row),
            message_id=_own_id(row),
            kind="message",
            text=text,
            html=shown,
            in_reply_to=post.in_reply_to or answered,
            references=post.references or ((answered,) if answered else ()),
            attachments=(*linked.pictures, *post.attachments),
            links=linked.links,
            voice=not post.text and not linked.links and _is_sound(post.attachments),
        )

    def _linked(self, row: Message, entry: Entry) -> Linked:
        """The files of a message that do not go along."""
        along = self._around.files.get(row.id, ())
        rest = [file for file in self._files.get(row.id, ()) if file not in along]
        domain = addresses.channel_address(self.channel).rpartition("@")[2]
        return big_files.linked(row.id, rest, sent_at=entry.at, domain=domain, alone=not along)

    def _edit(self, row: Message, entry: Entry) -> Letter:
        payload = entry.payload
        return self._about(row, entry, "edit", text=payload["text"], html=_if_more(payload["html"]))

    def _deletion(self, row: Message, entry: Entry) -> Letter:
        whose = "a message" if entry.actor == row.author_id else f"a message of {self.name(row.author_id)}"
        return self._about(row, entry, "delete", text=f"{self.name(entry.actor)} deleted {whose}.")

    def _reaction(self, row: Message, entry: Entry, reader: Reader) -> Letter:
        """The sentence tells of one person, the emoji are those of everybody else than the reader, the latest first.

        What comes from an address stands for all that came from it before (RFC 9078, section 2), and people in a
        channel have one between them. Delta Chat shows the first emoji alone.
        """
        who = entry.payload["person"]
        now = " ".join(emoji for by, emoji in self._reactions.get(row.id, ()) if by == who)
        said = f"reacted with {now}" if now else "took a reaction back"
        sentence = f"<p>{html.escape(f'{self.name(who)} {said}: {_words(row.text)}')}</p>"
        theirs = [emoji for by, emoji in self._reactions.get(row.id, ()) if by != reader.id]
        return self._about(row, entry, "reaction", text=" ".join(dict.fromkeys(reversed(theirs))), html=sentence)

    def _pin(self, row: Message, entry: Entry) -> Letter:
        pinned = entry.kind == "message.pinned"
        text = f"📌 {self.name(entry.actor)} {'pinned' if pinned else 'unpinned'}: {_words(row.text)}"
        return self._about(row, entry, "pin" if pinned else "unpin", text=text)

    def _about(self, row: Message, entry: Entry, kind: Any, *, text: str, html: str = "") -> Letter:
        """A letter that concerns a message its reader has."""
        root = self._roots.get(row.thread_id or "")
        return Letter(
            **self._opening(self.name(entry.actor), entry, row, answers=True),
            message_id=event_id(self.channel.id, entry.seq, settings.MAIL_DOMAIN),
            kind=kind,
            text=text,
            html=html,
            target=_own_id(row),
            references=(_own_id(root),) if root else (),
        )

    def _opening(self, author: str, entry: Entry, row: Message, *, answers: bool = False) -> dict[str, Any]:
        subject = self._subject(self._roots.get(row.thread_id or row.id, row))
        return {
            "sender": self._sender(author),
            "subject": f"Re: {subject}" if answers or row.thread_id or row.id in self._answers else subject,
            "date": entry.at,
            **self._list,
        }

    @cached_property
    def _list(self) -> dict[str, Any]:
        return {
            "list_id": f"{self.channel.id}.{settings.MAIL_DOMAIN}",
            "list_name": outgoing.shown_name(self.channel),
        }

    def _sender(self, author: str) -> Address:
        """On our own domain, so that it agrees with who sends it (RFC 7489)."""
        return Address(f"{author} ({self.channel.org.name})", addresses.channel_address(self.channel))

    # Subjects: one a thread, the same for as long as it lives

    def _subject(self, root: Message) -> str:
        if root.id in self._subjects:
            return self._subjects[root.id]
        words = _words(self._first_texts.get(root.id, root.text))
        return f"[{outgoing.shown_name(self.channel)}] {words}".rstrip()

    @cached_property
    def _subjects(self) -> dict[str, str]:
        rows = Subject.objects.filter(message__in=self._roots)
        taken = {id: answered.subject for id, answered in self._answers.items()}
        found = taken | {row.message_id: row.subject for row in rows}
        return {id: self._unbracketed(subject) for id, subject in found.items()}

    @cached_property
    def _answers(self) -> Mapping[str, Subject]:
        return corresponding.answers(self.channel, self._roots)

    def _unbracketed(self, subject: str) -> str:
        """Delta Chat names a chat by what a subject has in brackets at first."""
        return f"[{outgoing.shown_name(self.channel)}] {subject}" if subject.startswith("[") else subject

    @cached_property
    def _first_texts(self) -> dict[str, str]:
        """What the roots that were edited said at first."""
        edited = [row.id for row in self._roots.values() if row.edited_at]
        found: dict[str, str] = {}
        for old in Revision.objects.filter(message__in=edited).order_by("id") if edited else ():
            found.setdefault(old.message_id, old.text)
        return found

    # People

    @cached_property
    def _names(self) -> dict[str, str]:
        ids = {entry.actor for entry in self.entries} | {row.author_id for row in self._rows.values()}
        ids |= {row.author_id for row in self._roots.values()}
        named = ("reaction.added", "reaction.removed", "member.left")
        ids |= {entry.payload["person"] for entry in self.entries if entry.kind in named}
        return dict(Person.objects.filter(id__in=ids - {None}).values_list("id", "name"))

    def name(self, person: str | None) -> str:
        """What somebody who is named in these events is called."""
        return self._names.get(person or "", "Somebody")

    @cached_property
    def _last_reactions(self) -> dict[tuple[str, str], int]:
        reacted = [entry for entry in self.entries if entry.kind.startswith("reaction.")]
        return {self._reacted(entry): entry.seq for entry in reacted}

    @cached_property
    def _reactions(self) -> Mapping[str, list[tuple[str, str]]]:
        """(person, emoji) that each of the messages now has, in the order they came."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        rows = Reaction.objects.filter(message__in={message for message, _ in self._last_reactions}).order_by("id")
        for message, person, emoji in rows.values_list("message_id", "person_id", "emoji"):
            found[message].append((person, emoji))
        return found

    def _has_reacted(self, entry: Entry, reader: Reader) -> bool:
        """Whether a letter differs for this reader, who knows what they did themselves."""
        if not entry.kind.startswith("reaction."):
            return False
        return any(by == reader.id for by, _ in self._reactions.get(message_of(entry), ()))

    def _reacted(self, entry: Entry) -> tuple[str, str]:
        return entry.payload["id"], entry.payload["person"]

    # What was gathered for a while

    def digest(self, news: Sequence[Entry], reader: Reader) -> ComposedLetter:
        """Several messages in one mail, thread by thread."""
        title, made = self.digested(news, reader)
        subject = f"[{outgoing.shown_name(self.channel)}] {title}"
        return self._notice(news[-1], subject, self.channel.org.name, made.text, made.html)

    def digested(self, news: Sequence[Entry], reader: Reader) -> tuple[str, digesting.Digest]:
        """How many they are, in words, and what they say."""
        rows = [self._rows[message_of(entry)] for entry in news]
        title = "1 new message" if len(rows) == 1 else f"{len(rows)} new messages"
        files = {row.id: big_files.urls(row.id, self._files.get(row.id, ()), news[-1].at, reader.id) for row in rows}
        return title, digesting.digest(rows, self._roots, self._names, files)

    # The mails that nobody wrote

    def _welcome(self, entry: Entry, reader: Reader) -> ComposedLetter | None:
        if reader.seat is None or corresponding.was_begun_by(self.channel, reader.id):
            return None
        together = guests.welcomed_in(self.channel.id, reader.id)
        if not together or together[0] != self.channel:  # the first of them welcomes for all
            return None
        sponsor, until = self.sponsor(reader.seat), reader.seat.expires_at
        lines = [
            *self.introduction(reader, sponsor),
            "What is written there comes to you as mail. Answer any of it, or this mail, and all of them can read it.",
            "To leave, follow the link below, or answer with the single word “leave”. Other words change what you get: "
            "“mute”, “unmute”, “mentions” (only what concerns you), “digest hourly”, “digest daily”, “every message”.",
            until and f"Your part ends on {until:%d %B %Y}.",
            f"Leave: {addresses.leave_url(self.channel.id, reader.id)}",
            *welcoming.as_well(together[1:], reader.id),
        ]
        text = "\n\n".join(str(line) for line in lines if line)
        subject = f"[{outgoing.shown_name(self.channel)}] Welcome, {reader.name}"
        return self._notice(entry, subject, sponsor, text)

    def sponsor(self, seat: Seated) -> str:
        """The name of who invited."""
        return Person.objects.filter(id=seat.sponsor).values_list("name", flat=True).first() or self.channel.org.name

    def introduction(self, reader: Reader, sponsor: str) -> list[str]:
        """Who invited, what the channel is, who reads it."""
        name, org = outgoing.shown_name(self.channel), self.channel.org.name
        return [
            f"{sponsor} has invited you to take part in “{name}” at {org}, by mail."
            if self.channel.name
            else f"{sponsor} at {org} would like to talk with you, by mail.",
            self.channel.topic and f"What it is about: {self.channel.topic}",
            f"Who reads it: {self._readers(reader)}.",
        ]

    def _readers(self, reader: Reader) -> str:
        inside = Membership.objects.filter(channel=self.channel, person__active=True).exclude(person=reader.id)
        names = list(inside.order_by("joined_at").values_list("person__name", flat=True)[: NAMES_SHOWN + 1])
        if not names:
            return "nobody yet"
        more = inside.count() - NAMES_SHOWN
        return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")

    def _goodbye(self, entry: Entry) -> ComposedLetter:
        name, org = outgoing.shown_name(self.channel), self.channel.org.name
        text = f"You no longer take part in “{name}” at {org}. This is the last mail from there."
        return self._notice(entry, f"[{name}] Goodbye", org, text)

    def _notice(self, entry: Entry, subject: str, author: str, text: str, html: str = "") -> ComposedLetter:
        return compose_letter(
            Letter(
                **self._list,
                message_id=event_id(self.channel.id, entry.seq, settings.MAIL_DOMAIN),
                kind="notice",
                sender=self._sender(author) if author != self.channel.org.name else self._from_channel(),
                subject=subject,
                date=entry.at,
                text=text,
                html=html,
                auto=True,
            )
        )

    def _from_channel(self) -> Address:
        name = f"{outgoing.shown_name(self.channel)} ({self.channel.org.name})"
        return Address(name, addresses.channel_address(self.channel))


def recipient(channel: Channel, reader: Reader) -> Recipient:
    """A guest as the codec addresses them."""
    return Recipient(
        to=Address(reader.name, reader.email),
        reply_to=addresses.reply_to(channel, reader.id),
        unsubscribe=addresses.leave_url(channel.id, reader.id),
        link=big_files.link_for(reader.id),
    )


def _is_sound(files: Sequence[Attachment]) -> bool:
    return len(files) == 1 and files[0].type.startswith("audio/")


def message_of(entry: Entry) -> str:
    """The id of the message an event is about, or nothing."""
    if entry.kind == "message.posted":
        return str(entry.payload["message"]["id"])
    return str(entry.payload["id"]) if entry.kind.startswith(("message.", "reaction.")) else ""


def _own_id(row: Message) -> str:
    """The Message-ID that mail programs know a message by."""
    if row.external_id and written(row.external_id):
        return row.external_id
    return outgoing.own_id(row.channel_id, row.id)


def _if_more(html: str) -> str:
    """HTML that says more than the text; for any other, chat clients would offer to show the message in full."""
    return "" if set(_TAGS.findall(html)) <= {"p", "br"} else html


def _words(text: str) -> str:
    """The first words of a message, without its marks."""
    line = next((line for line in text.splitlines() if line.strip(" `*#>-")), "")
    plain = " ".join(_MARKS.sub(lambda found: found[1] or "", line).split())
    return plain if len(plain) <= SUBJECT_LENGTH else plain[:SUBJECT_LENGTH].rsplit(" ", 1)[0] + "…"
