"""Keeping a folder in step: it exists under its name, its access list is the membership, its state is known."""

from __future__ import annotations

import logging

from channels_app.chat.models import Channel
from channels_app.mirror import names
from channels_app.mirror.imap import Mailbox, State
from channels_app.mirror.models import Copy, Folder

log = logging.getLogger(__name__)


def claim(channel: Channel, kind: str) -> Folder:
    """The folder's row, locked: one worker at a time works on a folder."""
    name = names.folder_name(channel) + ("/Log" if kind == Folder.Kind.LOG else "")
    Folder.objects.get_or_create(channel=channel, kind=kind, defaults={"name": name})
    return Folder.objects.select_for_update(of=("self",)).get(channel=channel, kind=kind)


def open_folder(mailbox: Mailbox, folder: Folder, channel: Channel) -> State:
    """Make the folder if it is gone, move it to its name, open it.

    A new UIDVALIDITY (or a folder that had to be made again) forgets all copies: they are found or written again.
    """
    wanted = names.folder_name(channel) + ("/Log" if folder.kind == Folder.Kind.LOG else "")
    if folder.name != wanted:
        if folder.kind == Folder.Kind.POSTS and folder.uidvalidity and mailbox.exists(folder.name):
            mailbox.rename(folder.name, wanted)  # its Log goes with it
        folder.name = wanted
        folder.save(update_fields=["name"])
    if not folder.uidvalidity or not mailbox.exists(folder.name):
        mailbox.create(folder.name)
    state = mailbox.select(folder.name)
    if state.uidvalidity != folder.uidvalidity:
        mailbox.clear_acl(folder.name)
        Copy.objects.filter(folder=folder).delete()
        folder.uidvalidity, folder.uidnext, folder.acl = state.uidvalidity, 1, {}
        folder.save(update_fields=["uidvalidity", "uidnext", "acl"])
    return state


def grant(mailbox: Mailbox, folder: Folder, channel: Channel) -> None:
    """Make the folder's access list what the membership says (only what differs is sent)."""
    wanted = names.rights(channel)
    if wanted == folder.acl:
        return
    for who in folder.acl.keys() | wanted.keys():
        if folder.acl.get(who) != wanted.get(who):
            mailbox.set_acl(folder.name, who, wanted.get(who, ""))
    folder.acl = wanted
    folder.save(update_fields=["acl"])
