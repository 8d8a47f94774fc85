"""Uploads, previews, storage."""
