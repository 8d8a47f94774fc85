"""Organizations and people as tables."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from workspace.events.ids import new_id


class Role(models.TextChoices):
    """A person's role in the organization, the mightiest first."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    GUEST = "guest"


class Inviters(models.TextChoices):
    """Who may invite guests."""

    MEMBERS = "members"
    ADMINS = "admins"


class Organization(models.Model):
    """A world of its own: nothing in it is visible from another one."""

    id = models.CharField(primary_key=True, max_length=16, default=new_id, db_collation="C")
    slug = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    settings = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.slug

    @property
    def stream(self) -> str:
        return f"org:{self.id}"

    @property
    def guest_invites(self) -> str:
        """Who may invite guests, one of `Inviters`."""
        return str(self.settings.get("guest_invites", Inviters.MEMBERS))


class PersonQuerySet(models.QuerySet["Person"]):
    def active(self) -> PersonQuerySet:
        return self.filter(active=True)


class Person(models.Model):
    """Somebody in one organization; the same mail address elsewhere is another person."""

    id = models.CharField(primary_key=True, max_length=16, default=new_id, db_collation="C")
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="people")
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=100)
    handle = models.CharField(max_length=40)
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.MEMBER)
    active = models.BooleanField(default=True)
    settings = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = PersonQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("org", Lower("email"), name="one_person_an_address"),
            models.UniqueConstraint("org", "handle", name="one_person_a_handle"),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def stream(self) -> str:
        return f"person:{self.id}"

    @property
    def is_admin(self) -> bool:
        return self.role in (Role.OWNER, Role.ADMIN)

    @property
    def is_guest(self) -> bool:
        return self.role == Role.GUEST
