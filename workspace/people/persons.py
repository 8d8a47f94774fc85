"""Verbs on people of an organization."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from workspace.events import log
from workspace.events.refusal import Conflict, Invalid
from workspace.people import names, shapes
from workspace.people.models import Organization, Person, Role

RESERVED_HANDLES = {"channel", "here", "all", "everyone", "roost"}
SETTINGS_LIMIT = 8_000


@transaction.atomic
def add(*, org: Organization, email: str, name: str = "", role: str = Role.MEMBER, by: Person | None = None) -> Person:
    """Add somebody; somebody who left comes back as the same person.

    Raises `Invalid` for a bad address, name or role, `Conflict` when the address is in the organization already.
    """
    if role not in Role.values or role == Role.OWNER:
        raise Invalid("The role is one of admin, member, guest.", fields={"role": "unknown"})
    former = Person.objects.select_for_update().filter(org=org, email=names.clean_email(email), active=False).first()
    if former is None:
        person = insert_person(org, email=email, name=name, role=role)
    else:
        person = former
        person.active, person.role = True, role
        if name:
            person.name = names.clean_name(name)
        person.save(update_fields=["active", "role", "name"])
    log.append(log.Draft(org.stream, "member.joined", {"person": shapes.person(person)}, by.id if by else person.id))
    return person


def insert_person(org: Organization, *, email: str, name: str, role: str) -> Person:
    """The rows of a new person, without the event (its caller writes that)."""
    email = names.clean_email(email)
    name = names.clean_name(name or email.partition("@")[0].replace(".", " ").title())
    try:
        with transaction.atomic():
            person = Person.objects.create(
                org=org, email=email, name=name, role=role, handle=_free_handle(org, email.partition("@")[0])
            )
    except IntegrityError as error:
        raise Conflict("Somebody with this address is here already.", fields={"email": "taken"}) from error
    log.open_stream(person.stream, org.id)
    return person


def _free_handle(org: Organization, wanted: str) -> str:
    base = names.handle(wanted)
    taken = set(Person.objects.filter(org=org, handle__startswith=base).values_list("handle", flat=True))
    return next(handle for handle in names.numbered(base) if handle not in taken | RESERVED_HANDLES)


@transaction.atomic
def change(
    *, person: Person, by: Person | None, name: str | None = None, role: str | None = None, active: bool | None = None
) -> Person:
    """Change a person's name, role or whether they are active.

    Raises `Invalid` for a bad value and `Conflict` when the organization would be without an owner.
    """
    person = Person.objects.select_for_update().select_related("org").get(id=person.id)
    before = shapes.person(person)
    if name is not None:
        person.name = names.clean_name(name)
    if role is not None:
        if role not in Role.values:
            raise Invalid("The role is one of owner, admin, member, guest.", fields={"role": "unknown"})
        person.role = role
    if active is not None:
        person.active = active
    if before == shapes.person(person):
        return person
    person.save(update_fields=["name", "role", "active"])
    _keep_an_owner(person.org)
    actor = by.id if by else None
    drafts = [log.Draft(person.org.stream, _kind(before["active"], person), _payload(person), actor)]
    if before["active"] and not person.active:
        drafts.append(log.Draft(person.stream, "access.ended", {}, actor))
    elif before["role"] != person.role:
        drafts.append(log.Draft(person.stream, "access.changed", {"role": person.role}, actor))
    log.append(*drafts)
    return person


def _kind(was_active: bool, person: Person) -> str:
    if was_active == person.active:
        return "member.changed"
    return "member.joined" if person.active else "member.left"


def _payload(person: Person) -> dict[str, Any]:
    return {"person": shapes.person(person)} if person.active else {"person": person.id}


def _keep_an_owner(org: Organization) -> None:
    # The organization's row serialises this: two owners can't step down at the same moment.
    Organization.objects.select_for_update().get(id=org.id)
    if not Person.objects.filter(org=org, role=Role.OWNER, active=True).exists():
        raise Conflict("An organization needs an owner.", fields={"role": "last owner"})


@transaction.atomic
def change_settings(*, person: Person, settings: dict[str, Any]) -> Person:
    """Merge a person's own settings (a flat object; null removes a key). Raises `Invalid` when they grow too large."""
    person = Person.objects.select_for_update().get(id=person.id)
    merged = {key: value for key, value in {**person.settings, **settings}.items() if value is not None}
    if len(repr(merged)) > SETTINGS_LIMIT:
        raise Invalid("These settings are too large.", fields={"settings": "too large"})
    person.settings = merged
    person.save(update_fields=["settings"])
    payload = {"person": shapes.person(person), "settings": merged}
    log.append(log.Draft(person.stream, "me.changed", payload, person.id))
    return person
