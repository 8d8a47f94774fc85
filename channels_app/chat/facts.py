"""What a posting is judged by: who posts, where, and whether it was posted already.

Looking that up is half the cost of a post, and but for the last it seldom changes. So what a posting was allowed by is
kept, and the next one of the same person in the same place is judged by it. The statement that writes it
(`chat.posting`) compares it with the rows as they are, and writes nothing when anything differs: nobody posts by what
was true before. That it was posted already is then said by the unique key of author and `client_id`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from workspace.events import statement

MOST_KEPT = 20_000


class Place(Protocol):
    """What is asked of a posting."""

    @property
    def person(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def thread(self) -> str | None: ...
    @property
    def client_id(self) -> str | None: ...
    @property
    def files(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Facts:
    """`kind` is None when the person's organization has no such channel, `before` is the message posted already."""

    role: str
    active: bool
    name: str
    kind: str | None
    archived: bool
    channel_role: str | None
    root: str | None
    root_known: bool
    before: str | None


# Of all posting threads: each step is one operation on it, and what one of them has just dropped is looked up again.
_kept: dict[tuple[str, str, str | None], Facts] = {}


def gather(places: Sequence[Place], *, believe: bool) -> dict[int, Facts]:
    """The facts of each place by its number; none of people who do not exist. With `believe`, those that are kept.

    With files it must be known first whether it was posted already, since that took them.
    """
    known: dict[int, Facts] = {}
    if believe:
        known = {n: facts for n, p in enumerate(places) if not p.files and (facts := _kept.get(_key(p)))}
    return known | _look_up({n: place for n, place in enumerate(places) if n not in known})


def keep(place: Place, facts: Facts) -> None:
    """Remember what a posting was allowed by."""
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    _kept[_key(place)] = facts


def forget(places: Sequence[Place]) -> None:
    """They may not hold any more."""
    for place in places:
        _kept.pop(_key(place), None)


def _key(place: Place) -> tuple[str, str, str | None]:
    return place.person, place.channel, place.thread


# `= ANY (ARRAY(…))` beside the join: the server takes any JSON for a hundred rows and would read small tables whole.
_LOOK_UP = """
WITH r AS (
  SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r(n int, person text, channel text, thread text, client_id text))
SELECT r.n, p.role, p.active, p.name, c.kind, c.archived_at IS NOT NULL, m.role,
       coalesce(root.thread_id, root.id), root.id IS NOT NULL, dup.id
FROM r JOIN people_person p ON p.id = r.person
LEFT JOIN chat_channel c ON c.id = r.channel AND c.org_id = p.org_id AND c.deleted_at IS NULL
LEFT JOIN chat_membership m ON m.channel_id = c.id AND m.person_id = p.id
LEFT JOIN chat_message root ON root.id = r.thread AND root.channel_id = c.id
LEFT JOIN chat_message dup ON dup.author_id = p.id AND dup.client_id = r.client_id
WHERE p.id = ANY (ARRAY(SELECT person FROM r))
"""


def _look_up(places: dict[int, Place]) -> dict[int, Facts]:
    if not places:
        return {}
    rows = [
        {"n": n, "person": p.person, "channel": p.channel, "thread": p.thread, "client_id": p.client_id}
        for n, p in places.items()
    ]
    return {row[0]: Facts(*row[1:]) for row in statement.run(_LOOK_UP, [statement.rows_json(rows)])}
