"""Rows by prepared statements are those of a queryset."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels_app.chat.models import Membership
from tests.cast import Cast
from workspace.events import prepared


def test_joined_rows_are_as_with_select_related(cast: Cast) -> None:
    paths = ("person", "channel", "channel__org")
    found = prepared.joined(Membership, paths, '"channel__org".id = %s ORDER BY root.id', [cast.acme.id])
    rows = Membership.objects.select_related(*paths).filter(channel__org=cast.acme).order_by("id")
    expected = list(rows)
    assert len(expected) > 3 and found == expected
    with CaptureQueriesContext(connection) as statements:
        for one, same in zip(found, expected, strict=True):
            assert one.person.email == same.person.email
            assert one.channel.org.slug == same.channel.org.slug
            assert one.channel.created_at == same.channel.created_at
    assert not statements
    assert len({id(one.channel.org) for one in found}) == 1
