"""What the mirror knows of the mail server: folders, which mail is which event, who appended."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from workspace.people.models import Organization


class Folder(models.Model):
    """A folder of a stream: a channel's messages, a channel's Log, or an organization's Log.

    not made (uidvalidity 0) --made, or found--> known --renamed, access changed--> untidy --tidied--> known
         ^-------------------- gone, or another UIDVALIDITY ------------------------'
    `uidnext` is the first UID that was not settled yet, `modseq` the HIGHESTMODSEQ when the folder last agreed with
    `held`, the number of its copies (RFC 3501, RFC 7162). `acl` is what we granted: {name at the server: rights}.
    """

    class Kind(models.TextChoices):
        POSTS = "posts"
        LOG = "log"

    # Not a foreign key, as in `events.Event`.
    stream = models.CharField(max_length=32, db_collation="C")
    kind = models.CharField(max_length=5, choices=Kind.choices)
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=500, blank=True)
    uidvalidity = models.BigIntegerField(default=0)
    uidnext = models.BigIntegerField(default=1)
    modseq = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    acl = models.JSONField(default=dict)
    untidy = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "kind"], name="one_folder_a_kind")]
        indexes = [models.Index(fields=["name"], name="folder_by_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def channel_id(self) -> str:
        """The channel's id; empty for the Log of an organization."""
        kind, _, id = self.stream.partition(":")
        return id if kind == "channel" else ""


class Copy(models.Model):
    """The mail of an event: of the message posted with number `seq`, as it stood at `version` (its `edited_at`, empty
    when never edited), or in a Log of the event `seq`."""

    folder = models.ForeignKey(Folder, on_delete=models.CASCADE, related_name="copies", db_index=False)
    uid = models.BigIntegerField()
    seq = models.BigIntegerField()
    version = models.CharField(max_length=32, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["folder", "uid"], name="one_copy_a_uid"),
            models.UniqueConstraint(fields=["folder", "seq"], name="one_copy_a_seq"),
        ]

    def __str__(self) -> str:
        return f"{self.folder_id}: {self.seq} as {self.uid}"


class Arrival(models.Model):
    """A mail that waits to be taken in: who appended it (`user`, empty until the bell names them), and since when."""

    folder = models.ForeignKey(Folder, on_delete=models.CASCADE, related_name="+", db_index=False)
    uidvalidity = models.BigIntegerField()
    uid = models.BigIntegerField()
    user = models.CharField(max_length=254, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["folder", "uidvalidity", "uid"], name="one_arrival_a_uid")]

    def __str__(self) -> str:
        return f"{self.user or 'somebody'}: {self.folder_id} {self.uid}"
