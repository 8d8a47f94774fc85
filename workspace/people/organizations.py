"""Verbs on organizations."""

from __future__ import annotations

from django.db import transaction

from workspace.events import log
from workspace.events.refusal import Invalid
from workspace.people import names, shapes
from workspace.people.kinds import OrgChanged, OrgCreated, PersonTold
from workspace.people.models import Inviters, Organization, Person, Role
from workspace.people.persons import insert_person


@transaction.atomic
def create(*, name: str, owner_email: str, owner_name: str = "") -> tuple[Organization, Person]:
    """Make an organization and its owner.

    Raises `Invalid` for an empty or over-long name, and what `persons.add` raises for the owner.
    """
    name = names.clean_name(name, field="organization")
    organization = Organization.objects.create(name=name, slug=_free_slug(name))
    log.open_stream(organization.stream, organization.id)
    owner = insert_person(organization, email=owner_email, name=owner_name, role=Role.OWNER)
    created: OrgCreated = {"org": shapes.org(organization)}
    joined: PersonTold = {"person": shapes.person(owner)}
    log.append(
        log.Draft(organization.stream, "org.created", created, owner.id),
        log.Draft(organization.stream, "member.joined", joined, owner.id),
    )
    return organization, owner


@transaction.atomic
def change(*, org: Organization, by: Person, guest_invites: str) -> Organization:
    """Say who may invite guests. Raises `Invalid` for what is not one of `Inviters`."""
    if guest_invites not in Inviters.values:
        raise Invalid(f"Choose one of {', '.join(Inviters.values)}.", fields={"guest_invites": "unknown"})
    org = Organization.objects.select_for_update(no_key=True).get(id=org.id)
    if org.guest_invites != guest_invites:
        org.settings = {**org.settings, "guest_invites": guest_invites}
        org.save(update_fields=["settings"])
        changed: OrgChanged = {"org": shapes.org(org)}
        log.append(log.Draft(org.stream, "org.changed", changed, by.id))
    return org


def find(key: str) -> Organization | None:
    """The organization with this slug or id."""
    return Organization.objects.filter(slug=key).first() or Organization.objects.filter(id=key).first()


def _free_slug(name: str) -> str:
    base = names.slug(name, limit=32) or "org"
    taken = set(Organization.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    for slug in names.numbered(base):
        if slug not in taken:
            return slug
    raise Invalid("No free short name for this organization.", fields={"organization": "taken"})
