"""From mailboxes into the channel: whose mail it is, what it asks for, and its answer."""
