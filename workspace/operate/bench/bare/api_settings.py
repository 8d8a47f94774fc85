"""Roost's database and apps, with the middleware of `django-admin startproject` and one view."""

from __future__ import annotations

from workspace.settings import *  # noqa: F403

ROOT_URLCONF = "workspace.operate.bench.bare.api"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
