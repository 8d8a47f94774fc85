"""What was kept back, as admins see it: read, released, deleted, forgotten. Private conversations stay closed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.utils import timezone

from channels_app.chat import channels, messages
from channels_app.chat.models import Channel, Message
from channels_app.files import storage
from channels_app.guests.models import ContactRequest
from channels_app.letters import held, quarantine
from channels_app.letters.models import Quarantined
from channels_app.letters.outgoing import own_id
from channels_app.mail import parse
from tests.cast import Api, Cast
from tests.mail.test_hostile import BOMBS
from workspace.people.models import Person

PAGE = b"<script>alert(1)</script><p onclick=x>buy <b>now</b></p>"


def _mail(sender: str = "Bob <bob@a.test>", body: bytes = b"Hello", **headers: str) -> bytes:
    fields = {"From": sender, "Subject": "Hi", "Message-ID": f"<{len(body)}@a.test>"}
    fields |= {name.replace("_", "-").title(): value for name, value in headers.items()}
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode() + b"\r\n" + body + b"\r\n"


def _keep(place: Channel | Person, raw: bytes, *, origin: str = "mail", uid: tuple[int, int] | None = None) -> str:
    """A mail in quarantine; its id."""
    quarantine.keep(
        [raw], parse(raw), org=place.org_id, stream=place.stream, origin=origin, place="here", user="x@a.test",
        why="nobody vouches for the sender", uid=uid,
    )  # fmt: skip
    return str(Quarantined.objects.latest("id").id)


class Console:
    """Quarantine as somebody sees it."""

    def __init__(self, cast: Cast, who: str) -> None:
        self._api, self._path = Api(cast.named(who)), f"/orgs/{cast.acme.slug}/quarantine"

    def ask(self, query: str = "") -> Any:
        return self._api.get(f"{self._path}{query}")

    def page(self, query: str = "") -> dict[str, Any]:
        return dict(self.ask(query).json())

    def ids(self, query: str = "") -> list[str]:
        return [item["id"] for item in self.page(query)["items"]]

    def get(self, id: str, more: str = "") -> Any:
        return self._api.get(f"{self._path}/{id}{more}")

    def release(self, id: str) -> Any:
        return self._api.post(f"{self._path}/{id}/release", {})

    def delete(self, id: str) -> int:
        return int(self._api("DELETE", f"{self._path}/{id}").status_code)


@pytest.fixture
def console(cast: Cast) -> Console:
    return Console(cast, "alice")


def _files() -> list[Path]:
    return list((Path(settings.STORAGE_DIR) / "quarantine").rglob("*.eml"))


def test_the_newest_first_page_by_page_and_channel_by_channel(cast: Cast, console: Console) -> None:
    places: list[Channel | Person] = [cast.general, cast.secret, cast.bob] * 2
    kept = [_keep(place, _mail(body=b"x" * n)) for n, place in enumerate(places)]
    assert console.ids() == kept[::-1]
    first = console.page("?limit=4")
    assert [item["id"] for item in first["items"]] == kept[:1:-1]
    assert console.ids(f"?limit=4&cursor={first['next']}") == kept[1::-1]
    assert console.ids(f"?channel={cast.secret.id}") == [kept[4], kept[1]]
    assert console.ids(f"?channel={cast.bob.id}") == []
    (item,) = console.page("?limit=1")["items"]
    assert (item["person"], item["channel"], item["sender"], item["why"], item["readable"]) == (
        cast.bob.id, None, "bob@a.test", "nobody vouches for the sender", False,
    )  # fmt: skip
    for bad in ("x", "8J-YgA", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA", "QQ"):
        assert console.ask(f"?cursor={bad}").status_code == 400


def test_what_is_in_it_is_safe_to_look_at(cast: Cast, console: Console) -> None:
    id = _keep(cast.general, _mail("Mallory <bob@\u0430.test>", PAGE, content_type="text/html; charset=utf-8"))
    shown = console.get(id).json()
    assert "<strong>now</strong>" in shown["html"]
    assert "<script" not in shown["html"] and "onclick" not in shown["html"]
    assert {"name": "Subject", "value": "Hi"} in shown["headers"]
    assert (shown["from_name"], shown["subject"], shown["sender"]) == ("Mallory", "Hi", "bob@\u0430.test")


@async_to_sync
async def _read(answer: Any) -> bytes:
    return b"".join([piece async for piece in answer.streaming_content])


def test_its_bytes_run_nowhere(cast: Cast, console: Console) -> None:
    raw = _mail(body=PAGE, content_type="text/html")
    answer = console.get(_keep(cast.general, raw), "/raw")
    assert _read(answer) == raw
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment;") and answer["Content-Disposition"].endswith('.eml"')
    assert answer["X-Content-Type-Options"] == "nosniff" and "sandbox" in answer["Content-Security-Policy"]


def test_members_guests_and_other_organizations_see_nothing(cast: Cast) -> None:
    id = _keep(cast.general, _mail())
    for who, status in (("bob", 403), ("dana", 403), ("charlie", 404)):
        there = Console(cast, who)
        answers = [there.ask(), there.get(id), there.get(id, "/raw"), there.release(id)]
        assert {answer.status_code for answer in answers} == {status}
        assert there.delete(id) == status
    mine = Api(cast.charlie)
    for path in ("", "/raw"):
        assert mine.get(f"/orgs/{cast.other.slug}/quarantine/{id}{path}").status_code == 404
    assert mine.post(f"/orgs/{cast.other.slug}/quarantine/{id}/release", {}).status_code == 404
    assert mine("DELETE", f"/orgs/{cast.other.slug}/quarantine/{id}").status_code == 404
    assert not Message.objects.exists() and Quarantined.objects.filter(settled_at=None).count() == 1


def test_released_it_is_a_post_of_whom_it_says_it_is_from(cast: Cast, console: Console) -> None:
    root = messages.post(person=cast.alice, channel=cast.general.id, text="Lunch?").message["id"]
    raw = _mail(body=b"Yes!", in_reply_to=own_id(cast.general.id, root))
    id = _keep(cast.general, raw)
    answer = console.release(id)
    row = Message.objects.get(id=answer.json()["message"])
    assert (row.text, row.author, row.thread_id, row.origin) == ("Yes!", cast.bob, root, "mail")
    assert console.ids() == [] and console.release(id).status_code == 404 and console.delete(id) == 404
    settled = Quarantined.objects.get()
    assert settled.settled_by == cast.alice
    # The same bytes once more are known.
    quarantine.keep(
        [raw], parse(raw), org=cast.acme.id, stream=cast.general.stream, origin="mail", place="", user="", why="again"
    )
    assert console.ids() == []


@pytest.mark.parametrize("origin", ["mail", "imap"])
def test_whichever_carrier_kept_it(cast: Cast, console: Console, origin: str) -> None:
    id = _keep(cast.general, _mail(), origin=origin, uid=(7, 1) if origin == "imap" else None)
    row = Message.objects.get(id=console.release(id).json()["message"])
    assert (row.origin, row.external_id) == (origin, "<5@a.test>")


def test_what_can_not_be_released(cast: Cast, console: Console) -> None:
    root = messages.post(person=cast.alice, channel=cast.general.id, text="Lunch?").message["id"]
    about = own_id(cast.general.id, root)
    channels.create(person=cast.alice, name="news", kind="announcement", members=[cast.bob.id])
    news = Channel.objects.get(org=cast.acme, name="news")
    reaction = {"content_disposition": "reaction", "in_reply_to": about}
    cases = [
        (cast.general, _mail("Eve <eve@e.test>"), 422),
        (cast.general, _mail("charlie@c.test"), 422),
        (cast.general, _mail("bob@a.test, eve@e.test", b"two"), 422),
        (cast.general, _mail(body="👍".encode(), content_type="text/plain; charset=utf-8", **reaction), 422),
        (cast.general, _mail(body=b"edit", chat_content="editrequest", in_reply_to=about), 422),
        (cast.general, BOMBS["10,000 parts"][0], 422),
        (news, _mail(body=b"no answer"), 403),
    ]
    for place, raw, status in cases:
        answer = console.release(_keep(place, raw))
        assert (answer.status_code, raw[:60]) == (status, raw[:60])
        assert answer.json()["error"]["message"]
    channels.archive(person=cast.alice, channel=cast.general.id)
    assert console.release(_keep(cast.general, _mail(body=b"late"))).status_code == 409
    channels.delete(person=cast.alice, channel=cast.general.id)
    assert {console.release(id).status_code for id in console.ids(f"?channel={cast.general.id}")} == {403}
    assert Message.objects.count() == 1 and len(console.ids()) == len(cases) + 1


def test_private_conversations_stay_closed(cast: Cast, console: Console) -> None:
    amy = Console(cast, "amy")
    talk, _ = channels.direct(person=cast.alice, members=[cast.bob.id])
    for place in (cast.secret, talk):
        id = _keep(place, _mail())
        (item,) = amy.page(f"?channel={place.id}")["items"]
        assert (item["readable"], item["sender"]) == (False, "bob@a.test")
        assert amy.get(id).status_code == amy.get(id, "/raw").status_code == amy.release(id).status_code == 403
        assert console.get(id).json()["text"] == "Hello"
        assert amy.delete(id) == 204 and console.get(id).status_code == 404


def test_a_members_mail_goes_into_their_tray_unread(cast: Cast, console: Console) -> None:
    id = _keep(cast.bob, _mail("Eve <eve@e.test>", b"May I?"))
    assert console.get(id).status_code == 403
    answer = console.release(id)
    assert answer.status_code == 200 and console.ids() == []
    request = ContactRequest.objects.get(id=answer.json()["request"])
    assert (request.person, request.email, request.preview) == (cast.bob, "eve@e.test", "May I?")
    mine = _keep(cast.alice, _mail("Eve <eve@e.test>", b"And you?"))
    assert console.get(mine).json()["text"] == "And you?"


def test_a_member_whom_nobody_vouches_for_is_not_let_in(cast: Cast, console: Console) -> None:
    for sender in ("Alice <alice@a.test>", "bob@a.test, eve@e.test", ""):
        assert console.release(_keep(cast.bob, _mail(sender, sender.encode()))).status_code == 422
    assert ContactRequest.objects.count() == 0


def test_bytes_and_rows_go_together(cast: Cast, console: Console) -> None:
    deleted, released, old, fresh = (_keep(cast.general, _mail(body=b"x" * n)) for n in range(1, 5))
    assert console.delete(deleted) == 204 and console.release(released).status_code == 200
    assert held.expire() == 2 and held.expire() == 0
    assert len(_files()) == 2 and Quarantined.objects.count() == 4
    long_ago = timezone.now() - timedelta(days=settings.HELD_DAYS, seconds=1)
    Quarantined.objects.exclude(id=fresh).update(at=long_ago)
    storage.path(Quarantined.objects.get(id=old).key).unlink()
    assert held.expire() == 3
    assert console.ids() == [fresh] and len(_files()) == Quarantined.objects.count() == 1


def test_bytes_that_are_gone(cast: Cast, console: Console) -> None:
    id = _keep(cast.general, _mail())
    for file in _files():
        file.unlink()
    assert console.get(id).status_code == console.get(id, "/raw").status_code == console.release(id).status_code == 404
    assert console.ids() == [id] and console.delete(id) == 204
