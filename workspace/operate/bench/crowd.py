"""People and channels by the thousand, written straight into the tables: making them is not what is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from channels_app.chat import channels
from channels_app.chat.models import Channel, Membership
from workspace.events.models import Stream
from workspace.people import organizations
from workspace.people.models import Organization, Person, Role
from workspace.signin.models import Token
from workspace.signin.secret import digest, new_secret

AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody, with what signs them in."""

    person: Person
    token: str


@dataclass(frozen=True, slots=True)
class Crowd:
    """An organization, the people measured in it, and the channels all of them are in."""

    org: Organization
    owner: Person
    members: Sequence[Member]
    channels: Sequence[Channel]


def gather(name: str, people: int, channel_count: int) -> Crowd:
    """Make an organization whose people are in all of its channels."""
    org, owner = organizations.create(name=name, owner_email=f"owner@{name}.test", owner_name="Owner")
    members = _people(org, people)
    made = [channels.create(person=owner, name=f"channel-{n}", kind="public") for n in range(channel_count)]
    places = [Membership(channel=channel, person=one.person) for channel in made for one in members]
    Membership.objects.bulk_create(places, AT_ONCE)
    return Crowd(org, owner, members, made)


def _people(org: Organization, count: int) -> list[Member]:
    handles = [f"person-{n}" for n in range(count)]
    made = [
        Person(org=org, email=f"{handle}@{org.slug}.test", name=handle, handle=handle, role=Role.MEMBER)
        for handle in handles
    ]
    Person.objects.bulk_create(made, AT_ONCE)
    Stream.objects.bulk_create([Stream(key=person.stream, org=org.id) for person in made], AT_ONCE)
    members = [Member(person, new_secret()) for person in made]
    Token.objects.bulk_create([Token(digest=digest(m.token), person=m.person, name="bench") for m in members], AT_ONCE)
    return members
