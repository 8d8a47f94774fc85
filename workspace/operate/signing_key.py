"""The key that mail is signed with (DKIM): yours (DKIM_KEY), else one of this installation, made when it first starts.

Yours is often root's alone, so our programs get a copy.
"""

from __future__ import annotations

import os
from pathlib import Path

from channels_app.mail import dkim
from workspace.operate import certificate, paths


def provide(home: Path) -> Path:
    """The file of the key, which our programs may read. Raises `RuntimeError` when yours is no good."""
    folder = paths.own(home / "dkim")
    if given := os.environ.get("DKIM_KEY"):
        certificate.private(folder / "given.pem", _checked(Path(given)))
        return folder / "given.pem"
    if not (folder / "key.pem").exists():
        certificate.private(folder / "key.pem", dkim.new_key().decode("ascii"))
    return folder / "key.pem"


def _checked(path: Path) -> str:
    """What is in your file. A wrong one is better found now than in the mails that wait."""
    try:
        text = path.read_text()
        dkim.read_private(text.encode())
    except (OSError, ValueError) as error:
        raise RuntimeError(f"DKIM_KEY ({path}) can't be used: {error}") from None
    return text
