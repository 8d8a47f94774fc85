"""The API put together; documented at /api/openapi.json."""

from __future__ import annotations

from channels_app.api import (
    channels,
    files,
    guest_links,
    guest_roll,
    guests,
    messages,
    people,
    quarantine,
    requests,
    signin,
    sync,
)
from channels_app.api.document import DocumentedApi
from channels_app.api.door import JsonParser, SessionAuth, TokenAuth, errors

api = DocumentedApi(
    title="Roost",
    version="1.0.0",
    description="The API of a Roost workspace; everything our own client does goes through it.",
    parser=JsonParser(),
    docs_url=None,
    auth=[TokenAuth(), SessionAuth()],
)
errors(api)
api.add_router("/v1", signin.router, auth=None)
for part in (people, channels, guests, guest_roll, guest_links, requests, quarantine, messages, files, sync):
    api.add_router("/v1", part.router)
