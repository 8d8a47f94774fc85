"""Accounts: passwords, sessions, tokens, app passwords for mail programs, one-time links."""
