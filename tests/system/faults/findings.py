"""What must hold in the end: each rule answers with a sentence for everything that was lost, doubled or misplaced."""

from __future__ import annotations

import itertools
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from tests.system.faults.ledger import Ledger
from tests.system.faults.reader import Reader
from tests.system.faults.world import Database, Mail, Row, mails, own_part, service_client

Findings = Iterator[str]


def wait_until_calm(
    database: Database, reader: Reader, env: Mapping[str, str], seconds: float
) -> tuple[float, list[str]]:
    """Wait until every lane, folder and stream has come to its end; (how long that took, what did not)."""
    began = time.monotonic()
    while True:
        left = _unsettled(database, reader, env)
        if not left or time.monotonic() - began > seconds:
            return time.monotonic() - began, left
        time.sleep(0.5)


def _unsettled(database: Database, reader: Reader, env: Mapping[str, str]) -> list[str]:
    try:
        left = [f"the lane of {row['stream']} is {row['events']} events behind: {row}" for row in database.waiting()]
        left += _folders_left(database, env)
        heads = database.heads()
    except (psycopg.Error, IMAPClientError, OSError) as error:
        return [f"a server does not answer: {error!r}"]
    for stream, cursor in dict(reader.cursors).items():
        if cursor < heads[stream]:
            left.append(f"the reader is at {stream}@{cursor} of {heads[stream]}")
    return left


def _folders_left(database: Database, env: Mapping[str, str]) -> Findings:
    client = service_client(env)
    try:
        for row in database.folders():
            if row["untidy"] or not client.folder_exists(row["name"]):
                yield f"{row['name']} is not in shape"
                continue
            state = client.folder_status(row["name"], ["UIDVALIDITY", "UIDNEXT", "MESSAGES"])
            there = [state[key] for key in (b"UIDVALIDITY", b"UIDNEXT", b"MESSAGES")]
            known = [row[key] for key in ("uidvalidity", "uidnext", "held")]
            if there != known:
                yield f"{row['name']} is not settled: UIDVALIDITY, UIDNEXT, mails are {there}, known are {known}"
    finally:
        client.shutdown()


def in_database(ledger: Ledger, database: Database) -> Findings:
    """Every acknowledged post and mail is one message with its last acknowledged text; nothing else is there."""
    by_word: dict[str, list[Row]] = defaultdict(list)
    for row in database.messages():
        by_word[row["text"].split()[0]].append(row)
    for word, said in {**ledger.posts, **ledger.mails}.items():
        rows = by_word.pop(word, [])
        if not rows:
            yield f"lost: {said} was acknowledged, but is not in the database"
        elif len(rows) > 1:
            yield f"doubled: {said} is in the database as {_seqs(rows)}"
        elif said.id and (rows[0]["id"], rows[0]["seq"]) != (said.id, said.seq):
            yield f"changed: {said} is in the database as {rows[0]}"
        if rows and rows[0]["text"] != said.text:
            yield f"changed: the last acknowledged text of {said} is {rows[0]['text']!r} in the database"
    for word, rows in by_word.items():
        yield f"nobody was told of {word}, but it is in the database as {_seqs(rows)}"


def _seqs(rows: Sequence[Row]) -> list[tuple[str, int]]:
    return [(row["channel"], row["seq"]) for row in rows]


def reactions(ledger: Ledger, database: Database) -> Findings:
    there = database.reactions()
    for reaction in ledger.reactions - there:
        yield f"lost: the reaction {reaction} was acknowledged, but is not in the database"
    for reaction in there - ledger.reactions:
        yield f"nobody was told of the reaction {reaction}, but it is in the database"


def logs_without_gaps(database: Database) -> Findings:
    """Numbers count from 1 to the head; every message and reaction has its one event."""
    events, heads = database.events(), database.heads()
    for stream, rows in events.items():
        if [row["seq"] for row in rows] != list(range(1, heads[stream] + 1)):
            yield f"the numbers of {stream} have a gap, or do not end at its head {heads[stream]}"
    told = Counter(
        (row["payload"]["id"], row["payload"]["person"], row["payload"]["emoji"])
        for rows in events.values()
        for row in rows
        if row["kind"] == "reaction.added"
    )
    yield from (f"the reaction {one} has {told[one]} events" for one in database.reactions() if told[one] != 1)
    posted = Counter(
        row["payload"]["message"]["id"] for rows in events.values() for row in rows if row["kind"] == "message.posted"
    )
    yield from (
        f"{_shown(row)} has {posted[row['id']]} events" for row in database.messages() if posted[row["id"]] != 1
    )


