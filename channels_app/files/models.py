"""Files as a table; their bytes lie in the storage under `StoredFile.key`."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from workspace.events.ids import new_id
from workspace.people.models import Organization, Person


class StoredFile(models.Model):
    """An uploaded file. `width` and `height` (pixels) are set for images that could be read."""

    id = models.CharField(primary_key=True, max_length=16, default=new_id, db_collation="C")
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    uploader = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=255)
    type = models.CharField(max_length=127)
    size = models.BigIntegerField()
    width = models.IntegerField(null=True)
    height = models.IntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """The path in the storage; ids share time prefixes, so the random tail spreads the folders."""
        return f"{self.org_id}/{self.id[-2:]}/{self.id}"

    @property
    def preview_key(self) -> str:
        return f"{self.key}.preview"
