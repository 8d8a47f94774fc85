"""Codes for chat programs, as the client has them, and the mark beside whom came by one."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels_app.guests.models import JoinCode
from tests.cast import Api, Cast
from tests.guests.peer import Peer

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_code_is_made_shown_and_taken_back(cast: Cast) -> None:
    bob, path = Api(cast.bob), f"/channels/{cast.general.id}/join-codes"
    made = bob.post(path, {"most_uses": 5})
    assert made.status_code == 201
    code = made.json()
    assert (code["maker"], code["uses"], code["most_uses"]) == (cast.bob.id, 0, 5)
    assert code["text"].startswith("OPENPGP4FPR:") and code["svg"].startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert code["link"] == "https://i.delta.chat/#" + code["text"].removeprefix("OPENPGP4FPR:").replace("#", "&", 1)
    assert f"x={cast.general.id}&" in code["text"] and "g=general&" in code["text"]
    assert bob.get(path).json() == {"items": [code], "next": None}
    assert bob("DELETE", f"{path}/{code['id']}").status_code == 204
    assert bob("DELETE", f"{path}/{code['id']}").status_code == 404
    assert bob.get(path).json()["items"] == []


def test_what_is_no_code(cast: Cast) -> None:
    path = f"/channels/{cast.general.id}/join-codes"
    for body in ({"most_uses": 0}, {"most_uses": "x"}, {"expires_at": "2001-01-01T00:00:00Z"}, {"expires_at": "soon"}):
        assert Api(cast.bob).post(path, body).status_code == 422
    assert Api(cast.bob).post(path, {"expires_at": "9999-12-31T23:59:59-23:00"}).status_code == 422
    assert not JoinCode.objects.exists()


def test_many_codes_cost_no_more_than_one(cast: Cast) -> None:
    bob, path = Api(cast.bob), f"/channels/{cast.general.id}/join-codes"
    counts = []
    for _ in range(3):
        bob.post(path, {})
        with CaptureQueriesContext(connection) as queries:
            bob.get(path)
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2]


def test_who_came_by_a_code_is_marked(cast: Cast) -> None:
    bob, path = Api(cast.bob), f"/channels/{cast.general.id}"
    bob.post(f"{path}/guests", {"email": "hal@h.test"})
    bob.post(f"{path}/join-codes", {})
    code = JoinCode.objects.select_related("channel__org").get()
    assert Peer("Gus", "gus@g.test", cast.general).join(code).code == 250
    marks = {one["email"]: one["encrypted"] for one in bob.get(f"{path}/guests").json()["items"]}
    assert marks == {"hal@h.test": False, "gus@g.test": True}
