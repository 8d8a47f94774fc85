"""The carrier into the mail server: one shared IMAP folder a channel."""

ORIGIN = "imap"  # of what people do with their mail programs
