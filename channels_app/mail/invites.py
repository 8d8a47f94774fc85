"""Calendar mails (RFC 5545, 5546, 6047) in words: what is planned, when, where, and what changed of it.

Times are shown as they were written, with the name of their zone: whoever reads them knows where they were meant, and
no clock and no table of ours stands between. The calendar itself stays a file.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from icalendar import Calendar, Event, vRecur
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from channels_app.mail.charset import clean, clean_line
from channels_app.mail.markdown import to_markdown

#: The media types of calendars; of these only the first can be part of a conversation.
CALENDAR = "text/calendar"
CALENDARS = frozenset({CALENDAR, "application/ics"})

_LONGEST = 128 * 1024  # characters of a calendar that is read
_DESCRIPTION = 4_000
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|~])")
_HTML = re.compile(r"<(?:br|p|a|b|i|u|ul|ol|li|span|div|html-blob)\b", re.IGNORECASE)
_RULE = re.compile(r"[-:~]{20,}")
_MAILTO = re.compile(r"mailto:", re.IGNORECASE)
_HEADS: Mapping[str, str] = {
    "REQUEST": "Invitation",
    "CANCEL": "Cancelled",
    "COUNTER": "New time proposed",
    "DECLINECOUNTER": "Proposed time declined",
    "REFRESH": "Asks for the latest version",
    "PUBLISH": "Event",
    "ADD": "Added",
}
_ANSWERS: Mapping[str, str] = {
    "ACCEPTED": "Accepted",
    "DECLINED": "Declined",
    "TENTATIVE": "Accepted tentatively",
    "DELEGATED": "Delegated",
}
_DAYS: Mapping[str, str] = {
    "MO": "Monday", "TU": "Tuesday", "WE": "Wednesday", "TH": "Thursday", "FR": "Friday", "SA": "Saturday",
    "SU": "Sunday",
}  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MONTH_NUMBERS = frozenset(str(number) for number in range(1, 13))
_UNITS: Mapping[str, str] = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_ORDINALS: Mapping[str, str] = {"1": "first", "2": "second", "3": "third", "4": "fourth", "5": "fifth", "-1": "last"}
_BY_DAY = re.compile(r"([+-]?\d{0,2})(MO|TU|WE|TH|FR|SA|SU)")
_IN_WORDS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST", "BYMONTH", "BYMONTHDAY"})


@dataclass(frozen=True, slots=True)
class Invite:
    """An event in words, both in Markdown: `told` is all but the description.

    `made_text`: the text beside it says the same, written by the calendar's program and not by a person.
    """

    told: str
    description: str
    made_text: bool


def read_invite(source: str) -> Invite | None:
    """What the first event of a calendar says; None for one without method or event, and for one nobody can read."""
    if len(source) > _LONGEST or "METHOD" not in source.upper():
        return None
    try:
        return _invite(Calendar.from_ical(_without_zones(source)))
    except Exception:  # a foreign library on hostile input; the file is there for whoever can read it
        return None


def _without_zones(source: str) -> str:
    """Without the rules of time zones: they are not needed, and can be made to take for ever."""
    kept: list[str] = []
    inside = False
    for line in source.splitlines():
        word = line.strip().upper()
        inside = inside or word == "BEGIN:VTIMEZONE"
        if not inside:
            kept.append(line)
        inside = inside and word != "END:VTIMEZONE"
    return "\r\n".join(kept)


def _invite(calendar: Calendar) -> Invite | None:
    method = clean_line(str(calendar.get("METHOD", ""))).upper()
    event = next(iter(calendar.walk("VEVENT")), None)
    if not method or not isinstance(event, Event):
        return None
    lines = [f"📅 **{_head(method, event)}: {_value(event, 'SUMMARY') or 'no title'}**"]
    for name, value in _facts(event, calendar.walk("VEVENT"), answers=method == "REPLY"):
        if value:
            lines.append(f"- {name}: {value}")
    return Invite(
        told="\n".join([*lines[:1], "", *lines[1:]]),
        description=_description(str(event.get("DESCRIPTION", ""))),
        made_text="Google" in str(calendar.get("PRODID", "")),
    )


def _description(source: str) -> str:
    """As Markdown; Google writes HTML into it, and rules of its own around the link to a video call."""
    text = to_markdown(source.replace("\n", "<br>"), _LONGEST) if _HTML.search(source) else clean(source)
    lines = [line for line in text.split("\n") if not _RULE.fullmatch(line.strip())]
    return "\n".join(lines).strip()[:_DESCRIPTION]


def _head(method: str, event: Event) -> str:
    if method == "REPLY":
        answer = next((_param(one, "PARTSTAT").upper() for one in _attendees(event)), "")
        return _ANSWERS.get(answer, "Answered")
    if method == "REQUEST" and str(event.get("STATUS", "")).upper() == "CANCELLED":
        return _HEADS["CANCEL"]
    if method == "REQUEST" and str(event.get("SEQUENCE", "0")) not in ("0", ""):
        return "Invitation changed"
    return _HEADS.get(method, "Event")


def _facts(event: Event, all_events: Sequence[object], *, answers: bool) -> Iterable[tuple[str, str]]:
    yield "When", _when(event)
    yield "Repeats", _repeats(event)
    once = _date(event, "RECURRENCE-ID")
    yield "Only this time", _moment(once) if once else ""
    yield "Where", _value(event, "LOCATION")
    yield "Organizer", "" if answers else _person(event.get("ORGANIZER"))
    if len(all_events) > 1:
        yield "More", f"{len(all_events) - 1} further in the file"


def _attendees(event: Event) -> list[object]:
    found = event.get("ATTENDEE", [])
    return found if isinstance(found, list) else [found]


def _value(event: Event, name: str) -> str:
    return _escaped(str(event.get(name, "")))


def _escaped(value: str) -> str:
    """One line, shown as it is wherever Markdown is understood."""
    return _MARKDOWN.sub(r"\\\1", clean_line(value, 300))


def _person(address: object) -> str:
    return _escaped(_param(address, "CN") or _MAILTO.sub("", str(address or ""), count=1))


def _when(event: Event) -> str:
    start, end = _date(event, "DTSTART"), _end(event)
    if start is None:
        return ""
    if not isinstance(start, datetime):
        last = end - timedelta(days=1) if end is not None else start  # the day after the last (RFC 5545, 3.6.1)
        return f"{_day(start)} – {_day(last)}" if last > start else f"{_day(start)}, all day"
    zone = _zone(event, start)
    if not isinstance(end, datetime) or end.replace(tzinfo=None) <= start.replace(tzinfo=None):
        return f"{_moment(start)}{zone}"
    if end.date() == start.date():
        return f"{_moment(start)}–{end:%H:%M}{zone}"
    return f"{_moment(start)} – {_moment(end)}{zone}"


def _end(event: Event) -> date | None:
    start, lasts = _date(event, "DTSTART"), getattr(event.get("DURATION"), "dt", None)
    if start is not None and isinstance(lasts, timedelta):
        return start + lasts
    return _date(event, "DTEND")


def _date(event: Event, name: str) -> date | None:
    """A day or a moment; None for anything else."""
    value = getattr(event.get(name), "dt", None)
    return value if isinstance(value, date) else None


def _zone(event: Event, start: datetime) -> str:
    """The zone's name: that of a city for one of Windows', nothing for a time that holds everywhere."""
    name = _param(event.get("DTSTART"), "TZID")
    if not name:
        return " UTC" if start.tzinfo is not None else ""
    return f" ({_escaped(WINDOWS_TO_OLSON.get(name, name))})"


def _param(value: object, name: str) -> str:
    return str(getattr(value, "params", {}).get(name, ""))


def _day(day: date) -> str:
    return f"{_DAYS[tuple(_DAYS)[day.weekday()]][:3]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _moment(moment: date) -> str:
    return f"{_day(moment)}, {moment:%H:%M}" if isinstance(moment, datetime) else _day(moment)


def _repeats(event: Event) -> str:
    """The rule of a series (RFC 5545, 3.3.10) in words; one beyond the usual words by how often it is alone."""
    rule = event.get("RRULE")
    if rule is None:
        return ""
    if not isinstance(rule, vRecur):
        return "by several rules"
    parts: Mapping[str, Sequence[object]] = dict(rule.items())
    unit = _UNITS.get(_first(parts, "FREQ"))
    if unit is None:
        return "often"
    every = _first(parts, "INTERVAL") or "1"
    said = f"every {unit}" if every == "1" else f"every {_escaped(every)} {unit}s"
    if set(parts) - _IN_WORDS:
        return f"{said}, by a rule of its own"
    said += _on(parts)
    if count := _first(parts, "COUNT"):
        said += f", {_escaped(count)} times"
    until = next(iter(parts.get("UNTIL", ())), None)
    return f"{said}, until {_day(until)}" if isinstance(until, date) else said


def _first(parts: Mapping[str, Sequence[object]], name: str) -> str:
    return str(next(iter(parts.get(name, ())), ""))


def _on(parts: Mapping[str, Sequence[object]]) -> str:
    days = [_weekday(found) for day in parts.get("BYDAY", ())[:14] if (found := _BY_DAY.fullmatch(str(day)))]
    days += [f"day {_escaped(str(day))}" for day in parts.get("BYMONTHDAY", ())[:14]]
    months = [_MONTHS[int(str(one)) - 1] for one in parts.get("BYMONTH", ())[:12] if str(one) in _MONTH_NUMBERS]
    return (f" on {_listed(days)}" if days else "") + (f" in {_listed(months)}" if months else "")


def _weekday(found: re.Match[str]) -> str:
    day = _DAYS[found[2]]
    if not found[1]:
        return day
    number = found[1].lstrip("+")
    return f"the {_ORDINALS.get(number, number)} {day}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
