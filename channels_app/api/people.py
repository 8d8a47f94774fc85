"""Endpoints on oneself and the people of the organization."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.middleware.csrf import get_token
from ninja import Router
from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from channels_app.api.door import LIMIT_DEFAULT, Items, Request, after, answer, nothing, page
from channels_app.api.params import Cursor, IdPath, Limit, Name, SlugOrId
from channels_app.chat import access
from channels_app.chat.forms import Flag, Form
from workspace.events.log import stamp
from workspace.events.refusal import Invalid
from workspace.people import access as people_access
from workspace.people import organizations, persons, shapes
from workspace.people.models import Person, Role
from workspace.people.shapes import OrgShape, PersonShape
from workspace.signin import app_passwords, links, passwords, sessions
from workspace.signin.models import AppPassword, Link

router = Router(tags=["people"])
MOST_APP_PASSWORDS = 50


class MembershipShape(TypedDict):
    org: OrgShape
    person: PersonShape


class LimitsShape(TypedDict):
    text: int
    upload: int


class MeShape(TypedDict):
    person: PersonShape
    org: OrgShape
    settings: dict[str, Any]
    memberships: list[MembershipShape]
    csrf: str
    limits: LimitsShape


class ImapShape(TypedDict):
    host: str
    port: int
    security: str


class AppPasswordShape(TypedDict):
    id: str
    name: str
    created_at: str


class LoginShape(TypedDict):
    id: str
    name: str
    username: str
    password: str
    imap: ImapShape


class InvitedShape(TypedDict):
    person: PersonShape
    link: str


class PasswordForm(Form):
    old: Annotated[str, Field(max_length=1000)]
    new: Annotated[str, Field(max_length=1000)]


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    for name, value in settings.items():
        if "\0" in name or not isinstance(value, str | int | float | None) or "\0" in str(value):
            raise ValueError("a setting is a text, a number, true, false or null, without NUL characters")
    return settings


class MeForm(Form):
    name: Name | None = None
    settings: Annotated[dict[str, Any], AfterValidator(_flat)] | None = None
    password: PasswordForm | None = None


class NameForm(Form):
    name: Name


class OrgForm(Form):
    guest_invites: Literal["members", "admins"]


class InviteForm(Form):
    email: Annotated[str, Field(max_length=320)]
    name: Annotated[str, Field(max_length=1000)] = ""
    role: Literal["admin", "member", "guest"] = "member"


class PersonForm(Form):
    name: Name | None = None
    role: Literal["owner", "admin", "member", "guest"] | None = None
    active: Flag | None = None


def imap() -> ImapShape:
    """Where people's mail programs connect to."""
    return {
        "host": settings.IMAP_PUBLIC_HOST,
        "port": settings.IMAP_PUBLIC_PORT,
        "security": settings.IMAP_PUBLIC_SECURITY,
    }


def me(request: Request, person: Person) -> MeShape:
    return {
        "person": shapes.person(person),
        "org": shapes.org(person.org),
        "settings": person.settings,
        "memberships": [{"org": shapes.org(person.org), "person": shapes.person(person)}],
        "csrf": get_token(request),
        "limits": {"text": settings.TEXT_LIMIT, "upload": settings.UPLOAD_LIMIT},
    }


@router.get("/me", response=MeShape)
def get_me(request: Request) -> HttpResponse:
    return answer(me(request, request.auth))


@router.patch("/me", response=MeShape)
def change_me(request: Request, form: MeForm) -> HttpResponse:
    with transaction.atomic():
        return answer(me(request, _changed(request, form)))


def _changed(request: Request, form: MeForm) -> Person:
    person = request.auth
    if form.name is not None:
        person = persons.change(person=person, by=person, name=form.name)
    if form.settings is not None:
        person = persons.change_settings(person=person, settings=form.settings)
    if form.password is not None:
        account = passwords.change_password(person=person, old=form.password.old, new=form.password.new)
        if sessions.person_of_session(request):
            sessions.sign_in(request, account)  # other sessions end, this one goes on
    return person


