"""Django's sessions in the database, asked only for keys that can be there."""

from __future__ import annotations

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """`settings.SESSION_ENGINE`."""

    def _validate_session_key(self, key: str | None) -> bool:
        # A cookie may hold anything, even what a database text can't (NUL).
        return key is not None and len(key) >= 8 and key.isascii() and key.isalnum()
