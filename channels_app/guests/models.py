"""What is known of guests' mailboxes, and what a message can't say of the mail it came in as."""

from __future__ import annotations

from django.db import models

from channels_app.chat.models import Message
from workspace.people.models import Person


class Mailbox(models.Model):
    """How a guest's address takes our mail: `failures` in a row, and why the last one."""

    person = models.OneToOneField(Person, primary_key=True, on_delete=models.CASCADE, related_name="+")
    failures = models.IntegerField(default=0)
    why = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"mailbox of {self.person_id}"


class Subject(models.Model):
    """The subject of the mail a thread began with: mail programs keep a conversation together by it."""

    message = models.OneToOneField(Message, primary_key=True, on_delete=models.CASCADE, related_name="+")
    subject = models.CharField(max_length=250)

    def __str__(self) -> str:
        return self.subject
