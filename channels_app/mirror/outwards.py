"""From the log into the folders: a channel's lane, drained in batches.

The folder holds each message as it stands now, so what a batch of events asks for is worked out from the messages they
name: those without a mail are appended, those whose mail is of an older version are replaced, deleted ones removed. All
other events go into the Log. Before anything is appended the folder is looked at: when its UIDNEXT is not where we left
it, what came in meanwhile is taken in first, our own mails of an append with an unclear end among it; so nothing is
ever appended twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from channels_app.chat.models import Channel, Message
from channels_app.mail import event_seq, parse_message_id
from channels_app.mirror import inwards, mails
from channels_app.mirror.copies import APPEND_AT_ONCE, bring_up_to_date
from channels_app.mirror.folders import claim, grant, open_folder
from channels_app.mirror.imap import Mailbox, pool
from channels_app.mirror.models import Folder
from workspace.events import lanes
from workspace.events.log import Entry

SUBSCRIBER = "mirror"
BATCH = 200
SHAPING = {"channel.created", "channel.changed", "channel.archived", "channel.deleted", "member.joined", "member.left"}
SHAPING |= {"member.changed"}


def drain(stream: str) -> bool:
    """Deliver one batch of a stream's lane; whether there is more that may go at once."""
    lanes.open_lane(SUBSCRIBER, stream)
    kind, _, id = stream.partition(":")
    deliver = _deliver_channel if kind == "channel" else _deliver_org
    return lanes.drain(SUBSCRIBER, stream, lambda entries: deliver(id, entries), batch=BATCH).more


def _deliver_channel(channel_id: str, entries: Sequence[Entry]) -> None:
    channel = Channel.objects.select_related("org").filter(id=channel_id).first()
    if channel is None:
        return
    folder = claim(channel, Folder.Kind.POSTS)
    with pool.mailbox() as mailbox:
        fresh = folder.uidvalidity
        inwards.take_in(mailbox, folder, channel)
        if fresh != folder.uidvalidity or any(entry.kind in SHAPING for entry in entries):
            grant(mailbox, folder, channel)
        ids = {entry.payload["message"]["id"] for entry in entries if entry.kind == "message.posted"}
        ids |= {entry.payload["id"] for entry in entries if entry.kind in ("message.edited", "message.deleted")}
        if ids:
            bring_up_to_date(mailbox, folder, channel, list(Message.objects.filter(id__in=ids).order_by("seq")))
        _write_log(mailbox, channel, [entry for entry in entries if entry.kind != "message.posted"])


def _write_log(mailbox: Mailbox, channel: Channel, entries: Sequence[Entry]) -> None:
    if not entries:
        return
    folder = claim(channel, Folder.Kind.LOG)
    state = open_folder(mailbox, folder, channel)
    written: set[int] = set()
    if state.uidnext != folder.uidnext:  # an append of ours whose end was unclear
        for value in mailbox.message_ids(mailbox.uids(folder.uidnext)).values():
            own = parse_message_id(value)
            if own is not None and (seq := event_seq(own)) is not None:
                written.add(seq)
    waiting = [entry for entry in entries if entry.seq not in written]
    composed = mails.log_entries(channel, waiting)
    last = state.uidnext - 1
    for at in range(0, len(composed), APPEND_AT_ONCE):
        last = mailbox.append(folder.name, composed[at : at + APPEND_AT_ONCE], last + 1)[-1]
    folder.uidnext = last + 1
    folder.save(update_fields=["uidnext"])


def _deliver_org(org_id: str, entries: Sequence[Entry]) -> None:
    """People who come, go or change roles: the access lists of the channels follow."""
    if not any(entry.kind.startswith("member.") for entry in entries):
        return
    channels = Channel.objects.select_related("org").filter(org_id=org_id, deleted_at=None).order_by("id")
    with pool.mailbox() as mailbox:
        for channel in channels:
            folder = claim(channel, Folder.Kind.POSTS)
            open_folder(mailbox, folder, channel)
            grant(mailbox, folder, channel)
