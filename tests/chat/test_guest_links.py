"""Links by which people ask to be guests: who makes them, who answers, when they end, and what a stranger can do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from channels_app.chat import channels, guest_links, guests, members
from channels_app.chat.models import GuestLink, GuestRequest, Seat
from tests.cast import Api, Cast
from workspace.events import log
from workspace.events.refusal import Conflict, Forbidden, Invalid, NotFound, Refusal, TooMany
from workspace.people import organizations, persons
from workspace.people.models import Person

GUS = "gus@g.test"


def _link(cast: Cast, who: str = "bob", **more: Any) -> GuestLink:
    return guest_links.make(person=cast.named(who), channel=cast.general.id, **more)


def _ask(link: GuestLink, email: str = GUS, name: str = "Gus") -> bool:
    return guest_links.ask(link=link.id, email=email, name=name)


def _waiting(person: Person) -> list[str]:
    return [row.email for row in guest_links.waiting(person, limit=200)]


def _told(person: Person) -> list[str]:
    entries = log.read(person.stream, 0, limit=500)
    return [entry.kind for entry in entries if entry.kind.startswith("guest.")]


def test_who_asks_waits_until_somebody_approves(cast: Cast) -> None:
    link = _link(cast)
    assert _ask(link) is False
    assert not Person.objects.filter(email=GUS).exists()
    for person in (cast.alice, cast.amy, cast.bob):  # the channel's admin, the organization's, and who made the link
        assert (_waiting(person), _told(person)) == ([GUS], ["guest.asked"])
    (row,) = guest_links.waiting(cast.bob, limit=9)
    seat = guest_links.approve(person=cast.amy, request=row.id)
    assert (seat.membership.person.email, seat.membership.person.name, seat.sponsor) == (GUS, "Gus", cast.bob)
    assert (_waiting(cast.bob), _told(cast.bob)) == ([], ["guest.asked", "guest.answered"])
    assert GuestLink.objects.get().came == 1


def test_who_is_declined_is_not_told_and_may_ask_again(cast: Cast) -> None:
    link = _link(cast)
    _ask(link)
    guest_links.decline(person=cast.bob, request=GuestRequest.objects.get().id)
    with pytest.raises(NotFound):
        guest_links.decline(person=cast.bob, request="gone")
    assert not Person.objects.filter(email=GUS).exists() and not Seat.objects.exists()
    _ask(link)
    assert _waiting(cast.bob) == [GUS]


def test_a_look_at_requests_is_for_who_may_answer(cast: Cast) -> None:
    eve = persons.add(org=cast.acme, email="eve@a.test", by=cast.alice)
    members.join(person=eve, channel=cast.general.id)
    _ask(_link(cast))
    row = GuestRequest.objects.get()
    for person, refusal in ((eve, Forbidden), (cast.dana, Forbidden), (cast.charlie, NotFound)):
        assert (_waiting(person), _told(person)) == ([], [])
        for verb in (guest_links.approve, guest_links.decline):
            with pytest.raises(refusal):
                verb(person=person, request=row.id)
    assert GuestRequest.objects.exists()


def test_a_private_channels_requests_are_its_own(cast: Cast) -> None:
    """An admin of the organization who is not in it does not hear of it."""
    _ask(guest_links.make(person=cast.bob, channel=cast.secret.id))
    assert (_waiting(cast.alice), _waiting(cast.bob), _waiting(cast.amy)) == ([GUS], [GUS], [])
    assert _told(cast.amy) == []
    with pytest.raises(NotFound):
        guest_links.approve(person=cast.amy, request=GuestRequest.objects.get().id)


def test_who_went_out_answers_no_more_and_the_link_is_dead(cast: Cast) -> None:
    link = _link(cast)
    _ask(link)
    members.leave(person=cast.bob, channel=cast.general.id)
    assert _waiting(cast.bob) == []
    with pytest.raises(NotFound):
        _ask(link, "hal@h.test")
    seat = guest_links.approve(person=cast.alice, request=GuestRequest.objects.get().id)
    assert seat.sponsor == cast.alice


def test_without_approval_is_for_admins_and_for_new_addresses(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        _link(cast, approval=False)
    link = _link(cast, "amy", approval=False)
    assert _ask(link) is True
    seat = Seat.objects.get()
    assert (seat.membership.person.email, seat.sponsor) == (GUS, cast.amy)
    guests.leave(guest=seat.membership.person, channel=cast.general.id)
    # Whoever left is not brought back by somebody else who types their address.
    assert _ask(link) is False and not Seat.objects.exists()
    assert _waiting(cast.amy) == [GUS]
    persons.change(person=cast.amy, by=cast.alice, role="member")
    with pytest.raises(NotFound):
        _ask(link, "hal@h.test")


def test_an_address_that_is_known_is_not_betrayed(cast: Cast) -> None:
    guests.invite(person=cast.bob, channel=cast.general.id, email=GUS)
    link = _link(cast)
    assert [_ask(link), _ask(link, "amy@a.test"), _ask(link, "new@n.test"), _ask(link, "new@n.test")] == [False] * 4
    assert _waiting(cast.bob) == ["amy@a.test", "new@n.test"]
    with pytest.raises(Conflict):  # who answers is told
        guest_links.approve(person=cast.bob, request=GuestRequest.objects.get(email="amy@a.test").id)


@pytest.mark.parametrize(
    ("end", "is_over"),
    [
        (lambda cast, link: GuestLink.objects.update(expires_at=timezone.now()), True),
        (lambda cast, link: guest_links.revoke(person=cast.bob, link=link.id), True),
        (lambda cast, link: channels.archive(person=cast.alice, channel=cast.general.id), True),
        (lambda cast, link: channels.delete(person=cast.alice, channel=cast.general.id), True),
        (lambda cast, link: persons.change(person=cast.bob, by=cast.alice, active=False), True),
        (lambda cast, link: organizations.change(org=cast.acme, by=cast.alice, guest_invites="admins"), True),
        (lambda cast, link: channels.change(person=cast.alice, channel=cast.general.id, name="renamed"), False),
    ],
)
def test_when_a_link_ends(cast: Cast, end: Any, is_over: bool) -> None:
    link = _link(cast, expires_at=timezone.now() + timedelta(days=1))
    end(cast, link)
    if is_over:
        with pytest.raises(NotFound):
            _ask(link)
    else:
        _ask(link)
    assert GuestRequest.objects.exists() is not is_over


def test_as_many_come_in_as_the_link_is_for(cast: Cast) -> None:
    link = _link(cast, most=1)
    _ask(link)
    with pytest.raises(NotFound):
        _ask(link, "hal@h.test")
    guest_links.decline(person=cast.bob, request=GuestRequest.objects.get().id)
    _ask(link, "hal@h.test")
    guest_links.approve(person=cast.bob, request=GuestRequest.objects.get().id)
    with pytest.raises(NotFound):
        _ask(link)


def test_no_more_wait_than_can_be_answered(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest_links, "MOST_WAITING", 1)
    monkeypatch.setattr(guest_links, "MOST_LINKS", 1)
    link = _link(cast)
    _ask(link)
    with pytest.raises(TooMany):
        _ask(link, "hal@h.test")
    with pytest.raises(Invalid):
        _link(cast)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"most": 0}, Invalid),
        ({"most": 10_000}, Invalid),
        ({"expires_at": timezone.now() - timedelta(days=1)}, Invalid),
        ({"channel": "nowhere"}, NotFound),
    ],
)
def test_links_that_are_refused(cast: Cast, changes: dict[str, Any], refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        guest_links.make(**{"person": cast.bob, "channel": cast.general.id, **changes})
    assert not GuestLink.objects.exists()


@pytest.mark.parametrize(("email", "name"), [("no address", "Gus"), (GUS, " "), (GUS, "x" * 101), ("ü@ü.test", "Gus")])
def test_what_nobody_is_called(cast: Cast, email: str, name: str) -> None:
    with pytest.raises(Invalid):
        _ask(_link(cast), email, name)
    assert not GuestRequest.objects.exists()


def test_conversations_have_no_links(cast: Cast) -> None:
    talk, _ = channels.direct(person=cast.bob, members=[cast.alice.id])
    with pytest.raises(Invalid):
        guest_links.make(person=cast.bob, channel=talk.id)


def test_whose_links_one_sees_and_ends(cast: Cast) -> None:
    mine, hers = _link(cast), _link(cast, "alice")
    path = f"/channels/{cast.general.id}/guest-links"
    ids = {name: {one["id"] for one in Api(cast.named(name)).get(path).json()["items"]} for name in ("bob", "amy")}
    assert ids == {"bob": {mine.id}, "amy": {mine.id, hers.id}}
    with pytest.raises(Forbidden):
        guest_links.revoke(person=cast.bob, link=hers.id)
    with pytest.raises(NotFound):
        guest_links.revoke(person=cast.charlie, link=mine.id)
    guest_links.revoke(person=cast.alice, link=mine.id)
    assert list(GuestLink.objects.all()) == [hers]


def test_an_archived_channels_requests_can_only_be_declined(cast: Cast) -> None:
    _ask(_link(cast))
    channels.archive(person=cast.alice, channel=cast.general.id)
    row = GuestRequest.objects.get()
    with pytest.raises(Conflict):
        guest_links.approve(person=cast.bob, request=row.id)
    guest_links.decline(person=cast.bob, request=row.id)
