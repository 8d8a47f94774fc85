"""The carrier into the mail server: one shared IMAP folder a channel."""
