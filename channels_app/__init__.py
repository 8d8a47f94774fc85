"""The conversation: what is said, and how it travels."""
