"""From the channel into mailboxes: what waits for each guest, composed and sent in order."""
