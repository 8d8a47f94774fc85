"""Folders that were damaged by hand come back as the database says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from channels_app.chat import messages
from channels_app.chat.models import Channel
from channels_app.mirror import healing, sweeping
from channels_app.mirror.imap import Mailbox
from channels_app.mirror.models import Copy
from channels_app.mirror.wire import State
from tests.cast import Cast
from tests.mirror.conftest import MailProgram, carry, folder, pull, raw_mail, texts

pytestmark = pytest.mark.xdist_group("dovecot")


def _general(cast: Cast) -> str:
    return f"Channels/{cast.acme.slug}/general"


def _post(cast: Cast, count: int) -> None:
    for n in range(count):
        messages.post(person=cast.alice, channel=cast.general.id, text=f"m{n}")
    carry()


def _mend() -> None:
    """What the sweep and the tasks it starts do."""
    found = sweeping.sweep()
    for stream in found.heal:
        healing.heal(stream)
    carry()


def _expunge(server: Mailbox, name: str, uids: list[int]) -> None:
    server.select(name)
    server.expunge(uids)
    server.unselect()


def _whole(channel: Channel) -> None:
    for kind in ("posts", "log"):
        row = folder(channel, kind)
        assert Copy.objects.filter(folder=row).count() == row.held
    assert sweeping.sweep().heal.isdisjoint({channel.stream})


@pytest.mark.parametrize("at_most", [500, 0])
def test_what_was_expunged_by_hand_comes_back(
    cast: Cast, server: Mailbox, monkeypatch: pytest.MonkeyPatch, at_most: int
) -> None:
    monkeypatch.setattr(healing, "WRITE_AT_MOST", at_most)
    _post(cast, 5)
    _expunge(server, _general(cast), [2, 4])
    _expunge(server, f"{_general(cast)}/Log", [1])
    _mend()
    assert texts(server, _general(cast)) == ["m0", "m2", "m4", "m1", "m3"]
    assert len(texts(server, f"{_general(cast)}/Log")) == 5
    _expunge(server, _general(cast), [3])  # this time it is known since when
    _mend()
    assert sorted(texts(server, _general(cast))) == ["m0", "m1", "m2", "m3", "m4"]
    _whole(cast.general)


def test_a_deleted_folder_is_made_and_filled_again_in_order(cast: Cast, server: Mailbox, program: MailProgram) -> None:
    _post(cast, 3)
    client = program(cast.bob)
    client.append(_general(cast), raw_mail(cast.bob, "by mail", Message_ID="<h1@b.test>"))
    pull(cast.general)
    carry()
    for name in (f"{_general(cast)}/Log", _general(cast)):
        server.client.delete_folder(name)
    messages.post(person=cast.alice, channel=cast.general.id, text="new")
    carry()
    carry()
    assert texts(program(cast.bob), _general(cast)) == ["m0", "m1", "m2", "by mail", "new"]
    assert len(texts(server, f"{_general(cast)}/Log")) == 6
    _whole(cast.general)


def test_a_folder_restored_from_a_backup_is_recognised(cast: Cast, server: Mailbox, program: MailProgram) -> None:
    _post(cast, 3)
    client = program(cast.bob)
    client.append(_general(cast), raw_mail(cast.bob, "by mail", Message_ID="<h2@b.test>"))
    pull(cast.general)
    carry()
    server.select(_general(cast))
    kept = list(server.raw(server.uids()).values())
    server.unselect()
    server.client.delete_folder(_general(cast))
    server.create(_general(cast))
    server.client.multiappend(_general(cast), [kept[2], kept[3]])  # another UIDVALIDITY, and half of it missing
    _mend()
    again = Mailbox()  # Dovecot tells the old connection that its folder is gone
    assert sorted(texts(again, _general(cast))) == ["by mail", "m0", "m1", "m2"]
    assert texts(again, _general(cast))[:2] == ["m2", "by mail"]
    again.close()
    _whole(cast.general)


def test_a_folder_renamed_by_hand_is_found_missing_and_written_anew(cast: Cast, server: Mailbox) -> None:
    _post(cast, 2)
    server.client.rename_folder(_general(cast), f"Channels/{cast.acme.slug}/elsewhere")
    _mend()
    assert texts(server, _general(cast)) == ["m0", "m1"]
    _whole(cast.general)


def test_rights_taken_by_hand_do_not_matter_for_long(cast: Cast, server: Mailbox) -> None:
    _post(cast, 1)
    server.grant(_general(cast), {f"bob@{cast.acme.slug}.roost.localhost": ""})
    server.grant(_general(cast), {f"charlie@{cast.other.slug}.roost.localhost": "lrs"})
    sweeping.doubt_access()
    _mend()
    assert server.acl(_general(cast)) == folder(cast.general).acl


def test_the_database_never_follows_the_folder(cast: Cast, server: Mailbox) -> None:
    from channels_app.chat.models import Message

    _post(cast, 3)
    _expunge(server, _general(cast), [1, 2, 3])
    _mend()
    assert Message.objects.filter(channel=cast.general, deleted_at=None).count() == 3


def test_a_folder_that_is_written_to_while_the_sweep_looks_is_left_alone(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    _post(cast, 2)
    look = Mailbox.all_states

    def a_moment_ago(mailbox: Mailbox, names: Sequence[str]) -> dict[str, State]:
        states = look(mailbox, names)
        now = states[_general(cast)]
        return {**states, _general(cast): replace(now, uidnext=now.uidnext - 1, messages=now.messages - 1)}

    monkeypatch.setattr(Mailbox, "all_states", a_moment_ago)
    found = sweeping.sweep()
    assert cast.general.stream not in found.take_in | found.heal
