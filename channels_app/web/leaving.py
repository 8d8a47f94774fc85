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
from channels_app.web.pages import not_valid, page
from workspace.people.models import Person

_BUTTON = '<p>{words}</p><form method="post"><button>Leave {name}</button></form>'


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, token: str) -> HttpResponse:
    found = _guest_of(token)
    if found is None:
        return not_valid()
    channel, person = found
    name, org = outgoing.shown_name(channel), channel.org.name
    if request.method == "POST":
        guests.leave(guest=person, channel=channel.id)
        return page(f"You have left {name}", f"<p>There will be no more mail from {escape(name)} at {escape(org)}.</p>")
    words = f"{person.email} gets what is written in {name} at {org}."
    return page(f"Leave {name}?", _BUTTON.format(words=escape(words), name=escape(name)))


def _guest_of(token: str) -> tuple[Channel, Person] | None:
    read = addresses.read_leave(token)
    if read is None:
        return None
    channel = Channel.objects.select_related("org").filter(id=read[0]).first()
    person = Person.objects.filter(id=read[1], org=channel.org_id).first() if channel else None
    return (channel, person) if channel and person else None
