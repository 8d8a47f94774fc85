"""The hot path: posting, one or many at once.

`post_many` takes what waits (of any people, into any channels) and needs two statements whatever their number: one
that looks up who may post where and what was posted already (`chat.facts`; mostly known, and then left out), and one
(a CTE) that sees whether that still holds, moves the heads of the streams and inserts messages and events together, so
that fact and event commit as one and the row lock of a hot channel is held for a single round trip. Mentions and files
add two statements each, again whatever their number: one that finds them, one that writes them in the same transaction.

Whoever changes a message takes its row first and the stream last, so the statement locks the roots of threads before
the streams; the other way round the two would wait for each other.

Every posting has a `client_id` (its message id when the client gave none), unique for its author: the same one again
answers with the first result, and a statement whose outcome is unknown (the connection died) can be run again.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from channels_app.chat import facts, markdown, mentions, policy, shapes, text
from channels_app.chat.access import Archived
from channels_app.chat.facts import Facts
from channels_app.chat.models import Attachment, Mention, Message
from channels_app.chat.shapes import MessageShape
from channels_app.files import shapes as file_shapes
from channels_app.files.models import StoredFile
from workspace.events import bells, statement
from workspace.events.ids import new_id
from workspace.events.log import Entry
from workspace.events.refusal import Conflict, Forbidden, Invalid, NotFound, Refusal

MOST_FILES = 20
CLIENT_ID_LIMIT = 80
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Posting:
    """A message somebody wants to post. `at` and `id` are set by carriers only."""

    person: str
    channel: str
    text: str
    thread: str | None = None
    also_to_channel: bool = False
    files: Sequence[str] = ()
    client_id: str | None = None
    origin: str = "web"
    external_id: str | None = None
    quoted: str | None = None
    at: datetime | None = None
    id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Posted:
    """The message as JSON, its event, and whether this call made it (False: it had been posted before)."""

    message: MessageShape
    entry: Entry | None
    fresh: bool


Outcome = Posted | Refusal


@dataclass(frozen=True, slots=True)
class _Passed:
    """A posting that may be written, and its text as it is kept."""

    posting: Posting
    facts: Facts
    text: str


@dataclass(slots=True)
class _Ready:
    """A posting that passed: everything but its number."""

    posting: Posting
    facts: Facts
    text: str
    html: str
    found: mentions.Found
    files: list[StoredFile]
    at: datetime
    shape: MessageShape


def post_many(postings: Sequence[Posting]) -> list[Outcome]:
    """Post in the order given; an outcome for each posting, in the same order. Refusals are returned, not raised."""
    postings = [replace(p, client_id=p.client_id or p.id) for p in postings]
    for attempt in range(ATTEMPTS):
        try:
            return _post(postings, believe=attempt == 0 and not connection.in_atomic_block)
        except _Changed:
            facts.forget(postings)
        except (OperationalError, InterfaceError):
            if attempt == ATTEMPTS - 1 or connection.in_atomic_block:
                raise
            connection.close()
        except IntegrityError:  # another process took one of the client ids, or a file, at this moment
            if attempt == ATTEMPTS - 1 or connection.in_atomic_block:
                raise
    return [Conflict("Who may write here is being changed; try again.") for _ in postings]


def _post(postings: Sequence[Posting], *, believe: bool) -> list[Outcome]:
    outcomes: list[Outcome | None] = [None] * len(postings)
    known = facts.gather(postings, believe=believe)
    passed: dict[int, _Passed] = {}
    seen: dict[tuple[str, str], int] = {}
    twins: list[tuple[int, int]] = []
    before: dict[int, str] = {}
    for n, posting in enumerate(postings):
        key = (posting.person, cast(str, posting.client_id))
        if key in seen:
            twins.append((n, seen[key]))
            continue
        seen[key] = n
        try:
            found = _judge(posting, known.get(n))
            if found.before:
                before[n] = found.before
            else:
                passed[n] = _Passed(posting, found, _text(posting))
        except Refusal as refusal:
            outcomes[n] = refusal
    prepared = dict(zip(passed, _prepare(list(passed.values())), strict=True))
    ready = {n: one for n, one in prepared.items() if isinstance(one, _Ready)}
    for n, one in prepared.items():
        outcomes[n] = one if isinstance(one, Refusal) else None
    for n, entry in zip(ready, _write(list(ready.values())), strict=True):
        outcomes[n] = Posted(ready[n].shape, entry, True)
        facts.keep(postings[n], passed[n].facts)
    for n, posted in _earlier(before).items():
        outcomes[n] = posted
    for n, first in twins:
        outcome = outcomes[first]
        outcomes[n] = replace(outcome, fresh=False) if isinstance(outcome, Posted) else outcome
    return cast(list[Outcome], outcomes)


def _judge(posting: Posting, known: Facts | None) -> Facts:
    if known is None or not known.active or known.kind is None:
        raise NotFound("There is no such channel.")
    standing = policy.Standing(known.role, known.kind, known.channel_role)
    if not standing.sees:
        raise NotFound("There is no such channel.")
    if known.before:
        return known
    if not policy.allows(policy.posting_action(known.kind, posting.thread is not None), standing):
        raise Forbidden("You may not write here.", code="not_a_member" if not standing.inside else "forbidden")
    if known.archived:
        raise Archived()
    if posting.thread is not None and not known.root_known:
        raise NotFound("There is no such thread.")
    return known


def _text(posting: Posting) -> str:
    cleaned = text.clean(posting.text)
    if len(cast(str, posting.client_id)) > CLIENT_ID_LIMIT:
        raise Invalid("This client_id is too long.", fields={"client_id": "too long"})
    if len(posting.files) > MOST_FILES:
        raise Invalid(f"At most {MOST_FILES} files in a message.", fields={"files": "too many"})
    if not cleaned.strip() and not posting.files:
        raise Invalid("A message needs a text or a file.", fields={"text": "empty"})
    return cleaned


def _prepare(passed: Sequence[_Passed]) -> list[_Ready | Refusal]:
    free = _free_files(passed)
    found = mentions.find_all([(one.text, one.posting.channel) for one in passed])
    return [_prepare_one(one, names, free) for one, names in zip(passed, found, strict=True)]


def _free_files(passed: Sequence[_Passed]) -> dict[str, StoredFile]:
    """Those of the files that are in no message yet."""
    wanted = {file for one in passed for file in one.posting.files}
    return StoredFile.objects.filter(id__in=wanted, attachment=None).in_bulk() if wanted else {}


def _prepare_one(one: _Passed, found: mentions.Found, free: dict[str, StoredFile]) -> _Ready | Refusal:
    posting, known, cleaned = one.posting, one.facts, one.text
    try:
        files = _claim_files(posting, free)
    except Refusal as refusal:
        return refusal
    html = markdown.render(cleaned, found.known) if cleaned else ""
    at = posting.at or timezone.now()
    row = Message(
        id=posting.id,
        seq=0,
        channel_id=posting.channel,
        thread_id=known.root,
        also_to_channel=posting.also_to_channel and known.root is not None,
        author_id=posting.person,
        text=cleaned,
        html=html,
        quoted=posting.quoted,
        mentions=list(found.people),
        mentions_all=found.everybody,
        client_id=cast(str, posting.client_id),
        origin=posting.origin,
        created_at=at,
    )
    shape = shapes.fresh_message(row, known.name, [file_shapes.file(file) for file in files])
    return _Ready(posting, known, cleaned, html, found, files, at, shape)


def _claim_files(posting: Posting, free: dict[str, StoredFile]) -> list[StoredFile]:
    """Take the files for a message, so that no other one that is written with it has them too."""
    missing = [id for id in posting.files if id not in free or free[id].uploader_id != posting.person]
    if missing or len(set(posting.files)) != len(posting.files):
        raise Conflict("A file is not there or was posted already.", fields={"files": ", ".join(missing) or "twice"})
    return [free.pop(id) for id in posting.files]


# `= ANY (ARRAY(…))` beside a join: the server takes any JSON for a hundred rows and would read small tables whole.
# A thread's root never moves, and goes only with its channel.
def _statement(*, roots: str = "", after_roots: str = "", thread: str = "") -> str:
    return f"""
