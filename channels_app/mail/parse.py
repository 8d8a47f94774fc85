"""A mail, from anybody and in any shape, as a `Parsed`."""

from channels_app.mail.model import Limits, Parsed


def parse(raw: bytes, *, limits: Limits = Limits()) -> Parsed:  # noqa: B008
    """Read a raw mail. Never raises on any bytes; bounded in time and memory by `limits`."""
    raise NotImplementedError
