"""The Date header: written exactly, read in every form that mail has seen."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBER = {name: number for number, name in enumerate(_MONTHS, 1)}
_USUAL = re.compile(
    r"(?:[A-Za-z]{3}, *)?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) "
    r"(?:([+-])(\d\d)(\d\d)|GMT|UTC?|Z)(?: .*)?"
)


def write_date(date: datetime) -> str:
    """RFC 5322, to the second, in the offset the value has. Independent of the process's locale."""
    offset = date.utcoffset()
    if offset is None:
        raise ValueError("a mail's date must be aware")
    minutes = int(offset.total_seconds() // 60)
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return (
        f"{_DAYS[date.weekday()]}, {date.day:02d} {_MONTHS[date.month - 1]} {date.year:04d} "
        f"{date.hour:02d}:{date.minute:02d}:{date.second:02d} {sign}{minutes // 60:02d}{minutes % 60:02d}"
    )


def read_date(value: str) -> datetime | None:
    """The aware date, or None when there is none to read or it lies outside 1970 to 2199 (some send 1904)."""
    if not value:
        return None
    try:
        date = _usual(value) or _unusual(value[:100])
        # In UTC the last hours of 9999 lie beyond what a datetime holds, so this may overflow, too.
        return date if date is not None and 1970 <= date.astimezone(UTC).year < 2200 else None
    except (ValueError, OverflowError, TypeError, IndexError, AttributeError):
        return None


def _usual(value: str) -> datetime | None:
    found = _USUAL.fullmatch(value)
    if not found or found[2] not in _NUMBER:
        return None
    zone = UTC
    if found[7]:
        offset = timedelta(hours=int(found[8]), minutes=int(found[9]))
        zone = timezone(offset if found[7] == "+" else -offset)
    hour, minute, second = int(found[4]), int(found[5]), min(int(found[6]), 59)
    return datetime(int(found[3]), _NUMBER[found[2]], int(found[1]), hour, minute, second, tzinfo=zone)


def _unusual(value: str) -> datetime | None:
    parts = parsedate_tz(value)
    if parts is None:
        return None
    year, month, day, hour, minute, second = parts[:6]
    zone = timezone(timedelta(seconds=parts[9] or 0))
    return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)
