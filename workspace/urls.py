"""URLs of the installation: the JSON API, and the web client for everything else."""

from __future__ import annotations

from django.urls import path, re_path

from channels_app.api.urls import api
from channels_app.web import asking, fetching, leaving, views

urlpatterns = [
    path("api/", api.urls),
    re_path(r"^api(/.*)?$", views.api_not_found),
    path("leave/<str:token>", leaving.leave),
    re_path(r"^files/(?P<token>[^/]+)/?$", fetching.fetch),
    path("guest/<str:token>", asking.ask),
    re_path(r"^(?!api/|ws$).*$", views.index),
]
