"""A bare django-ninja view: Django's middleware as a new project has it, a pool, and the statement of a post."""

from __future__ import annotations

import functools
import os
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "workspace.settings"

from django.conf import settings
from django.core.asgi import get_asgi_application

settings.ROOT_URLCONF = __name__
settings.MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
application = get_asgi_application()

from django.http import HttpRequest  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402
from ninja import NinjaAPI, Schema  # noqa: E402

from channels_app.chat import posting, shapes  # noqa: E402
from channels_app.chat.models import Message  # noqa: E402
from workspace.events import statement  # noqa: E402
from workspace.events.ids import new_id  # noqa: E402
from workspace.people.models import Person  # noqa: E402

api = NinjaAPI(urls_namespace="bare")


class Form(Schema):
    text: str
    client_id: str


@api.post("/channels/{channel}/messages")
def post(request: HttpRequest, channel: str, form: Form) -> Any:
    author = _member(channel)
    message = Message(
        id=new_id(),
        seq=0,
        channel_id=channel,
        author_id=author.id,
        text=form.text,
        html=f"<p>{form.text}</p>",
        origin="api",
        created_at=timezone.now(),
    )
    shape = shapes.fresh_message(message, author.name, [])
    row = {
        "stream": f"channel:{channel}",
        "nth": 1,
        "id": message.id,
        "channel": channel,
        "thread": None,
        "also": False,
        "author": author.id,
        "role": author.role,
        "name": author.name,
        "kind": "public",
        "channel_role": "member",
        "text": form.text,
        "html": message.html,
        "quoted": None,
        "mentions": [],
        "everybody": None,
        "client_id": form.client_id,
        "external_id": None,
        "origin": "api",
        "at": message.created_at,
        "payload": {"message": shape},
    }
    if not statement.run(posting._WRITE, [statement.rows_json([row])]):
        raise RuntimeError("nothing was written")
    return shape


@functools.cache
def _member(channel: str) -> Person:
    return Person.objects.filter(memberships__channel=channel, memberships__role="member").earliest("id")


urlpatterns = [path("api/v1/", api.urls)]
