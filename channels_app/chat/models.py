"""The conversation as tables."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from channels_app.files.models import StoredFile
from workspace.events.ids import new_id
from workspace.people.models import Organization, Person


class Kind(models.TextChoices):
    PUBLIC = "public"
    PRIVATE = "private"
    ANNOUNCEMENT = "announcement"
    DIRECT = "direct"


OPEN_KINDS = (Kind.PUBLIC, Kind.ANNOUNCEMENT)


class Channel(models.Model):
    """A channel, or a direct conversation (kind direct: no name, its people are fixed)."""

    id = models.CharField(primary_key=True, max_length=16, default=new_id, db_collation="C")
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="channels")
    name = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    topic = models.CharField(max_length=250, blank=True)
    # The ids of a direct conversation's people, sorted: the same people have one conversation.
    direct_key = models.CharField(max_length=160, null=True, db_collation="C")
    created_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "org",
                "name",
                condition=Q(deleted_at=None) & ~Q(kind=Kind.DIRECT),
                name="one_channel_a_name",
            ),
            models.UniqueConstraint("org", "direct_key", name="one_direct_conversation"),
        ]

    def __str__(self) -> str:
        return self.name or self.id

    @property
    def stream(self) -> str:
        return f"channel:{self.id}"

    @property
    def is_open(self) -> bool:
        """Whether every member of the organization may see it."""
        return self.kind in OPEN_KINDS


class Membership(models.Model):
    """A person in a channel, and how far they have read (`read` is a seq of the channel's stream)."""

    class Role(models.TextChoices):
        ADMIN = "admin"
        MEMBER = "member"

    # Without an index of its own: by it the server would read all of a big channel to find one person in it.
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.MEMBER)
    joined_at = models.DateTimeField(default=timezone.now)
    read = models.BigIntegerField(default=0)
    muted = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "person"], name="one_membership")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.channel_id}"


class Seat(models.Model):
    """How somebody who takes part by mail alone sits in a channel: who vouches for them, until when, what they get.

    `encrypted`: they get no mail in the open.
    """

    class Delivery(models.TextChoices):
        EVERY = "every"
        MENTIONS = "mentions"
        HOURLY = "hourly"
        DAILY = "daily"
        PAUSED = "paused"

    membership = models.OneToOneField(Membership, primary_key=True, on_delete=models.CASCADE, related_name="seat")
    sponsor = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    expires_at = models.DateTimeField(null=True, db_index=True)
    delivery = models.CharField(max_length=8, choices=Delivery.choices, default=Delivery.EVERY)
    # The same moment for the seats of one invitation: they have one welcome.
    since = models.DateTimeField(default=timezone.now)
    encrypted = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"seat of {self.membership_id}"


class GuestLink(models.Model):
    """An address of the web by which people ask to be guests of a channel; `most` is how many come in by it."""

    id = models.CharField(primary_key=True, max_length=16, default=new_id, db_collation="C")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="guest_links")
    maker = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    # Without it they are in at once.
    approval = models.BooleanField(default=True)
    most = models.IntegerField(null=True)
    came = models.IntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.id} to {self.channel_id}"


class GuestRequest(models.Model):
    """Somebody who asks by a link to be a guest, until somebody answers; it outlives the link."""

    id = models.CharField(primary_key=True, max_length=16, default=new_id, db_collation="C")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    link = models.ForeignKey(GuestLink, null=True, on_delete=models.SET_NULL, related_name="requests")
    # Of the link; who vouches for them when they come in.
    maker = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=100)
    asked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "email"], name="one_request_an_address")]

    def __str__(self) -> str:
        return f"{self.email} to {self.channel_id}"


class Share(models.Model):
    """A channel that another organization has too, on a server of its own; one of these on either side.

    offered --they accept--> active --either side ends it--> ended
       '--declined, undeliverable, withdrawn--> ended
    pending --an admin approves: the channel is made--> active
       '--an admin declines--> ended
    Both sides know it by its `code`. `address` is where they are written to and `domain` what their mail comes from,
    signed by the key in `record` (a DKIM record) under `selector` at `signer`. `org_name` is how they call themselves.

    What was sent and heard is counted in numbers of events (`mail.slip`): `sent` and `acked` of our own channel's,
    never below `start`, since `base` in this `epoch`; `received` of theirs in `peer_epoch`, the last one of
    `received_at`. `due` is when they are written to next for that alone: because of what they sent (`owes`), of a gap
    in it, or since they have not said that they have all. `heard`: they have told us where they are in this epoch.
    """

    class State(models.TextChoices):
        OFFERED = "offered"
        PENDING = "pending"
        ACTIVE = "active"
        ENDED = "ended"

    id = models.CharField(primary_key=True, max_length=16, default=new_id, db_collation="C")
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(Channel, null=True, on_delete=models.CASCADE, related_name="shares")
    code = models.CharField(max_length=16, default=new_id, db_collation="C")
    ours = models.BooleanField(default=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OFFERED)
    why = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    address = models.CharField(max_length=254)
    org_name = models.CharField(max_length=100, blank=True)
    domain = models.CharField(max_length=254, blank=True)
    signer = models.CharField(max_length=254, blank=True)
    selector = models.CharField(max_length=100, blank=True)
    record = models.CharField(max_length=2000, blank=True)
    peer_channel = models.CharField(max_length=16, blank=True, db_collation="C")
    # What an offer says of the channel: {"name", "topic", "by"}.
    offer = models.JSONField(default=dict, blank=True)

    start = models.BigIntegerField(default=0)
    epoch = models.CharField(max_length=16, default=new_id, db_collation="C")
    base = models.BigIntegerField(default=0)
    sent = models.BigIntegerField(default=0)
    acked = models.BigIntegerField(default=0)
    heard = models.BooleanField(default=False)
    peer_epoch = models.CharField(max_length=16, blank=True, db_collation="C")
    received = models.BigIntegerField(default=0)
    received_at = models.CharField(max_length=24, blank=True)
    owes = models.BooleanField(default=False)
    gap = models.BooleanField(default=False)
    due = models.DateTimeField(null=True, default=timezone.now, db_index=True)
    attempts = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org", "code"], name="one_share_a_code"),
            models.UniqueConstraint(
                fields=["channel"], condition=Q(state__in=["offered", "active"]), name="one_share_a_channel"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel_id} with {self.org_name or self.address}"


