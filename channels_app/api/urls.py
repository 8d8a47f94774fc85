"""The API put together; documented at /api/openapi.json."""

from __future__ import annotations

from channels_app.api import (
    channels,
    files,
    guest_links,
    guest_roll,
    guests,
    join_codes,
    messages,
    people,
    quarantine,
    requests,
    shares,
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
OF_GUESTS = (guests, guest_roll, guest_links, join_codes, requests, quarantine, shares)
for part in (people, channels, *OF_GUESTS, messages, files, sync):
    api.add_router("/v1", part.router)
