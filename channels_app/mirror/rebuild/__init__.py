"""The database from the folders alone: organizations, people, channels, messages, and the event log itself.

`reading` takes mails apart, `replay` lets the events of a channel happen again in memory, `writing` writes the rows.
"""
