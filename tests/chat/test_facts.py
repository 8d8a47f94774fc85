"""What a posting was allowed by is kept; whoever posts after it changed is judged by what holds now."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from channels_app.chat import channels, facts, members, posting
from channels_app.chat.models import Message
from channels_app.chat.posting import Outcome, Posted, Posting
from tests.cast import Api, Cast, gather
from workspace.events import log
from workspace.events.refusal import NotFound, Refusal
from workspace.people import persons

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return gather()


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whose facts were looked up."""
    people: list[str] = []
    look_up = facts._look_up

    def noted(places: dict[int, facts.Place]) -> dict[int, facts.Facts]:
        people.extend(place.person for place in places.values())
        return look_up(places)

    monkeypatch.setattr(facts, "_look_up", noted)
    return people


def _post(
    person: str, channel: str, text: str = "hello", *, thread: str | None = None, id: str | None = None
) -> Outcome:
    (outcome,) = posting.post_many([Posting(person, channel, text, thread, client_id=id)])
    return outcome


def _posted(outcome: Outcome) -> Posted:
    assert isinstance(outcome, Posted)
    return outcome


def test_the_second_post_in_a_place_is_judged_by_what_allowed_the_first(cast: Cast, looked_up: list[str]) -> None:
    bob, general = cast.bob.id, cast.general.id
    first = _posted(_post(bob, general))
    second = _posted(_post(bob, general))
    assert looked_up == [bob]
    assert second.message["author_name"] == first.message["author_name"] == cast.bob.name
    assert second.message["seq"] == first.message["seq"] + 1


def test_an_answer_is_judged_by_the_answer_before(cast: Cast, looked_up: list[str]) -> None:
    bob, general = cast.bob.id, cast.general.id
    root = _posted(_post(bob, general)).message["id"]
    answers = [_posted(_post(bob, general, thread=root)) for _ in range(2)]
    assert looked_up == [bob, bob]
    assert [answer.message["thread"] for answer in answers] == [root, root]
    assert Message.objects.get(id=root).reply_count == 2


def _taken_out(cast: Cast) -> None:
    members.remove(person=cast.alice, channel=cast.secret.id, member=cast.bob.id)


def _left(cast: Cast) -> None:
    members.leave(person=cast.bob, channel=cast.secret.id)


def _archived(cast: Cast) -> None:
    channels.archive(person=cast.alice, channel=cast.secret.id)


def _deleted(cast: Cast) -> None:
    channels.delete(person=cast.alice, channel=cast.secret.id)


def _for_announcements(cast: Cast) -> None:
    channels.change(person=cast.alice, channel=cast.secret.id, kind="announcement")


def _deactivated(cast: Cast) -> None:
    persons.change(by=cast.alice, person=cast.bob, active=False)


@pytest.mark.parametrize("change", [_taken_out, _left, _archived, _deleted, _for_announcements, _deactivated])
def test_what_allowed_it_is_gone(cast: Cast, change: Callable[[Cast], object]) -> None:
    bob, secret = cast.bob.id, cast.secret.id
    _posted(_post(bob, secret))
    change(cast)
    before = log.heads([cast.secret.stream])
    assert isinstance(_post(bob, secret, "still here?"), Refusal)
    assert not Message.objects.filter(text="still here?").exists()
    assert log.heads([cast.secret.stream]) == before


def test_one_who_may_not_does_not_hold_up_the_others(cast: Cast) -> None:
    alice, bob, secret = cast.alice.id, cast.bob.id, cast.secret.id
    for person in (alice, bob):
        _posted(_post(person, secret))
    _taken_out(cast)
    of_alice, of_bob = posting.post_many([Posting(alice, secret, "one"), Posting(bob, secret, "two")])
    assert _posted(of_alice).fresh and isinstance(of_bob, NotFound)


def test_a_new_name_is_the_name_of_the_next_post(cast: Cast) -> None:
    _posted(_post(cast.bob.id, cast.general.id))
    persons.change(by=cast.bob, person=cast.bob, name="Robert")
    assert _posted(_post(cast.bob.id, cast.general.id)).message["author_name"] == "Robert"


def test_the_same_client_id_again_is_the_same_message(cast: Cast) -> None:
    bob, general = cast.bob.id, cast.general.id
    first = _posted(_post(bob, general, id="one"))
    again = _posted(_post(bob, general, "said again", id="one"))
    assert (again.fresh, again.message["id"], again.message["text"]) == (False, first.message["id"], "hello")


def test_a_file_that_was_posted_is_not_refused_when_its_post_comes_again(cast: Cast) -> None:
    bob, general = cast.bob.id, cast.general.id
    _posted(_post(bob, general))
    file = Api(cast.bob).upload("notes.txt", b"some notes").json()["id"]
    what = Posting(bob, general, "here", files=[file], client_id="with a file")
    first, again = (_posted(posting.post_many([what])[0]) for _ in range(2))
    assert (first.fresh, again.fresh, again.message["files"]) == (True, False, first.message["files"])


def test_whoever_never_may_has_nothing_kept(cast: Cast, looked_up: list[str]) -> None:
    for person in (cast.amy.id, cast.charlie.id):
        for _ in range(2):
            assert isinstance(_post(person, cast.secret.id), NotFound)
    assert looked_up == [cast.amy.id, cast.amy.id, cast.charlie.id, cast.charlie.id]
