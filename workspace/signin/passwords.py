"""Signing in with address and password."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from workspace.events import log
from workspace.events.refusal import Invalid, Refusal
from workspace.people.models import Person
from workspace.signin.models import Account

MOST_ORGANIZATIONS = 8
PASSWORD_LIMIT = 1_000


class BadCredentials(Refusal):
    status = 401
    code = "bad_credentials"
    message = "Address and password don't match."


@transaction.atomic
def set_password(*, person: Person, password: str) -> Account:
    """Give a person a (new) password, which ends the sessions of the old one. Raises `Invalid` when it is too weak."""
    account, fresh = Account.objects.get_or_create(person=person)
    if len(password) > PASSWORD_LIMIT:
        raise Invalid("This password is too long.", fields={"password": "too long"})
    try:
        validate_password(password)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), fields={"password": "weak"}) from error
    account.set_password(password)
    account.save(update_fields=["password"])
    if not fresh:
        log.append(log.Draft(person.stream, "session.ended", {}, person.id))
    return account


def change_password(*, person: Person, old: str, new: str) -> Account:
    """Replace one's own password. Raises `BadCredentials` when the old one is wrong."""
    account = Account.objects.filter(person=person).first()
    if account is None or not account.check_password(old):
        raise BadCredentials("The old password is wrong.")
    return set_password(person=person, password=new)


def check(*, email: str, password: str, org: str = "") -> list[Account]:
    """The accounts this address and password open, of all organizations or of one (slug or id).

    Raises `BadCredentials` when there is none; takes as long whether or not the address exists.
    """
    accounts = Account.objects.select_related("person__org").filter(
        person__email=email.strip().lower(), person__active=True
    )
    candidates = [a for a in accounts[:MOST_ORGANIZATIONS] if org in ("", a.person.org_id, a.person.org.slug)]
    if not candidates:
        make_password(password[:PASSWORD_LIMIT])
    opened = [account for account in candidates if account.check_password(password[:PASSWORD_LIMIT])]
    if not opened:
        raise BadCredentials()
    return opened
