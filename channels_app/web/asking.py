"""The page of a link by which people ask to be guests of a channel: it needs no sign-in and no script.

What is said to who asks is the same whether an address is known here or not: the page is no way to find that out.
"""

from __future__ import annotations

from html import escape

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.views.decorators.http import require_http_methods

from channels_app.chat import guest_links
from channels_app.chat.models import GuestLink
from channels_app.guests import addresses
from channels_app.letters import outgoing
from workspace.events.refusal import Invalid, NotFound, TooMany
from workspace.signin import throttle
from workspace.signin.secret import digest

HOUR, DAY = 3600, 24 * 3600
FROM_ONE_PLACE, BY_ONE_LINK, FOR_ONE_ADDRESS = 20, 300, 5

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow"><title>{title}</title>
<link rel="stylesheet" href="/leaving.css"><link rel="stylesheet" href="/asking.css"></head>
<body><main><h1>{title}</h1>{body}</main></body></html>
"""
_FORM = """<p>{invites}</p>{about}
<form method="post"><input type="hidden" name="csrfmiddlewaretoken" value="{csrf}">
{fields}<button>{button}</button></form>
<p class="small">{then} You leave by one click, at any time.</p>"""
_FIELD = """<div class="field"><label for="{name}">{label}</label>
<input id="{name}" name="{name}" type="{type}" autocomplete="{name}" required maxlength="{most}" value="{value}"{wrong}>
{note}</div>
"""


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, token: str) -> HttpResponse:
    try:
        link = guest_links.usable(addresses.read_ask(token) or "")
        if request.method != "POST":
            return _form(request, link)
        return _asked(request, link)
    except NotFound:
        words = "It may have been cut off, or its time is over. Ask whoever gave it to you for another one."
        return _page("This link leads nowhere", f"<p>{words}</p>", 404)
    except TooMany as refusal:
        response = _page("Not now", f"<p>{escape(refusal.message)}</p>", 429)
        response["Retry-After"] = str(refusal.retry_after)
        return response


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What the check of forms answers (`CSRF_FAILURE_VIEW`): mostly a browser that keeps no cookies."""
    words = "Your browser did not send back what this page gave it. Allow its cookies, and open the link once more."
    return _page("Please try again", f"<p>{words}</p>", 403)


def _asked(request: HttpRequest, link: GuestLink) -> HttpResponse:
    name, email = (request.POST.get(field, "")[:1000].strip() for field in ("name", "email"))
    throttle.take(f"ask:from:{request.META.get('REMOTE_ADDR', '')}", most=FROM_ONE_PLACE, seconds=HOUR)
    throttle.take(f"ask:link:{link.id}", most=BY_ONE_LINK, seconds=HOUR)
    throttle.take(f"ask:for:{digest(email.lower())}", most=FOR_ONE_ADDRESS, seconds=DAY)
    try:
        guest_links.ask(link=link.id, email=email, name=name)
    except Invalid as refusal:
        return _form(request, link, refusal)
    return _page("Thank you", f"<p>{escape(_thanks(link, email))}</p><p>You can close this page.</p>")


def _thanks(link: GuestLink, email: str) -> str:
    place = outgoing.shown_name(link.channel)
    if link.approval:
        first = f"Somebody in {place} looks at your request."
        return f"{first} If it is approved, a welcome comes to {email}; until then, no mail."
    return f"If {email} is new there, a welcome is on its way. If not, somebody in {place} looks at it first."


def _form(request: HttpRequest, link: GuestLink, refusal: Invalid | None = None) -> HttpResponse:
    place, org = outgoing.shown_name(link.channel), link.channel.org.name
    invites = f"{link.maker.name} invites you to take part in {place} at {org}: by mail, without an account or an app."
    first = "Somebody there approves it first. Then you get" if link.approval else "You get"
    about = f'<p class="about">{escape(link.channel.topic)}</p>' if link.channel.topic else ""
    body = _FORM.format(
        invites=escape(invites),
        about=about,
        csrf=get_token(request),
        fields=_field(request, "name", "Your name", "text", 100, refusal)
        + _field(request, "email", "Your mail address", "email", 254, refusal),
        button="Ask to take part" if link.approval else "Take part",
        then=escape(
            f"{first} a welcome, and what is written in {place} as mail; what you answer, all of them can read."
        ),
    )
    return _page(f"{place} at {org}", body, refusal.status if refusal else 200)


def _field(request: HttpRequest, name: str, label: str, type: str, most: int, refusal: Invalid | None) -> str:
    is_wrong = refusal is not None and name in refusal.fields
    return _FIELD.format(
        name=name,
        label=label,
        type=type,
        most=most,
        value=escape(request.POST.get(name, "")[:1000]),
        wrong=f' aria-invalid="true" aria-describedby="{name}-note"' if is_wrong else "",
        note=f'<p class="wrong" id="{name}-note" role="alert">{escape(refusal.message)}</p>'
        if refusal and is_wrong
        else "",
    )


def _page(title: str, body: str, status: int = 200) -> HttpResponse:
    response = HttpResponse(_PAGE.format(title=escape(title), body=body), status=status)
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
