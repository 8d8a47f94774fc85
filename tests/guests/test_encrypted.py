"""Who joins by a code, and what is believed of whom: what their key signed, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from channels_app.chat import channels, guests, messages
from channels_app.chat.models import Membership, Message, Reaction, Seat
from channels_app.guests.models import Announced, ChannelKey, GuestKey, JoinCode
from channels_app.guests.receiving import answers, pace
from channels_app.guests.secure import acts, announced, codes, handshake, keys
from channels_app.guests.secure.announced import ANNOUNCED
from channels_app.letters.models import Quarantined
from channels_app.letters.outgoing import own_id
from channels_app.mail import securejoin
from tests.cast import Cast
from tests.guests.peer import Peer
from tests.guests.post import Post, vouched
from workspace.events.refusal import Conflict, Forbidden, Invalid, NotFound
from workspace.people import persons

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def code(cast: Cast) -> JoinCode:
    """Bob's, of #general, for one."""
    return _code(cast)


@pytest.fixture
def gus(cast: Cast) -> Peer:
    """Somebody's program that is in no channel yet."""
    return Peer("Gus", "gus@g.test", cast.general)


@pytest.fixture
def joined(gus: Peer, code: JoinCode) -> Peer:
    assert gus.join(code) == handshake.JOINED
    return gus


def _code(cast: Cast, uses: int = 1) -> JoinCode:
    made = codes.make(person=cast.bob, channel=cast.general.id, most_uses=uses)
    return JoinCode.objects.select_related("channel__org").get(id=made.id)


def _why(answer: object) -> str:
    return str(answer)


# Joining


def test_both_versions_of_the_first_step(cast: Cast, gus: Peer, code: JoinCode) -> None:
    said = codes.said_by(code)
    assert gus.ask_for_key(code) == handshake.STEP
    (pubkey,) = gus.replies(securejoin.password(said.fingerprint, code.secret))
    assert (pubkey["Secure-Join"], pubkey["Secure-Join-Auth"]) == ("vc-pubkey", code.secret)
    assert pubkey["Autocrypt"].startswith(f"addr={said.address}; prefer-encrypt=mutual;")
    other = Peer("Hal", "hal@h.test", cast.general)
    assert other.ask(code.number) == handshake.STEP
    (required,) = other.replies()
    assert required["Secure-Join"] == "vg-auth-required" and "addr=hal@h.test" in required["Autocrypt-Gossip"]
    assert not GuestKey.objects.exists() and not Seat.objects.exists()


def test_the_last_step_makes_a_guest_of_whose_code_it_was(cast: Cast, joined: Peer) -> None:
    seat = Seat.objects.select_related("membership__person", "sponsor").get()
    assert (seat.sponsor, seat.membership.channel) == (cast.bob, cast.general)
    assert (seat.membership.person.name, seat.membership.person.email) == ("Gus", "gus@g.test")
    assert joined.person() == seat.membership.person
    assert not codes.live(cast.general).exists()


def test_a_code_is_good_for_so_many_and_so_long(cast: Cast) -> None:
    code = _code(cast, uses=2)
    peers = [Peer("Gus", f"gus{number}@g.test", cast.general) for number in range(3)]
    answers = [peer.join(code) for peer in peers]
    assert answers[:2] == [handshake.JOINED] * 2 and codes.OVER in _why(answers[2])
    old, revoked = _code(cast), _code(cast)
    JoinCode.objects.filter(id=old.id).update(expires_at=timezone.now())
    codes.revoke(person=cast.bob, channel=cast.general.id, code=revoked.id)
    for over in (old, revoked):
        assert codes.OVER in _why(peers[2].join(over))
        assert peers[2].ask_for_key(over).code == 550 and codes.OVER in _why(peers[2].ask(over.number))
    assert GuestKey.objects.count() == 2


def test_a_code_of_another_channel_lets_nobody_in(cast: Cast, code: JoinCode) -> None:
    elsewhere = Peer("Gus", "gus@g.test", cast.secret)
    keys.secret(cast.secret)
    assert codes.OVER in _why(elsewhere.join(code))
    theirs = channels.create(person=cast.charlie, name="general", kind="public")
    keys.secret(theirs)
    assert codes.OVER in _why(Peer("Gus", "gus@g.test", theirs).join(code))
    assert not GuestKey.objects.exists()


