"""The carrier to people who live in mail: every event of a channel to each guest's mailbox, and what they answer."""

ORIGIN = "mail"  # of what guests do