def in_folders(database: Database, person: IMAPClient) -> Findings:
    """Each message is one mail, as it stands now, dated as it is; those that nobody edited lie in order."""
    messages: dict[str, list[Row]] = defaultdict(list)
    for row in database.messages():
        messages[row["channel"]].append(row)
    for folder in database.folders():
        if folder["kind"] == "posts":
            rows = messages[folder["stream"].removeprefix("channel:")]
            yield from _in_folder(folder["name"], rows, mails(person, folder["name"]))


def _in_folder(name: str, rows: Sequence[Row], there: Sequence[Mail]) -> Findings:
    found: dict[str, list[Mail]] = defaultdict(list)
    for mail in there:
        found[own_part(mail.id) or mail.id].append(mail)
    order: list[tuple[int, int]] = []
    for row in rows:
        copies = found.pop(row["external_id"] or row["id"], [])
        if not copies:
            yield f"lost: {_shown(row)} has no mail in {name}"
        elif len(copies) > 1:
            yield f"doubled: {_shown(row)} has the mails {[mail.uid for mail in copies]} in {name}"
        if not copies:
            continue
        if copies[0].text != row["text"]:
            yield f"changed: {_shown(row)} says {copies[0].text!r} in {name}"
        if row["origin"] != "imap":
            order += [(copies[0].uid, row["seq"])] if not row["edited_at"] else []
            if _second(copies[0].arrived) != _second(row["created_at"]):
                yield f"misdated: {_shown(row)} of {row['created_at']} is of {copies[0].arrived} in {name}"
    for id, copies in found.items():
        yield f"{name} has mails that are no message: {id} {[(mail.uid, mail.text) for mail in copies]}"
    yield from _out_of_order(name, order)


def _shown(row: Row) -> str:
    return f"message {row['id']} ({row['channel']}@{row['seq']}, {row['origin']}) {row['text']!r}"


def _second(at: datetime) -> int:
    return int(at.timestamp())


def _out_of_order(name: str, numbers: Sequence[tuple[int, int]]) -> Findings:
    """`numbers` are (UID, seq)."""
    ordered = sorted(numbers)
    for (uid, seq), (later_uid, later_seq) in itertools.pairwise(ordered):
        if later_seq < seq:
            yield f"out of order: {name} has {later_seq} (UID {later_uid}) after {seq} (UID {uid})"


def quarantined(database: Database) -> Findings:
    """No mail was taken for a forgery: all were written by people who may, or by the mirror."""
    yield from (f"quarantined: {row}" for row in database.quarantined())


def in_logs(database: Database, service: IMAPClient) -> Findings:
    """Each event that is no post of ours is one mail of its Log, in order."""
    events = database.events()
    for folder in database.folders():
        if folder["kind"] != "log" or folder["stream"].startswith("people:"):
            continue
        rows = events.get(folder["stream"], [])
        wanted = {row["seq"]: row for row in rows if row["kind"] != "message.posted" or row["origin"] == "imap"}
        numbers: list[tuple[int, int]] = []
        for mail in mails(service, folder["name"]):
            own = own_part(mail.id)
            if own.startswith("event"):
                numbers.append((mail.uid, int(own.removeprefix("event"))))
            else:
                yield f"{folder['name']} has a mail that is no event: {mail}"
        count = Counter(seq for _, seq in numbers)
        yield from (f"lost: {folder['name']} lacks {wanted[seq]}" for seq in wanted.keys() - count.keys())
        yield from (f"{folder['name']} has {seq}, which does not belong there" for seq in count.keys() - wanted.keys())
        yield from (f"doubled: {folder['name']} has {seq} {times} times" for seq, times in count.items() if times > 1)
        yield from _out_of_order(folder["name"], numbers)


def seen(reader: Reader, database: Database) -> Findings:
    """The client that resumed got each event once, in order, to the end, as it is in the log."""
    events = database.events()
    for stream, start in reader.starts.items():
        logged = [row for row in events.get(stream, []) if row["seq"] > start]
        got = reader.seen[stream]
        if [row["seq"] for row in logged] != [frame["seq"] for frame in got]:
            yield f"the reader did not get {stream} after {start} once and in order, but {_first_fault(got, start)}"
            continue
        for row, frame in zip(logged, got, strict=True):
            if (row["kind"], row["payload"]) != (frame["kind"], frame["payload"]):
                yield f"the reader got {frame} for {row}"


def _first_fault(got: Sequence[Mapping[str, Any]], start: int) -> str:
    seqs = [frame["seq"] for frame in got]
    at = next((n for n, seq in enumerate(seqs) if seq != start + 1 + n), len(seqs))
    return f"… {seqs[max(0, at - 3) : at + 10]} …, {len(seqs)} in all"
