"""Django's side of a session: which account it belongs to."""

from __future__ import annotations

from django.contrib.auth.backends import BaseBackend

from workspace.signin.models import Account


class SessionBackend(BaseBackend):
    """Loads the account of a session; passwords are checked in `passwords`, where all organizations are looked at."""

    def get_user(self, user_id: str) -> Account | None:
        account = Account.objects.select_related("person__org").filter(pk=user_id).first()
        return account if account is not None and account.is_active else None
