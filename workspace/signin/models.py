"""What proves who somebody is. Secrets are kept as hashes only."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone

from workspace.events.ids import new_id
from workspace.people.models import Person


class AccountManager(BaseUserManager["Account"]):
    pass


class Account(AbstractBaseUser):
    """The sign-in of one person in one organization.

    Not one an address: an admin elsewhere on the server could otherwise make an account for somebody's address first.
    """

    person = models.OneToOneField(Person, primary_key=True, on_delete=models.CASCADE, related_name="account")

    objects = AccountManager()

    USERNAME_FIELD = "person"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return str(self.person_id)

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        return self.person.active


class Token(models.Model):
    """A bearer token for programs; `digest` is the SHA-256 of the token in hex."""

    digest = models.CharField(primary_key=True, max_length=64)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.name} of {self.person_id}"


class AppPassword(models.Model):
    """A password for one mail program. `scheme_hash` is in Dovecot's form, `{SSHA512}…`."""

    id = models.CharField(primary_key=True, max_length=16, default=new_id, db_collation="C")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="app_passwords")
    name = models.CharField(max_length=100)
    username = models.CharField(max_length=200, unique=True)
    scheme_hash = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.username


class Link(models.Model):
    """A link that works once: the first set-up, an invitation. `digest` is the SHA-256 of its secret in hex."""

    class Kind(models.TextChoices):
        SETUP = "setup"
        JOIN = "join"

    digest = models.CharField(primary_key=True, max_length=64)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="links")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.kind