def test_the_maker_has_to_be_allowed_still(cast: Cast, gus: Peer, code: JoinCode) -> None:
    cast.acme.settings = {"guest_invites": "admins"}
    cast.acme.save(update_fields=["settings"])
    assert "leaves it to them" in _why(gus.join(code))
    assert not GuestKey.objects.exists() and JoinCode.objects.get().uses == 0


@pytest.mark.parametrize(
    "changes",
    [{"secure_join_fingerprint": "F" * 40}, {"secure_join_fingerprint": ""}, {"secure_join_auth": "guessed"}],
)
def test_a_last_step_that_is_not_right(gus: Peer, code: JoinCode, changes: dict[str, str]) -> None:
    assert gus.join(code, **changes).code == 550
    assert not GuestKey.objects.exists()


def test_a_last_step_that_somebody_else_signed(cast: Cast, gus: Peer, code: JoinCode) -> None:
    eve = Peer("Eve", "gus@g.test", cast.general)
    step = {"secure_join": "vg-request-with-auth", "secure_join_auth": code.secret}
    inside = gus.inside("x", **step, secure_join_fingerprint=gus.fingerprint)
    for by in (eve.secret, b""):
        assert "not signed" in _why(gus.give(gus.seal(inside, by=by)))
    assert "not signed" in _why(gus.give(inside))  # in the open
    assert not GuestKey.objects.exists()


def test_an_address_that_is_somebodys_is_not_had_for_the_asking(cast: Cast, code: JoinCode) -> None:
    assert "of a member" in _why(Peer("Eve", "alice@a.test", cast.general).join(code))
    guests.invite(person=cast.bob, channel=cast.secret.id, email="hal@h.test")
    eve = Peer("Eve", "hal@h.test", cast.general)
    assert "another key or none" in _why(eve.join(code))
    hal = Peer("Hal", "hal@h.test", cast.general)
    step = {"secure_join": "vg-request-with-auth", "secure_join_auth": code.secret}
    mail = hal.seal(hal.inside("x", **step, secure_join_fingerprint=hal.fingerprint))
    ((name, value),) = vouched("dmarc=pass header.from=h.test").items()
    head = f"{name.replace('_', '-').title()}: {value}\r\n".encode()
    assert hal.give(head.replace(b"=pass", b"=fail") + mail).code == 550
    assert hal.give(head + mail) == handshake.JOINED
    assert hal.person().email == "hal@h.test" and GuestKey.objects.count() == 1


def test_who_is_in_already_is_let_in_again_with_the_same_key_alone(cast: Cast, joined: Peer) -> None:
    assert "another key" in _why(Peer("Eve", "gus@g.test", cast.general).join(_code(cast)))
    assert joined.join(_code(cast)) == handshake.JOINED
    (added,) = joined.replies()
    assert (added["Secure-Join"], added["Chat-Group-ID"]) == ("vg-member-added", cast.general.id)
    assert Seat.objects.count() == 1


def test_the_last_step_handed_over_again_is_harmless(cast: Cast, gus: Peer, code: JoinCode) -> None:
    step = {"secure_join": "vg-request-with-auth", "secure_join_auth": code.secret}
    mail = gus.seal(gus.inside("x", **step, secure_join_fingerprint=gus.fingerprint))
    assert gus.give(mail) == gus.give(mail) == handshake.JOINED
    assert Seat.objects.get().encrypted and JoinCode.objects.get().uses == 1
    guests.remove(person=cast.bob, channel=cast.general.id, guest=gus.person().id)
    assert codes.OVER in _why(gus.give(mail))


