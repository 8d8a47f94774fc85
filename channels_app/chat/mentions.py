"""Who a text mentions: `@handle`, `@Name`, `@"Full Name"`, `@channel`, `@here`, among the people of the channel."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from channels_app.chat.markdown import MENTION, Mentioned, mention_key
from workspace.events import statement

EVERYBODY = {"channel": "channel", "all": "channel", "everyone": "channel", "here": "here"}
MOST = 200


@dataclass(frozen=True, slots=True)
class Found:
    """What a text mentions: for the renderer, the people's ids in order, and `channel`, `here` or None."""

    known: dict[str, Mentioned]
    people: Sequence[str] = ()
    everybody: str | None = None


NOTHING = Found({})


def find(text: str, channel: str) -> Found:
    """Resolve a text's mentions (no query when it names nobody, one otherwise)."""
    return find_all([(text, channel)])[0]


def find_all(texts: Sequence[tuple[str, str]]) -> list[Found]:
    """Resolve the mentions of texts in their channels (ids): one query for all, none when they name nobody."""
    keys = [_keys(text) for text, _ in texts]
    people = _people({(channel, form) for (_, channel), of in zip(texts, keys, strict=True) for form in _forms(of)})
    return [_found(of, channel, people) for (_, channel), of in zip(texts, keys, strict=True)]


def _keys(text: str) -> list[str]:
    if "@" not in text:
        return []
    return list(dict.fromkeys(mention_key(match) for match in MENTION.finditer(text)))[:MOST]


def _forms(keys: Sequence[str]) -> list[str]:
    """How the people may be called: as it stands, or without what ends a sentence."""
    forms = dict.fromkeys(form for key in keys for form in (key, key.rstrip(".-")))
    return [form for form in forms if form not in EVERYBODY]


def _found(keys: Sequence[str], channel: str, people: Mapping[tuple[str, str], Mentioned]) -> Found:
    if not keys:
        return NOTHING
    trimmed = [key.rstrip(".-") for key in keys]
    everybody = {form: Mentioned(None, EVERYBODY[form]) for form in trimmed if form in EVERYBODY}
    named = {form: people[channel, form] for form in _forms(keys) if (channel, form) in people}
    kinds = {who.name for who in everybody.values()}
    return Found(
        {**named, **everybody},
        list(dict.fromkeys(who.id for who in named.values() if who.id)),
        "channel" if "channel" in kinds else "here" if kinds else None,
    )


# A handle wins over a name, the elder of two namesakes over the younger.
_PEOPLE = """
SELECT DISTINCT ON (asked.channel, asked.form) asked.channel, asked.form, p.id, p.name
FROM unnest(%s::text[], %s::text[]) AS asked(channel, form)
JOIN chat_membership m ON m.channel_id = asked.channel
JOIN people_person p ON p.id = m.person_id AND p.active AND (p.handle = asked.form OR lower(p.name) = asked.form)
ORDER BY asked.channel, asked.form, p.handle = asked.form DESC, p.id
"""


def _people(asked: Collection[tuple[str, str]]) -> dict[tuple[str, str], Mentioned]:
    """Who in a channel is called so, by channel and form."""
    if not asked:
        return {}
    rows = statement.run(_PEOPLE, [[channel for channel, _ in asked], [form for _, form in asked]])
    return {(channel, form): Mentioned(id, name) for channel, form, id, name in rows}
