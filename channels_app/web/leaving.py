"""The page by which a guest leaves a channel: it needs no sign-in, no script and no cookie.

A GET shows a button and changes nothing, because mail programs and their guards follow every link. A POST leaves: by
the button, or by a mail program's own (RFC 8058, `List-Unsubscribe=One-Click`), which knows nothing of our forms.
"""

from __future__ import annotations

from html import escape

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from channels_app.chat import guests
from channels_app.chat.models import Channel
from channels_app.guests import addresses
from channels_app.letters import outgoing
from workspace.people.models import Person

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{title}</title><link rel="stylesheet" href="/leaving.css"></head>
<body><main><h1>{title}</h1>{body}</main></body></html>
"""
_BUTTON = '<p>{words}</p><form method="post"><button>Leave {name}</button></form>'


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, token: str) -> HttpResponse:
    found = _guest_of(token)
    if found is None:
        return _page(
            "This link is not valid", "<p>It may have been cut off. The mail you had it from has it whole.</p>", 404
        )
    channel, person = found
    name, org = outgoing.shown_name(channel), channel.org.name
    if request.method == "POST":
        guests.leave(guest=person, channel=channel.id)
        return _page(
            f"You have left {name}", f"<p>There will be no more mail from {escape(name)} at {escape(org)}.</p>"
        )
    words = f"{person.email} gets what is written in {name} at {org}."
    return _page(f"Leave {name}?", _BUTTON.format(words=escape(words), name=escape(name)))


def _guest_of(token: str) -> tuple[Channel, Person] | None:
    read = addresses.read_leave(token)
    if read is None:
        return None
    channel = Channel.objects.select_related("org").filter(id=read[0]).first()
    person = Person.objects.filter(id=read[1], org=channel.org_id).first() if channel else None
    return (channel, person) if channel and person else None


def _page(title: str, body: str, status: int = 200) -> HttpResponse:
    response = HttpResponse(_PAGE.format(title=escape(title), body=body), status=status)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
