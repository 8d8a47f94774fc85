"""What the mirror knows of the mail server: folders, which mail is which message, who appended, what was refused."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from channels_app.chat.models import Channel, Message
from workspace.people.models import Organization


class Folder(models.Model):
    """A channel's folder or its Log. `uidnext` is the first UID that was not looked at yet (RFC 3501)."""

    class Kind(models.TextChoices):
        POSTS = "posts"
        LOG = "log"

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="folders")
    kind = models.CharField(max_length=5, choices=Kind.choices)
    name = models.CharField(max_length=500)
    uidvalidity = models.BigIntegerField(default=0)
    uidnext = models.BigIntegerField(default=1)
    acl = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "kind"], name="one_folder_a_kind")]
        indexes = [models.Index(fields=["name"], name="folder_by_name")]

    def __str__(self) -> str:
        return self.name


class Copy(models.Model):
    """A mail in a folder that is a message as it stood at `version` (its `edited_at`, empty when never edited)."""

    folder = models.ForeignKey(Folder, on_delete=models.CASCADE, related_name="copies")
    uid = models.BigIntegerField()
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="copies")
    version = models.CharField(max_length=32, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["folder", "uid"], name="one_copy_a_uid")]

    def __str__(self) -> str:
        return f"{self.message_id} as {self.uid}"


class Arrival(models.Model):
    """Who appended a mail, as the bell named them; kept until the mail was taken in."""

    folder_name = models.CharField(max_length=500)
    uidvalidity = models.BigIntegerField()
    uid = models.BigIntegerField()
    user = models.CharField(max_length=254)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["folder_name", "uidvalidity", "uid"], name="one_arrival_a_uid"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.folder_name} {self.uid}"


class Quarantined(models.Model):
    """A mail that was appended but is no post; its bytes lie in the storage under `key`."""

    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    sender = models.CharField(max_length=320, blank=True)
    user = models.CharField(max_length=254, blank=True)
    why = models.CharField(max_length=200)
    key = models.CharField(max_length=120)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.sender}: {self.why}"
