"""What is kept of mails, whichever carrier they came by."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from workspace.people.models import Organization


class Quarantined(models.Model):
    """A mail that came in but is no post; its bytes (`size` of them) lie in the storage under `key`.

    It came by the carrier of this `origin`. A mail of a folder is known by its UID, any other by the `digest` of its
    bytes. `user` is who handed it in, as far as the server said.
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
    key = models.CharField(max_length=120)
    size = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "uidvalidity", "uid"], name="quarantined_once"),
            models.UniqueConstraint(fields=["stream", "origin", "digest"], name="quarantined_once_by_bytes"),
        ]

    def __str__(self) -> str:
        return f"{self.sender}: {self.why}"