WITH asked AS (
  SELECT * FROM jsonb_to_recordset(%s::jsonb) AS d(stream text, nth int, id text, channel text, thread text, also bool,
    author text, role text, name text, kind text, channel_role text, text text, html text, quoted text, mentions jsonb,
    everybody text, client_id text, external_id text, origin text, at timestamptz, payload jsonb)),
same AS (
  SELECT count(*) AS rows FROM asked
  JOIN people_person p ON p.id = asked.author AND p.active AND p.role = asked.role AND p.name = asked.name
  JOIN chat_channel c ON c.id = asked.channel AND c.org_id = p.org_id AND c.kind = asked.kind
    AND c.deleted_at IS NULL AND c.archived_at IS NULL
  LEFT JOIN chat_membership m ON m.channel_id = c.id AND m.person_id = p.id
  WHERE m.role IS NOT DISTINCT FROM asked.channel_role
    AND p.id = ANY (ARRAY(SELECT author FROM asked)) AND c.id = ANY (ARRAY(SELECT channel FROM asked))),
given AS (SELECT * FROM asked WHERE (SELECT rows FROM same) = (SELECT count(*) FROM asked)),
need AS (SELECT stream AS key, count(*) AS count FROM given GROUP BY stream),
{roots}locked AS (
  SELECT key FROM events_stream WHERE key = ANY (ARRAY(SELECT key FROM need)){after_roots}
  ORDER BY key FOR UPDATE),
moved AS (
  UPDATE events_stream s SET head = s.head + need.count FROM need JOIN locked USING (key)
  WHERE s.key = need.key AND s.key = ANY (ARRAY(SELECT key FROM need))
  RETURNING s.key, s.head - need.count AS base),
draft AS (SELECT given.*, moved.base + given.nth AS seq FROM given JOIN moved ON moved.key = given.stream),
message AS (
  INSERT INTO chat_message (id, channel_id, seq, thread_id, also_to_channel, author_id, text, html, quoted, mentions,
    mentions_all, client_id, external_id, origin, created_at, reply_count, reply_people)
  SELECT id, channel, seq, thread, also, author, text, html, quoted,
    ARRAY(SELECT jsonb_array_elements_text(mentions)), everybody, client_id, external_id, origin, at, 0, '{{}}'
  FROM draft){thread}