@router.get("/me/app-passwords", response=Items[AppPasswordShape])
def list_app_passwords(request: Request) -> HttpResponse:
    rows = AppPassword.objects.filter(person=request.auth).order_by("created_at")[:MOST_APP_PASSWORDS]
    items = [{"id": row.id, "name": row.name, "created_at": stamp(row.created_at)} for row in rows]
    return answer({"items": items, "next": None})


@router.post("/me/app-passwords", response={201: LoginShape})
def create_app_password(request: Request, form: NameForm) -> HttpResponse:
    if AppPassword.objects.filter(person=request.auth).count() >= MOST_APP_PASSWORDS:
        raise Invalid(f"At most {MOST_APP_PASSWORDS} app passwords; delete one first.")
    login = app_passwords.create(person=request.auth, name=form.name)
    shown = {"id": login.id, "name": login.name, "username": login.username, "password": login.password}
    return answer({**shown, "imap": imap()}, 201)


@router.delete("/me/app-passwords/{id}", response={204: None})
def delete_app_password(request: Request, id: IdPath) -> HttpResponse:
    app_passwords.delete(person=request.auth, id=id)
    return nothing()


@router.patch("/orgs/{org}", response=OrgShape)
def change_organization(request: Request, org: SlugOrId, form: OrgForm) -> HttpResponse:
    found = people_access.organization(request.auth, org)
    access.require(request.auth, "org.change")
    changed = organizations.change(org=found, by=request.auth, guest_invites=form.guest_invites)
    return answer(shapes.org(changed))


@router.get("/orgs/{org}/members", response=Items[PersonShape])
def list_people(request: Request, org: SlugOrId, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None) -> HttpResponse:
    found = people_access.organization(request.auth, org)
    access.require(request.auth, "people.list")
    rows = Person.objects.filter(org=found, id__gt=after(cursor)).order_by("id")[: limit + 1]
    shown, following = page(list(rows), limit, lambda person: person.id)
    return answer({"items": [shapes.person(row) for row in shown], "next": following})


@router.post("/orgs/{org}/invitations", response={201: InvitedShape})
def invite(request: Request, org: SlugOrId, form: InviteForm) -> HttpResponse:
    found = people_access.organization(request.auth, org)
    access.require(request.auth, "people.invite")
    with transaction.atomic():
        person = persons.add(org=found, email=form.email, name=form.name, role=form.role, by=request.auth)
        transaction.on_commit(lambda: app_passwords.publish(person))  # those of somebody who comes back hold again
        secret = links.create(Link.Kind.JOIN, person)
    return answer({"person": shapes.person(person), "link": f"{settings.ROOST_URL}/join/{secret}"}, 201)


@router.patch("/orgs/{org}/members/{id}", response=PersonShape)
def change_person(request: Request, org: SlugOrId, id: IdPath, form: PersonForm) -> HttpResponse:
    person = _managed(request, org, id, owner=form.role == "owner")
    return answer(shapes.person(_change(request, person, name=form.name, role=form.role, active=form.active)))


@router.delete("/orgs/{org}/members/{id}", response={204: None})
def remove_person(request: Request, org: SlugOrId, id: IdPath) -> HttpResponse:
    person = _managed(request, org, id, owner=False)
    _change(request, person, active=False)
    return nothing()


def _change(request: Request, person: Person, **changes: Any) -> Person:
    """Change somebody; their app passwords hold at the mail server just as long as they are active."""
    with transaction.atomic():
        if changes.get("active") is not None:
            transaction.on_commit(lambda: app_passwords.publish(person))
        return persons.change(person=person, by=request.auth, **changes)


def _managed(request: Request, org: str, id: str, *, owner: bool) -> Person:
    """Somebody whom the caller may change: only owners change owners, or make one."""
    people_access.organization(request.auth, org)
    access.require(request.auth, "people.change")
    person = people_access.colleague(request.auth, id)
    if owner or person.role == Role.OWNER:
        access.require(request.auth, "people.owner")
    return person
