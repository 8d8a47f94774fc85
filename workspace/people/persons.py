"""Verbs on people of an organization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from workspace.events import log
from workspace.events.refusal import Conflict, Invalid
from workspace.people import names, shapes
from workspace.people.kinds import AccessChanged, MeChanged, PersonLeft, PersonTold
from workspace.people.models import Organization, Person, Role
from workspace.people.shapes import PersonShape

RESERVED_HANDLES = {"channel", "here", "all", "everyone", "roost"}
SETTINGS_LIMIT = 8_000

Telling = Callable[[Person, PersonShape, Person | None], list[log.Draft]]
_also_told: list[Telling] = []


def tell_also(telling: Telling) -> None:
    """A room above says here where else it is told that a person changed: (person, how they were before, by whom).

    Its events go into the same append, so that the verb stays one.
    """
    _also_told.append(telling)


@transaction.atomic
def add(*, org: Organization, email: str, name: str = "", role: str = Role.MEMBER, by: Person | None = None) -> Person:
    """Add somebody; somebody who left comes back as the same person.

    Raises `Invalid` for a bad address, name or role, `Conflict` when the address is in the organization already.
    """
    if role not in Role.values or role == Role.OWNER:
        raise Invalid("The role is one of admin, member, guest.", fields={"role": "unknown"})
    address = names.clean_email(email)
    former = _locked().filter(org=org, email=address, active=False).first()
    if former is None:
        person = insert_person(org, email=email, name=name, role=role)
        joined: PersonTold = {"person": shapes.person(person)}
        log.append(log.Draft(org.stream, "member.joined", joined, by.id if by else person.id))
        return person
    before = shapes.person(former)
    former.active, former.role = True, role
    if name:
        former.name = names.clean_name(name)
    former.save(update_fields=["active", "role", "name"])
    log.append(*_told_of(former, before, by or former))
    return former


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
    person = _locked().get(id=person.id)
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
    log.append(*_told_of(person, before, by))
    return person


def _told_of(person: Person, before: PersonShape, by: Person | None) -> list[log.Draft]:
    actor = by.id if by else None
    drafts = _org_told(person, before, actor)
    for telling in _also_told:
        drafts += telling(person, before, by)
    me: MeChanged = {"person": shapes.person(person), "settings": person.settings}
    drafts.append(log.Draft(person.stream, "me.changed", me, actor))
    if before["active"] and not person.active:
        drafts.append(log.Draft(person.stream, "access.ended", {}, actor))
    elif before["role"] != person.role:
        role: AccessChanged = {"role": person.role}
        drafts.append(log.Draft(person.stream, "access.changed", role, actor))
    return drafts


def _org_told(person: Person, before: PersonShape, actor: str | None) -> list[log.Draft]:
    shape = shapes.person(person)
    if person.active and not before["active"]:
        joined: PersonTold = {"person": shape}
        return [log.Draft(person.org.stream, "member.joined", joined, actor)]
    drafts = []
    if changed_beside_active(before, shape):
        changed: PersonTold = {"person": {**shape, "active": before["active"]}}
        drafts.append(log.Draft(person.org.stream, "member.changed", changed, actor))
    if before["active"] and not person.active:
        left: PersonLeft = {"person": person.id}
        drafts.append(log.Draft(person.org.stream, "member.left", left, actor))
    return drafts


def changed_beside_active(before: PersonShape, now: PersonShape) -> bool:
    """Whether something else changed than whether the person is active."""
    return {**before, "active": now["active"]} != now


def _keep_an_owner(org: Organization) -> None:
    # The organization's row serialises this: two owners can't step down at the same moment.
    Organization.objects.select_for_update(no_key=True).get(id=org.id)
    if not Person.objects.filter(org=org, role=Role.OWNER, active=True).exists():
        raise Conflict("An organization needs an owner.", fields={"role": "last owner"})


@transaction.atomic
def change_settings(*, person: Person, settings: dict[str, Any]) -> Person:
    """Merge a person's own settings (a flat object; null removes a key). Raises `Invalid` when they grow too large."""
    person = _locked().get(id=person.id)
    merged = {key: value for key, value in {**person.settings, **settings}.items() if value is not None}
    if len(repr(merged)) > SETTINGS_LIMIT:
        raise Invalid("These settings are too large.", fields={"settings": "too large"})
    person.settings = merged
    person.save(update_fields=["settings"])
    payload: MeChanged = {"person": shapes.person(person), "settings": merged}
    log.append(log.Draft(person.stream, "me.changed", payload, person.id))
    return person


def _locked() -> QuerySet[Person]:
    # no_key: whoever holds a stream may have to check a foreign key to this row, and we want the streams after it.
    return Person.objects.select_related("org").select_for_update(of=("self",), no_key=True)