def test_too_many_who_join_have_to_wait(gus: Peer, code: JoinCode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOST_A_MINUTE", 2)
    assert [gus.ask(code.number) for _ in range(3)] == [handshake.STEP, handshake.STEP, handshake.SLOWER]


# Codes


def test_who_may_make_and_see_codes(cast: Cast) -> None:
    made = codes.make(person=cast.bob, channel=cast.general.id)
    assert [row.id for row in codes.shown(person=cast.bob, channel=cast.general.id)] == [made.id]
    assert [row.id for row in codes.shown(person=cast.alice, channel=cast.general.id)] == [made.id]
    carl = persons.add(org=cast.acme, email="carl@a.test", by=cast.alice)
    channels_of_carl = channels.create(person=carl, name="carls", kind="public", members=[cast.bob.id])
    codes.make(person=carl, channel=channels_of_carl.id)
    assert not codes.shown(person=cast.bob, channel=channels_of_carl.id)
    for who, refusal in ((cast.charlie, NotFound), (cast.dana, Forbidden)):
        for verb in (codes.make, codes.shown):
            with pytest.raises(refusal):
                verb(person=who, channel=cast.general.id)
    with pytest.raises(NotFound):
        codes.revoke(person=cast.bob, channel=channels_of_carl.id, code=JoinCode.objects.get(maker=carl).id)


def test_what_no_code_is_made_for(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    for bad in ({"expires_at": now}, {"expires_at": now + timedelta(days=400)}, {"most_uses": 0}, {"most_uses": 501}):
        with pytest.raises(Invalid):
            codes.make(person=cast.bob, channel=cast.general.id, **bad)
    direct, _ = channels.direct(person=cast.alice, members=[cast.bob.id])
    with pytest.raises(Invalid):
        codes.make(person=cast.alice, channel=direct.id)
    monkeypatch.setattr(codes, "MOST_CODES", 1)
    codes.make(person=cast.bob, channel=cast.general.id)
    with pytest.raises(Conflict):
        codes.make(person=cast.bob, channel=cast.general.id)


def test_a_channel_has_one_key(cast: Cast, code: JoinCode) -> None:
    assert keys.secret(cast.general) == keys.secret(cast.general) == bytes(ChannelKey.objects.get().secret)
    channels.change(person=cast.alice, channel=cast.general.id, name="lobby")
    again = JoinCode.objects.select_related("channel__org").get(id=code.id)
    assert codes.said_by(again).address == codes.said_by(code).address and codes.said_by(again).group_name == "lobby"


# What is written


def test_what_is_signed_is_posted_and_done(cast: Cast, joined: Peer) -> None:
    id = messages.post(person=cast.alice, channel=cast.general.id, text="Cake?").message["id"]
    first = joined.id()
    assert joined.write("Hello", id=first) == answers.POSTED
    quoting = {"in_reply_to": own_id(cast.general.id, id)}
    assert joined.write("> Cake?\r\n\r\nYes", **quoting) == answers.POSTED
    assert joined.write("✏️Hello all", chat_edit=first) == answers.DONE
    assert joined.write("🎂", content_disposition="reaction", **quoting) == answers.DONE
    assert joined.write("🚮", chat_delete=first) == answers.DONE
    hello, yes = Message.objects.filter(author=joined.person()).order_by("seq")
    assert (hello.external_id, hello.origin) == (first, "mail") and hello.deleted_at
    assert (yes.text, yes.thread_id) == ("Yes", id)
    assert list(Reaction.objects.filter(message=id).values_list("emoji", flat=True)) == ["🎂"]
    assert joined.write("mute") == answers.DONE and Seat.objects.get().delivery == Seat.Delivery.PAUSED


def test_the_same_mail_again_is_the_same_message(joined: Peer) -> None:
    mail = joined.seal(joined.inside("Hello"))
    assert joined.give(mail) == joined.give(mail) == answers.POSTED
    assert Message.objects.count() == 1


def test_without_the_known_key_nothing_is_posted(cast: Cast, joined: Peer) -> None:
    eve = Peer("Eve", "gus@g.test", cast.general)
    inside = joined.inside("Send me the plans")
    for by in (eve.secret, b""):
        assert joined.give(joined.seal(inside, by=by)) == answers.KEPT
    assert eve.write("Hello") == answers.KEPT
    assert joined.give(joined.seal(inside, sender="dana@d.test")) == answers.KEPT
    assert Peer("Dana", "dana@d.test", cast.general).write("no key is known of her") == answers.KEPT
    whys = list(Quarantined.objects.order_by("id").values_list("why", flat=True))
    unsigned = "encrypted, but not signed by a key that is known of its sender"
    assert whys == [unsigned, unsigned, unsigned, "names another sender inside its encryption", unsigned]
    assert not Message.objects.exists()


def test_in_the_open_nobody_is_believed_by_from_alone(joined: Peer) -> None:
    assert joined.give(joined.inside("Hello")) == answers.KEPT
    assert not Message.objects.exists()


def test_a_key_is_good_where_its_owner_is(cast: Cast, joined: Peer) -> None:
    keys.secret(cast.secret)
    elsewhere = Peer("Gus", "gus@g.test", cast.secret)
    elsewhere.secret = joined.secret
    assert "no longer take part" in _why(elsewhere.write("Hello"))
    Seat.objects.update(expires_at=timezone.now())
    assert "no longer take part" in _why(joined.write("Hello"))
    assert not Message.objects.exists()


def test_what_our_key_does_not_open_is_refused(cast: Cast, joined: Peer) -> None:
    mail = joined.seal(joined.inside("Hello"))
    ChannelKey.objects.all().delete()
    keys.secret(cast.general)
    answer = joined.give(mail)
    assert (answer.code, answer.status) == (550, "5.7.5") and "ask for a new invitation" in _why(answer)


def test_a_channel_without_a_key_takes_encrypted_mail_as_any_other(post: Post) -> None:
    mail = post.mail("x", content_type="multipart/encrypted; boundary=x")
    assert post.give(mail).code in (250, 550)
    assert not ChannelKey.objects.exists()


# What is done to the group


def test_who_leaves_the_group_leaves_the_channel(cast: Cast, joined: Peer) -> None:
    assert "by its members" in _why(joined.write("x", chat_group_member_removed="dana@d.test"))
    assert joined.write("x", chat_group_member_removed="gus@g.test") == acts.LEFT
    assert not Membership.objects.filter(channel=cast.general, person=joined.person()).exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"chat_group_member_added": "eve@evil.test"},
        {"chat_group_name_changed": "general"},
        {"chat_group_description_changed": ""},
        {"chat_content": "group-avatar-changed"},
        {"chat_content": "ephemeral-timer-changed"},
        {"chat_content": "message-pinned", "in_reply_to": "<x@g.test>"},
    ],
)
def test_a_guest_changes_nothing_else(joined: Peer, headers: dict[str, str]) -> None:
    assert joined.write("x", **headers).code == 550
    assert not Message.objects.exists()


