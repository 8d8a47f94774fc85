"""Who a text mentions: `@handle`, `@Name`, `@"Full Name"`, `@channel`, `@here`, among the people of the channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Lower

from channels_app.chat.markdown import MENTION, Mentioned, mention_key
from workspace.people.models import Person

EVERYBODY = {"channel": "channel", "all": "channel", "everyone": "channel", "here": "here"}
MOST = 200


@dataclass(frozen=True, slots=True)
class Found:
    """What a text mentions: for the renderer, the people's ids in order, and `channel`, `here` or None."""

    known: dict[str, Mentioned]
    people: Sequence[str] = ()
    everybody: str | None = None


NOTHING = Found({})


def find(text: str, channel_id: str) -> Found:
    """Resolve a text's mentions (no query when it has no @, one otherwise)."""
    if "@" not in text:
        return NOTHING
    keys = list(dict.fromkeys(mention_key(match) for match in MENTION.finditer(text)))[:MOST]
    if not keys:
        return NOTHING
    known = {key: Mentioned(None, EVERYBODY[trimmed]) for key in keys if (trimmed := key.rstrip(".-")) in EVERYBODY}
    wanted = {form for key in keys for form in (key, key.rstrip(".-"))} - set(EVERYBODY)
    people = _people(wanted, channel_id)
    found = {**people, **{key.rstrip(".-"): who for key, who in known.items()}}
    ids = [found[form].id for key in keys for form in (key, key.rstrip(".-")) if form in found]
    everybody = [who.name for who in known.values()]
    return Found(
        found,
        list(dict.fromkeys(id for id in ids if id)),
        "channel" if "channel" in everybody else "here" if everybody else None,
    )


def _people(forms: set[str], channel_id: str) -> dict[str, Mentioned]:
    if not forms:
        return {}
    members = Person.objects.active().filter(memberships__channel=channel_id).annotate(lower_name=Lower("name"))
    rows = members.filter(Q(handle__in=forms) | Q(lower_name__in=forms)).order_by("-id")[: MOST * 2]
    found: dict[str, Mentioned] = {}
    for person in rows:  # a handle wins over a name, the elder of two namesakes over the younger
        found[person.name.lower()] = Mentioned(person.id, person.name)
    for person in rows:
        found[person.handle] = Mentioned(person.id, person.name)
    return {form: who for form, who in found.items() if form in forms}
