"""What is kept of mails, whichever carrier they came by."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from workspace.people.models import Organization, Person


class Quarantined(models.Model):
    """A mail that came in but is no post; its bytes (`size` of them) lie in the storage under `key`.

    It came by the carrier of this `origin`. A mail of a folder is known by its UID, any other by the `digest` of its
    bytes. `user` is who handed it in, as far as the server said.

    Once it is settled (released or deleted, by `settled_by`) the row stays for a while, so that the same mail is known
    when it comes again; its bytes are gone, and `key` is empty.
    """

    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    stream = models.CharField(max_length=32, db_collation="C")
    origin = models.CharField(max_length=8)
    uidvalidity = models.BigIntegerField(null=True)
    uid = models.BigIntegerField(null=True)
    digest = models.CharField(max_length=40, null=True)
    sender = models.CharField(max_length=320, blank=True)
    user = models.CharField(max_length=254, blank=True)
    message_id = models.CharField(max_length=998, blank=True)
    why = models.CharField(max_length=200)
    key = models.CharField(max_length=120, blank=True)
    size = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now, db_index=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "uidvalidity", "uid"], name="quarantined_once"),
            models.UniqueConstraint(fields=["stream", "origin", "digest"], name="quarantined_once_by_bytes"),
        ]

    def __str__(self) -> str:
        return f"{self.sender}: {self.why}"