class Visitor(models.Model):
    """Somebody of another organization, who takes part by a share: a guest without a seat and without a sign-in.

    `domain` is theirs, and `handle` how they are called there.
    """

    person = models.OneToOneField(Person, primary_key=True, on_delete=models.CASCADE, related_name="visitor")
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    domain = models.CharField(max_length=254)
    handle = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["org", "domain", "handle"], name="one_visitor_a_handle")]

    def __str__(self) -> str:
        return f"{self.handle}@{self.domain}"


class Message(models.Model):
    """A message; `seq` is the number of its event in the channel's stream. A deleted one keeps its place."""

    id = models.CharField(primary_key=True, max_length=16, default=new_id, db_collation="C")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="messages", db_index=False)
    seq = models.BigIntegerField()
    thread = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="answers", db_index=False)
    also_to_channel = models.BooleanField(default=False)
    author = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="messages", db_index=False)
    text = models.TextField()
    html = models.TextField()
    quoted = models.TextField(null=True)
    mentions = ArrayField(models.CharField(max_length=16), default=list)
    mentions_all = models.CharField(max_length=8, null=True)
    client_id = models.CharField(max_length=80)
    # The Message-ID of a mail that came in from a mail program.
    external_id = models.CharField(max_length=998, null=True)
    origin = models.CharField(max_length=8)
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    pinned_at = models.DateTimeField(null=True)
    pinned_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    reply_count = models.IntegerField(default=0)
    last_reply_at = models.DateTimeField(null=True)
    # The people who answered last, the latest first, at most five.
    reply_people = ArrayField(models.CharField(max_length=16), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "seq"], name="one_message_a_seq"),
            models.UniqueConstraint(fields=["author", "client_id"], name="posted_once"),
        ]
        indexes = [
            models.Index(fields=["thread", "seq"], condition=Q(thread__isnull=False), name="thread_by_seq"),
            models.Index(
                fields=["channel", "seq"],
                condition=Q(thread__isnull=True) | Q(also_to_channel=True),
                name="timeline_by_seq",
            ),
            models.Index(fields=["channel", "pinned_at"], condition=Q(pinned_at__isnull=False), name="pins_by_time"),
            models.Index(fields=["external_id"], condition=Q(external_id__isnull=False), name="by_external_id"),
        ]

    def __str__(self) -> str:
        return f"{self.channel_id}@{self.seq}"


class Revision(models.Model):
    """What a message said before an edit; `at` is when that version was written."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="revisions")
    text = models.TextField()
    html = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.message_id} at {self.at}"


class Attachment(models.Model):
    """A file in a message."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    file = models.OneToOneField(StoredFile, on_delete=models.CASCADE, related_name="attachment")
    position = models.SmallIntegerField()

    def __str__(self) -> str:
        return f"{self.file_id} in {self.message_id}"


class Reaction(models.Model):
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reactions")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    emoji = models.CharField(max_length=40)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "person", "emoji"], name="one_reaction")]

    def __str__(self) -> str:
        return f"{self.emoji} on {self.message_id}"


class Mention(models.Model):
    """That a message names a person (not for @channel and @here, which a message carries itself)."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+", db_index=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    seq = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "channel", "seq"], name="one_mention")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.message_id}"


class Saved(models.Model):
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "message"], name="saved_once")]

    def __str__(self) -> str:
        return f"{self.message_id} by {self.person_id}"


class Draft(models.Model):
    """What a person has typed but not sent; `thread` is empty for the channel's own composer."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    thread = models.CharField(max_length=16, blank=True, db_collation="C")
    text = models.TextField()
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "channel", "thread"], name="one_draft")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.channel_id}"