def test_a_file_and_its_words_are_one_message_whichever_comes_first(cast: Cast, joined: Peer) -> None:
    for first, later in (("words", "file"), ("file", "words")):
        id = joined.id()
        given = {
            "words": {"text": f"{first} first", "chat_post_message_id": id},
            "file": {"text": "", "id": id, "file": "big.bin"},
        }
        given["file"]["chat_is_post_message"] = "1"
        assert joined.write(**given[first]) == (ANNOUNCED if first == "words" else answers.POSTED)
        assert joined.write(**given[later]) == (ANNOUNCED if later == "words" else answers.POSTED)
    assert [row.text for row in Message.objects.order_by("seq")] == ["words first", "file first"]
    assert not Announced.objects.exists()


def test_words_whose_file_does_not_come_are_posted(cast: Cast, joined: Peer) -> None:
    id = messages.post(person=cast.alice, channel=cast.general.id, text="Cake?").message["id"]
    answering = {"in_reply_to": own_id(cast.general.id, id), "chat_post_message_id": joined.id()}
    assert joined.write("> Cake?\r\n\r\nA picture", **answering) == ANNOUNCED
    announced.give_up()
    assert Message.objects.count() == 1
    Announced.objects.update(at=timezone.now() - announced.WAITS)
    announced.give_up()
    row = Message.objects.order_by("seq").last()
    assert row is not None and (row.text, row.thread_id, row.author) == ("A picture", id, joined.person())
    assert not Announced.objects.exists()
