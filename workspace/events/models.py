"""Streams, events and lanes as tables."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Stream(models.Model):
    """An ordered log with a head. Keys: `channel:<id>`, `person:<id>`, `org:<id>`."""

    key = models.CharField(primary_key=True, max_length=32, db_collation="C")
    org = models.CharField(max_length=16, db_collation="C", db_index=True)
    head = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.key}@{self.head}"


class Event(models.Model):
    """One entry of a stream; `seq` counts from 1 without gaps."""

    pk = models.CompositePrimaryKey("stream", "seq")
    # Not a foreign key: its check would lock the stream row once more in the hot path of a post.
    stream = models.CharField(max_length=32, db_collation="C")
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=32)
    actor = models.CharField(max_length=16, null=True, db_collation="C")
    origin = models.CharField(max_length=8)
    payload = models.JSONField()
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.stream}@{self.seq} {self.kind}"


class Lane(models.Model):
    """A subscriber's place in a stream.

    waiting --drain--> delivered (cursor moves) --new event--> waiting
       |--temporary failure--> backing off (attempts, due, why) --due--> waiting
       '--permanent failure--> recorded in `why`, cursor moves on
    """

    subscriber = models.CharField(max_length=40)
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="lanes")
    cursor = models.BigIntegerField(default=0)
    due = models.DateTimeField(default=timezone.now)
    attempts = models.IntegerField(default=0)
    why = models.TextField(default="", blank=True)
    refused = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscriber", "stream"], name="one_lane_a_subscriber")]

    def __str__(self) -> str:
        return f"{self.subscriber} of {self.stream_id} at {self.cursor}"
