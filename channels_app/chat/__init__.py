"""Channels, threads, messages, reactions, read state, drafts: models, verbs, access."""
