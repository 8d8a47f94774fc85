"""Endpoints without a session: first set-up, sign-in, invitations."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from ninja import Path, Router
from pydantic import Field
from typing_extensions import TypedDict

from channels_app.api.door import answer, nothing
from channels_app.api.params import NO_NUL, Name
from channels_app.api.people import MembershipShape
from channels_app.chat.forms import Form
from workspace.events.refusal import NotSignedIn
from workspace.people import shapes
from workspace.people.models import Person
from workspace.people.shapes import OrgShape
from workspace.signin import links, passwords, sessions, setup, throttle
from workspace.signin.models import Account, Link

router = Router(tags=["sign-in"])
Password = Annotated[str, Field(max_length=1000)]
Email = Annotated[str, Field(max_length=320, pattern=NO_NUL)]
Secret = Annotated[str, Field(max_length=200)]


class SetupState(TypedDict):
    needed: bool


class SessionState(TypedDict):
    signed_in: bool
    csrf: str


class ChooseShape(TypedDict):
    choose: list[OrgShape]


class InvitationShape(TypedDict):
    org: OrgShape
    email: str
    name: str


class SetupForm(Form):
    token: Secret
    organization: Name
    name: Name
    email: Email
    password: Password


class SessionForm(Form):
    email: Email
    password: Password
    org: Annotated[str, Field(max_length=40)] | None = None


class JoinForm(Form):
    token: Secret
    name: Annotated[str, Field(max_length=1000)] = ""
    password: Password


@router.get("/setup", response=SetupState)
def get_setup(request: HttpRequest) -> HttpResponse:
    return answer({"needed": setup.needed()})


@router.post("/setup", response=MembershipShape)
def run_setup(request: HttpRequest, form: SetupForm) -> HttpResponse:
    owner = setup.run(
        secret=form.token,
        organization=form.organization,
        name=form.name,
        email=form.email,
        password=form.password,
    )
    return _signed_in(request, Account.objects.select_related("person__org").get(person=owner))


@router.get("/session", response=SessionState)
def get_session(request: HttpRequest) -> HttpResponse:
    return answer({"signed_in": sessions.person_of_session(request) is not None, "csrf": get_token(request)})


@router.post("/session", response={200: MembershipShape, 300: ChooseShape})
def create_session(request: HttpRequest, form: SessionForm) -> HttpResponse:
    keys = (f"email:{form.email.lower()}", f"ip:{request.META.get('REMOTE_ADDR', '')}")
    throttle.check(*keys)
    try:
        accounts = passwords.check(email=form.email, password=form.password, org=form.org or "")
    except passwords.BadCredentials:
        throttle.failed(*keys)
        raise
    if len(accounts) > 1:
        return answer({"choose": [shapes.org(account.person.org) for account in accounts]}, 300)
    return _signed_in(request, accounts[0])


@router.delete("/session", response={204: None})
def end_session(request: HttpRequest) -> HttpResponse:
    if sessions.person_of_session(request) is None:
        raise NotSignedIn()
    sessions.sign_out(request)
    return nothing()


@router.get("/join/{token}", response=InvitationShape)
def get_invitation(request: HttpRequest, token: Annotated[str, Path(max_length=200)]) -> HttpResponse:
    person = links.look(Link.Kind.JOIN, token).person
    assert person is not None
    return answer({"org": shapes.org(person.org), "email": person.email, "name": person.name})


@router.post("/join", response=MembershipShape)
def join(request: HttpRequest, form: JoinForm) -> HttpResponse:
    person = setup.join(secret=form.token, name=form.name, password=form.password)
    return _signed_in(request, Account.objects.select_related("person__org").get(person=person))


def _signed_in(request: HttpRequest, account: Account) -> HttpResponse:
    sessions.sign_in(request, account)
    person: Person = account.person
    return answer({"org": shapes.org(person.org), "person": shapes.person(person)})
