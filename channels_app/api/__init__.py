"""The native JSON API (OpenAPI), used by our own client. Every endpoint ends in one verb."""
