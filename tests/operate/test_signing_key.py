"""The key that mail is signed with: made once, and nobody else's to read; or somebody's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from channels_app.mail import dkim
from workspace.operate import paths, signing_key


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DKIM_KEY", raising=False)
    return tmp_path


def test_is_made_once(home: Path) -> None:
    path = signing_key.provide(home)
    first = path.read_bytes()
    assert dkim.read_private(first).key_size == 2048
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_uid == paths.service_ids()[0]
    assert signing_key.provide(home).read_bytes() == first


def test_gives_way_to_one_that_is_given(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = signing_key.provide(home).read_bytes()
    mine = home / "mine.pem"
    mine.write_bytes(dkim.new_key())
    mine.chmod(0o400)
    monkeypatch.setenv("DKIM_KEY", str(mine))
    for _ in range(2):
        path = signing_key.provide(home)
        assert path.read_bytes() == mine.read_bytes() and path.stat().st_mode & 0o777 == 0o600
    monkeypatch.delenv("DKIM_KEY")
    assert signing_key.provide(home).read_bytes() == own


@pytest.mark.parametrize("content", [None, "nonsense"])
def test_says_what_is_wrong_with_one_that_is_given(
    home: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    mine = home / "mine.pem"
    if content is not None:
        mine.write_text(content)
    monkeypatch.setenv("DKIM_KEY", str(mine))
    with pytest.raises(RuntimeError, match=r"DKIM_KEY .*mine\.pem"):
        signing_key.provide(home)
