"""What is no post is kept, once, with its bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from channels_app.chat.models import Channel
from channels_app.files import storage
from channels_app.letters import quarantine
from channels_app.letters.models import Quarantined
from channels_app.mail import Parsed, parse
from tests.cast import Cast
from workspace.operate import health
from workspace.operate.management.commands.status import Command

SPAM = b"From: Eve <eve@e.test>\r\nMessage-ID: <s1@e.test>\r\n\r\nbuy\r\n"


def _keep(channel: Channel, *pieces: bytes, origin: str = "mail", uid: tuple[int, int] | None = None) -> None:
    quarantine.keep(
        pieces,
        parse(b"".join(pieces)) if len(pieces) == 1 else Parsed(),
        org=channel.org_id,
        stream=channel.stream,
        origin=origin,
        place=channel.name,
        user="",
        why="a stranger",
        uid=uid,
    )


def _files() -> list[Path]:
    return list((Path(settings.STORAGE_DIR) / "quarantine").rglob("*.eml"))


def test_a_mail_that_comes_again_is_known_by_its_bytes(cast: Cast) -> None:
    _keep(cast.general, SPAM)
    _keep(cast.general, SPAM[:20], SPAM[20:])
    row = Quarantined.objects.get()
    assert (row.sender, row.message_id, row.why) == ("eve@e.test", "<s1@e.test>", "a stranger")
    assert (row.org_id, row.origin, row.uid, row.size) == (cast.acme.id, "mail", None, len(SPAM))
    with storage.open_file(row.key) as content:
        assert content.read() == SPAM
    assert _files() == [storage.path(row.key)]


def test_other_bytes_or_another_channel_are_another_mail(cast: Cast) -> None:
    for channel, raw in ((cast.general, SPAM), (cast.general, SPAM + b"!"), (cast.secret, SPAM)):
        _keep(channel, raw)
    assert Quarantined.objects.count() == len(_files()) == 3


def test_a_mail_of_a_folder_is_known_by_its_uid(cast: Cast) -> None:
    for uid in ((7, 1), (7, 2), (8, 1), (7, 1)):
        _keep(cast.general, SPAM, origin="imap", uid=uid)
    _keep(cast.general, SPAM)
    found = Quarantined.objects.order_by("id").values_list("origin", "uidvalidity", "uid")
    assert list(found) == [("imap", 7, 1), ("imap", 7, 2), ("imap", 8, 1), ("mail", None, None)]


def test_status_names_what_was_kept(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "checks", lambda: [health.Check("postgres", True, 1.0)])
    _keep(cast.general, SPAM)
    (kept,) = health.report()["quarantine"]
    assert (kept["sender"], kept["why"], Path(kept["file"]).read_bytes()) == ("eve@e.test", "a stranger", SPAM)
    assert "eve@e.test" in "\n".join(Command().lines(health.report()))
