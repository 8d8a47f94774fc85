"""Small pages for people without an account: no sign-in, no script, no cookie."""

from __future__ import annotations

from html import escape

from django.http import HttpResponse

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{title}</title><link rel="stylesheet" href="/leaving.css"></head>
<body><main><h1>{title}</h1>{body}</main></body></html>
"""


def page(title: str, body: str, status: int = 200) -> HttpResponse:
    """A page of a title (plain text) and a body (HTML), which nobody keeps."""
    response = HttpResponse(_PAGE.format(title=escape(title), body=body), status=status)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


def not_valid() -> HttpResponse:
    """For a link that was not made here."""
    return page(
        "This link is not valid", "<p>It may have been cut off. The mail you had it from has it whole.</p>", 404
    )
