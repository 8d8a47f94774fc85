"""WebSockets: events as they happen, calls, presence and typing."""