INSERT INTO events_event (stream, seq, kind, actor, origin, payload, at)
SELECT stream, seq, 'message.posted', author, origin, jsonb_set(payload, '{{message,seq}}', to_jsonb(seq)), at
FROM draft
RETURNING stream, seq, payload->'message'->>'id'
"""


_WRITE = _statement()
_WRITE_IN_THREADS = _statement(
    roots="""roots AS (
  SELECT id FROM chat_message WHERE id = ANY (ARRAY(SELECT thread FROM given WHERE thread IS NOT NULL)) ORDER BY id
  FOR NO KEY UPDATE),
""",
    after_roots=" AND (SELECT count(*) FROM roots) >= 0",
    thread=""",
thread AS (
  UPDATE chat_message root SET reply_count = root.reply_count + t.count, last_reply_at = t.last_at,
    reply_people = (t.people || ARRAY(
      SELECT p FROM unnest(root.reply_people) WITH ORDINALITY AS u(p, n) WHERE p <> ALL (t.people) ORDER BY n))[1:5]
  FROM (SELECT thread AS id, count(*) AS count, max(at) AS last_at,
          (array_agg(author ORDER BY last DESC) FILTER (WHERE first))::varchar[] AS people
        FROM (SELECT thread, at, author, max(seq) OVER (PARTITION BY thread, author) AS last,
                     row_number() OVER (PARTITION BY thread, author ORDER BY seq) = 1 AS first
              FROM draft WHERE thread IS NOT NULL) a GROUP BY thread) t
  WHERE root.id = t.id)""",
)


class _Changed(Exception):
    """What the postings were judged by holds no more; nothing was written."""


def _write(ready: Sequence[_Ready]) -> list[Entry]:
    if not ready:
        return []
    with _transaction_if(any(r.files or r.found.people for r in ready)):
        write = _WRITE_IN_THREADS if any(r.facts.root for r in ready) else _WRITE
        numbers = {id: seq for _stream, seq, id in statement.run(write, [statement.rows_json(_rows(ready))])}
        if not numbers:
            raise _Changed
        for r in ready:
            r.shape["seq"] = numbers[r.posting.id]
        _write_mentions(ready)
        _write_attachments(ready)
        entries = [_entry(r) for r in ready]
        transaction.on_commit(lambda: bells.ring(entries))
    return entries


@contextlib.contextmanager
def _transaction_if(several: bool) -> Iterator[None]:
    """A statement alone is a transaction of its own and saves the round trips of BEGIN and COMMIT."""
    with transaction.atomic() if several else contextlib.nullcontext():
        yield


def _rows(ready: Sequence[_Ready]) -> list[dict[str, Any]]:
    taken: Counter[str] = Counter()
    return [_row(r, taken) for r in ready]


def _row(r: _Ready, taken: Counter[str]) -> dict[str, Any]:
    posting = r.posting
    stream = f"channel:{posting.channel}"
    taken[stream] += 1
    return {
        "stream": stream,
        "nth": taken[stream],
        "id": posting.id,
        "channel": posting.channel,
        "thread": r.facts.root,
        "also": r.shape["also_to_channel"],
        "author": posting.person,
        "role": r.facts.role,
        "name": r.facts.name,
        "kind": r.facts.kind,
        "channel_role": r.facts.channel_role,
        "text": r.text,
        "html": r.html,
        "quoted": posting.quoted,
        "mentions": r.shape["mentions"],
        "everybody": r.found.everybody,
        "client_id": posting.client_id,
        "external_id": posting.external_id,
        "origin": posting.origin,
        "at": r.at,
        "payload": {"message": r.shape},
    }


def _write_mentions(ready: Sequence[_Ready]) -> None:
    rows = [
        Mention(message_id=r.posting.id, person_id=person, channel_id=r.posting.channel, seq=r.shape["seq"])
        for r in ready
        for person in r.found.people
        if person != r.posting.person
    ]
    if rows:
        Mention.objects.bulk_create(rows)


def _write_attachments(ready: Sequence[_Ready]) -> None:
    rows = [
        Attachment(message_id=r.posting.id, file=file, position=position)
        for r in ready
        for position, file in enumerate(r.files)
    ]
    if rows:
        Attachment.objects.bulk_create(rows)


def _entry(r: _Ready) -> Entry:
    posting = r.posting
    payload = {"message": r.shape}
    return Entry(
        f"channel:{posting.channel}", r.shape["seq"], "message.posted", posting.person, posting.origin, payload, r.at
    )


def _earlier(before: dict[int, str]) -> dict[int, Posted]:
    """What was posted under the same client ids before, as it stands now."""
    if not before:
        return {}
    rows = Message.objects.in_bulk(list(before.values()))
    built = {shape["id"]: shape for shape in shapes.messages(list(rows.values()))}
    return {n: Posted(built[id], None, False) for n, id in before.items()}
