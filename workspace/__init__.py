"""The installation: who is here, and how it runs."""

# Tasks are shared ones: whoever starts Django must have this application, or they would go to Celery's own default.
from workspace.celery import app as celery_app

__all__ = ["celery_app"]
