"""Finding out how a stream's folders stand, and mending what does not agree with the database.

agrees --UIDNEXT moved--> taken in (`inwards`) --> agrees
agrees --gone, other UIDVALIDITY, renamed, access changed--> shaped (`folders`); its lane writes a new folder anew
agrees --number of mails differs--> compared mail by mail (`healing`)
The lane's row is locked before the folders', as a drain does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from channels_app.mirror import inwards, personal
from channels_app.mirror.folders import claim, shape
from channels_app.mirror.imap import TROUBLE
from channels_app.mirror.models import Folder
from channels_app.mirror.pool import pool
from channels_app.mirror.wire import State
from workspace.events import lanes, prepared, statement
from workspace.events.lanes import TryLater
from workspace.events.models import Lane

SUBSCRIBER = "mirror"
PREFIXES = ("channel:", "org:")
Verb = Callable[[str], None]
# Read marks move all the time; what a sweep carries of them is bounded.
PEOPLE_A_SWEEP = 30


_LANE = """
SELECT l.due <= now() AND s.head > l.cursor FROM events_lane l JOIN events_stream s ON s.key = l.stream_id
WHERE l.subscriber = %s AND l.stream_id = %s
"""


def lane_is_due(stream: str) -> bool:
    """Whether a stream's lane (made if there is none) has something to deliver that may go now."""
    found = statement.run(_LANE, [SUBSCRIBER, stream])
    if not found:
        lanes.open_lane(SUBSCRIBER, stream)
    return not found or bool(found[0][0])


def settle(stream: str) -> None:
    """Make the folders such that the lane can append: in shape, and everything in them known.

    Raises one of `TROUBLE` when the server is away, `TryLater` when another folder has to move first.
    """
    rows = _rows(stream)
    if len(rows) < (2 if stream.startswith("channel:") else 1) or any(r.untidy or not r.uidvalidity for r in rows):
        tidy(stream)
        rows = _rows(stream)
    states = _look([row.name for row in rows])
    if any(row.name not in states or states[row.name].uidvalidity != row.uidvalidity for row in rows):
        tidy(stream)
        rows = _rows(stream)
        states = _look([row.name for row in rows])
    _take_in(stream, rows, states)


def _rows(stream: str) -> list[Folder]:
    return prepared.rows(Folder, "stream = %s ORDER BY kind DESC", [stream])


def _look(names: Sequence[str]) -> dict[str, State]:
    """STATUS of a few folders; once more on new connections, because a restarted server breaks all the old ones."""
    try:
        with pool.mailbox() as mailbox:
            return mailbox.states(names)
    except TROUBLE:
        pool.empty()
        with pool.mailbox() as mailbox:
            return mailbox.states(names)


def _take_in(stream: str, rows: Iterable[Folder], states: Mapping[str, State]) -> None:
    for row in rows:
        if row.name in states and states[row.name].uidnext != row.uidnext:
            if row.kind == Folder.Kind.POSTS:
                inwards.take_in(stream)
            elif stream.startswith("people:"):
                personal.settle(stream)
            else:
                inwards.take_in_log(stream)


def take_in(stream: str) -> None:
    """Take in what just came into a channel's folder; the quick way, when all is as it was. Raises as `settle`."""
    try:
        inwards.take_in(stream)
    except TROUBLE:
        settle(stream)


def tidy(stream: str) -> None:
    """Bring the folders into shape. Raises as `settle`."""
    with transaction.atomic():
        lane = lock_lane(stream)
        place = claim(stream)
        if place is None:
            return
        with pool.mailbox() as mailbox:
            shaped = shape(mailbox, place)
        if shaped.fresh and lane:
            begin_anew(lane, 0)
        elif shaped.fresh:
            personal.write_all_again(place.log)
    if shaped.waits:
        raise TryLater(shaped.waits)


def lock_lane(stream: str) -> Lane | None:
    """The stream's lane, locked; None for the folder of people, which has none of its own."""
    if stream.startswith("people:"):
        return None
    lanes.open_lane(SUBSCRIBER, stream)
    return Lane.objects.select_for_update().get(subscriber=SUBSCRIBER, stream_id=stream)


def begin_anew(lane: Lane, cursor: int) -> None:
    """Let a lane deliver again from `cursor` on; what is in the folders is left alone when it comes by."""
    if cursor < lane.cursor:
        lane.cursor, lane.due = cursor, timezone.now()
        lane.save(update_fields=["cursor", "due"])


def differing(states: Mapping[str, State], among: Iterable[str] | None = None) -> dict[str, set[str]]:
    """{"take_in" or "heal": streams} for all folders, or those of some streams, compared with where the server is."""
    found: dict[str, set[str]] = {"take_in": set(), "heal": set()}
    rows = Folder.objects.exclude(uidvalidity=0)
    for row in (rows if among is None else rows.filter(stream__in=among)).iterator(2000):
        state = states.get(row.name)
        if state is None or state.uidvalidity != row.uidvalidity:
            found["heal"].add(row.stream)
        elif state.uidnext != row.uidnext or row.untidy:
            found["take_in"].add(row.stream)
        elif state.messages != row.held:
            found["heal"].add(row.stream)
    return found


def behind() -> list[str]:
    """Streams whose lane has something to deliver now."""
    due = Lane.objects.filter(subscriber=SUBSCRIBER, due__lte=timezone.now(), stream__head__gt=F("cursor"))
    due = due.order_by("due", "id")
    shared = due.exclude(stream__key__startswith="person:").values_list("stream_id", flat=True)[:2000]
    people = due.filter(stream__key__startswith="person:").values_list("stream_id", flat=True)[:PEOPLE_A_SWEEP]
    return [*shared, *people]
