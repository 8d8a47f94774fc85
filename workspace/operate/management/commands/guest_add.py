"""Bring somebody into a channel who takes part by mail alone (api.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import Q

from channels_app.chat import guests
from channels_app.chat.models import Channel, Membership
from channels_app.guests import addresses
from workspace.operate.management import output
from workspace.people import shapes
from workspace.people.models import Organization, Person, Role


class Command(output.AnswerCommand):
    help = "Bring somebody into a channel who takes part by mail alone."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("org", help="slug or id")
        parser.add_argument("channel", help="name or id")
        parser.add_argument("email")
        parser.add_argument("--name", default="")

    def answer(self, **options: Any) -> Mapping[str, Any]:
        org = output.organization(options["org"])
        channel = _channel(org, options["channel"])
        seat = guests.invite(person=_sponsor(channel), channel=channel.id, email=options["email"], name=options["name"])
        guest = seat.membership.person
        return {"guest": shapes.person(guest), "address": addresses.reply_to(channel, guest.id)}


def _channel(org: Organization, key: str) -> Channel:
    rows = Channel.objects.select_related("org").filter(org=org, deleted_at=None)
    found = rows.filter(Q(id=key) | Q(name=key.removeprefix("#").lower())).first()
    if found is None:
        raise CommandError(f"There is no channel {key!r} in {org.slug}.")
    return found


def _sponsor(channel: Channel) -> Person:
    """Who vouches for a guest that nobody on the page invited: an admin of the channel, else an owner."""
    inside = Membership.objects.select_related("person__org").filter(channel=channel, person__active=True)
    admin = inside.filter(role=Membership.Role.ADMIN).order_by("joined_at").first()
    if admin is not None:
        return admin.person
    owners = Person.objects.active().select_related("org").filter(org=channel.org, role=Role.OWNER)
    return owners.earliest("created_at")
