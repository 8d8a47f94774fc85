"""Where guests fetch files that were too big for their mail: by the link alone, without sign-in or cookie.

To look at a link changes nothing and counts as nothing, because mail programs and their guards follow every one.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from channels_app.files import serving, storage
from channels_app.guests import file_links
from channels_app.web.pages import not_valid, page


@require_safe
def fetch(request: HttpRequest, token: str) -> HttpResponseBase:
    link = file_links.read(token)
    if link is None:
        return not_valid()
    until = link.shared.until
    if until < timezone.now():
        return _over(f"The file could be fetched until {until:%d %B %Y}. Answer the mail to ask for it again.")
    stored = file_links.file_of(link)
    if stored is None:
        return _over("The file was deleted, or is not shared with you any more.")
    try:
        content = storage.open_file(stored.key)
    except FileNotFoundError:
        return _over("The file is no longer here. Answer the mail to ask for it again.")
    response = serving.serve(request, content, name=stored.name, kind=stored.type, inline=False, tag=stored.id)
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _over(why: str) -> HttpResponse:
    return page("This link has expired", f"<p>{why}</p>", 410)
