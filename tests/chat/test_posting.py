"""Posts that are written together are judged each by itself."""

from __future__ import annotations

from channels_app.chat import mentions, posting
from channels_app.chat.posting import Outcome, Posted, Posting
from tests.cast import Api, Cast
from workspace.events.refusal import Conflict, NotFound
from workspace.people import persons


def _mentioned(outcome: Outcome) -> list[str]:
    assert isinstance(outcome, Posted)
    return outcome.message["mentions"]


def test_each_mentions_people_of_its_own_channel(cast: Cast) -> None:
    alice, general, secret = cast.alice.id, cast.general.id, cast.secret.id
    in_general, in_secret, nobody = posting.post_many(
        [
            Posting(alice, channel, text)
            for channel, text in ((general, "@amy @bob."), (secret, "@amy @bob"), (general, "hi"))
        ]
    )
    assert _mentioned(in_general) == [cast.amy.id, cast.bob.id]
    assert _mentioned(in_secret) == [cast.bob.id]
    assert _mentioned(nobody) == []


def test_a_handle_wins_over_a_name_and_the_elder_namesake_over_the_younger(cast: Cast) -> None:
    second = persons.add(org=cast.acme, email="second@a.test", name="Bob", by=cast.alice)
    assert second.handle != "bob"
    third = persons.add(org=cast.acme, email="third@a.test", name=second.handle, by=cast.alice)
    Api(cast.alice).post(f"/channels/{cast.general.id}/members", {"people": [second.id, third.id]})
    found = mentions.find(f"@bob and @{second.handle}, @channel!", cast.general.id)
    assert (found.people, found.everybody) == ([cast.bob.id, second.id], "channel")


def test_a_file_is_in_the_first_of_them(cast: Cast) -> None:
    file = Api(cast.bob).upload("notes.txt", b"some notes").json()["id"]
    first, second, stolen, other = posting.post_many(
        [
            Posting(cast.bob.id, cast.general.id, "first", files=[file]),
            Posting(cast.bob.id, cast.secret.id, "second", files=[file]),
            Posting(cast.alice.id, cast.general.id, "not hers", files=[file]),
            Posting(cast.alice.id, cast.general.id, "goes its way"),
        ]
    )
    assert isinstance(first, Posted) and [shown["id"] for shown in first.message["files"]] == [file]
    assert isinstance(second, Conflict) and isinstance(stolen, Conflict)
    assert isinstance(other, Posted) and other.fresh


def test_a_refusal_is_its_own(cast: Cast) -> None:
    refused, posted = posting.post_many(
        [Posting(cast.amy.id, cast.secret.id, "let me in"), Posting(cast.bob.id, cast.secret.id, "no")]
    )
    assert isinstance(refused, NotFound)
    assert isinstance(posted, Posted)
