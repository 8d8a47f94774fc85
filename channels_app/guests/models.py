"""What is known of guests' mailboxes, and what a message can't say of the mail it came in as."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from channels_app.chat.models import Channel, Message, Share
from workspace.events.ids import new_id
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


class ContactRequest(models.Model):
    """Somebody whom nobody here knows has written to a member (`person`), who is to say whether they will talk.

    open --accept--> accepted: a direct conversation, with the mails in it
         |--decline--> declined       |--block--> blocked, and the address with it
         '--nobody answered for long--> expired
    `preview` is the beginning of the last mail. What is no longer open is kept for a while without the mails' bytes, so
    that a mail that comes again is known.
    """

    class State(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        BLOCKED = "blocked"
        EXPIRED = "expired"

    id = models.CharField(primary_key=True, max_length=16, default=new_id, db_collation="C")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=100)
    subject = models.CharField(max_length=250, blank=True)
    preview = models.CharField(max_length=200, blank=True)
    mails = models.IntegerField(default=0)
    size = models.BigIntegerField(default=0)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "email"], condition=models.Q(state="open"), name="one_open_request"
            ),
        ]
        indexes = [models.Index(fields=["updated_at"], name="requests_by_time")]

    def __str__(self) -> str:
        return f"{self.email} to {self.person_id}"


class RequestMail(models.Model):
    """A mail of a request: what is shown of it, and where its bytes lie (`key`; empty once they are gone).

    `digest` says which mail it is, however often it is handed over; `sender` is the envelope's; `files` are
    `{"name", "type", "size"}`.
    """

    request = models.ForeignKey(ContactRequest, on_delete=models.CASCADE, related_name="letters")
    digest = models.CharField(max_length=40)
    sender = models.CharField(max_length=320)
    subject = models.CharField(max_length=250, blank=True)
    text = models.TextField()
    html = models.TextField()
    files = models.JSONField(default=list)
    key = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "digest"], name="one_mail_of_a_request")]
        indexes = [models.Index(fields=["digest"], name="request_mails_by_digest")]

    def __str__(self) -> str:
        return self.subject


class Blocked(models.Model):
    """An address that a member does not want to hear of: its mail is answered as if there were nobody."""

    id = models.CharField(primary_key=True, max_length=16, default=new_id, db_collation="C")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField(max_length=254)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "email"], name="blocked_once")]

    def __str__(self) -> str:
        return f"{self.email} for {self.person_id}"


class ChannelKey(models.Model):
    """The secret key (OpenPGP) of a channel, which signs and opens all its encrypted mail.

    It is backed up with the database. No mail has it, so a rebuild from mail makes another one: whoever joined with the
    old one scans a new code then.
    """

    channel = models.OneToOneField(Channel, primary_key=True, on_delete=models.CASCADE, related_name="+")
    secret = models.BinaryField()

    def __str__(self) -> str:
        return f"key of {self.channel_id}"


class GuestKey(models.Model):
    """The certificate of a guest. Only what its key signed is believed of them, and they get encrypted mail alone."""

    person = models.OneToOneField(Person, primary_key=True, on_delete=models.CASCADE, related_name="+")
    certificate = models.BinaryField()
    fingerprint = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"key of {self.person_id}"


class JoinCode(models.Model):
    """A code that a chat program scans to join a channel (SecureJoin): who made it, and how long it is good for.

    `number` and `secret` are what the code says; `uses` how many came by it, of at most `most_uses`.
    """

    id = models.CharField(primary_key=True, max_length=16, default=new_id, db_collation="C")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    maker = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    number = models.CharField(max_length=32, unique=True)
    secret = models.CharField(max_length=32, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    most_uses = models.IntegerField()
    uses = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"code for {self.channel_id} by {self.maker_id}"


class Reply(models.Model):
    """A mail that answers a program's (a step of SecureJoin) and waits to be sent."""

    sender = models.CharField(max_length=320)
    to = models.CharField(max_length=320)
    content = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)
    due = models.DateTimeField(default=timezone.now, db_index=True)
    attempts = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"reply to {self.to}"


class Announced(models.Model):
    """The words of a message whose file is still on its way in a mail of its own (`message_id`)."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    message_id = models.CharField(max_length=998)
    text = models.TextField()
    quoted = models.TextField(null=True)
    in_reply_to = models.CharField(max_length=998, null=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "person", "message_id"], name="announced_once")]

    def __str__(self) -> str:
        return f"{self.message_id} by {self.person_id}"


class Early(models.Model):
    """A mail of the other side of a share that came before another one: it waits for it."""

    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="+", db_index=False)
    after = models.BigIntegerField()
    seq = models.BigIntegerField()
    raw = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["share", "seq", "after"], name="one_early_mail")]

    def __str__(self) -> str:
        return f"{self.after}-{self.seq} of {self.share_id}"
