"""What a guest's mail becomes: a post in its thread, an act on a message, a command."""

from __future__ import annotations

import base64

import pytest

from channels_app.chat import channels, guests, reactions
from channels_app.chat.models import Attachment, Reaction, Seat
from channels_app.files.models import StoredFile
from channels_app.guests.models import Subject
from channels_app.guests.receiving import answers, commands, subjects
from channels_app.mail import parse
from tests.guests.post import Post, vouched

DELTA = ('"Alice" <alice@a.test>', '"Dana" <dana@d.test>')


def test_a_reply_is_a_post_in_its_thread_with_the_quote_folded(post: Post) -> None:
    root, message_id = post.said("Lunch?")
    text = "Yes, at noon.\n\nOn Mon, Apr 2, 2026 at 6:26 PM, Alice <alice@a.test> wrote:\n\n> Lunch?"
    assert post.write(text, in_reply_to=message_id, message_id="<yes@d.test>") == answers.POSTED
    row = post.last()
    assert (row.text, row.thread_id, row.author, row.origin) == ("Yes, at noon.", root, post.cast.dana, "mail")
    assert row.external_id == "<yes@d.test>" and row.quoted and "> Lunch?" in row.quoted


def test_an_answer_to_a_guests_own_mail_is_in_the_thread_it_began(post: Post) -> None:
    post.write("Who has the key?", subject="Key", message_id="<key@d.test>")
    post.write("Found it.", in_reply_to="<key@d.test>")
    root, answer = post.all()
    assert (root.thread_id, answer.thread_id) == (None, root.id)


@pytest.mark.parametrize("eml", ["gmail", "outlook", "apple_mail", "android", "yahoo"])
def test_the_programs_people_have(post: Post, eml: str) -> None:
    raw = post.eml(f"replies/{eml}.eml")
    sender = (parse(raw).from_ or pytest.fail("no sender")).email
    guest = guests.invite(person=post.cast.bob, channel=post.cast.general.id, email=sender).membership.person
    post.cast.dana = guest
    assert post.give(raw, sender=sender) == answers.POSTED
    assert post.last().text and ">" not in post.last().text


def test_files_come_along_once(post: Post) -> None:
    raw = post.eml("quirks/pdf_filename_simple.eml", ("mailuser@silverjuke.net", "dana@d.test"))
    assert post.give(raw) == post.give(raw) == answers.POSTED
    (row,) = post.all()
    assert [one.file.name for one in Attachment.objects.filter(message=row)] == ["simple.pdf"]
    assert StoredFile.objects.count() == 1


def test_files_are_not_stored_for_a_post_that_is_refused(post: Post) -> None:
    channels.archive(person=post.cast.alice, channel=post.cast.general.id)
    raw = post.mail("Zm9v", content_type="text/csv; name=a.csv", content_transfer_encoding="base64")
    answer = post.give(raw)
    assert (answer.code, answer.status) == (550, "5.2.1") and "archived" in answer.text
    assert post.untouched() and not StoredFile.objects.exists()


def test_the_same_mail_twice_is_one_post(post: Post) -> None:
    raw = post.mail("Once")
    again = b"Received: from elsewhere\r\n" + raw
    nameless = post.mail("Twice", message_id="")
    carried = b"Received: by us\r\n\tagain\r\nX-Spam: no\r\nReturn-Path: <dana@d.test>\r\n" + nameless
    for one in (raw, again, nameless, carried):
        assert post.give(one) == answers.POSTED
    assert post.give(raw, to=post.plain).code == 250
    assert [row.text for row in post.all()] == ["Once", "Twice"]


# Chat clients


def test_delta_chat_reacts_and_takes_it_back(post: Post) -> None:
    target, message_id = post.said("With MDN request")
    raw = post.eml(
        "deltachat/04-reaction-unencrypted.eml", DELTA, ("<179548905783.786.10097459009346438450@b.test>", message_id)
    )
    assert post.give(raw) == post.give(raw) == answers.DONE
    assert list(Reaction.objects.values_list("message_id", "person_id", "emoji")) == [(target, post.cast.dana.id, "👍")]
    reactions.add(person=post.cast.bob, message=target, emoji="👍")
    assert post.give(raw.replace(b"8J+RjQ==", base64.b64encode("🎉".encode()))) == answers.DONE
    assert set(Reaction.objects.values_list("person_id", "emoji")) == {
        (post.cast.dana.id, "🎉"),
        (post.cast.bob.id, "👍"),
    }
    assert post.give(raw.replace(b"8J+RjQ==", b"")) == answers.DONE
    assert not Reaction.objects.filter(person=post.cast.dana).exists()


def test_delta_chat_edits_what_it_wrote(post: Post) -> None:
    post.said("Anything?")
    assert post.give(post.eml("deltachat/05-text-unencrypted.eml", DELTA)) == answers.POSTED
    assert (post.last().text, post.last().thread_id) == ("A typo mesage", None)
    edit = post.eml("deltachat/06-edit-unencrypted.eml", DELTA)
    assert post.give(edit) == post.give(edit) == answers.DONE
    assert post.last().text == "A typo message"
    assert post.last().revisions.count() == 1


def test_a_chat_answers_by_quoting_only(post: Post) -> None:
    root, message_id = post.said("Please confirm")
    known = ("<179548905783.786.10097459009346438450@b.test>", message_id)
    assert post.give(post.eml("deltachat/08-quote-reply-unencrypted.eml", DELTA, known)) == answers.POSTED
    assert (post.last().text, post.last().thread_id) == ("quoting you", root)
    assert post.give(post.eml("deltachat/05-text-unencrypted.eml", DELTA, known)) == answers.POSTED
    assert post.last().thread_id is None
    post.write("Hi\n\n-- \nSent with Delta Chat", chat_version="1.0", in_reply_to=message_id)
    assert (post.last().text, post.last().thread_id) == ("Hi", None)
    assert not Subject.objects.exists()


def test_guests_delete_what_is_theirs_and_nothing_else(post: Post) -> None:
    post.write("oops", message_id="<oops@d.test>")
    mine = post.last()
    assert post.write("🚮", chat_delete="<oops@d.test>", chat_version="1.0") == answers.DONE
    mine.refresh_from_db()
    assert mine.deleted_at is not None
    hers, message_id = post.said("hers")
    for header in ("chat_edit", "chat_delete"):
        answer = post.write("mine now", chat_version="1.0", **{header: message_id})
        assert (answer.code, answer.status) == (550, "5.7.1")
    assert post.last().text == "hers" and post.last().id == hers and not post.kept()


def test_what_is_about_nothing_here_is_kept(post: Post) -> None:
    _, elsewhere = post.said("secret", channel=post.cast.secret)
    assert post.write("🎉", content_disposition="reaction", in_reply_to=elsewhere) == answers.KEPT
    assert post.kept() == ["is about a message that is not here"]
    assert post.write("📌", chat_content="message-pinned", chat_version="1.0", in_reply_to=elsewhere).code == 550


# Threads by subject


def test_an_answer_without_ids_goes_by_its_subject(post: Post) -> None:
    post.write("First", subject="Offsite")
    post.write("Second", subject="  offsite, again")
    post.write("Third", subject="Offsite")
    first, _, third = post.all()
    for subject in ("Re: Offsite", "AW: RE[2]: [general] Offsite", "Re: [general] Re: Offsite"):
        post.write("And?", subject=subject)
        assert post.last().thread_id == third.id
    post.write("And?", subject="Offsite")
    post.write("And?", subject="Re: OFFSITE 2")
    assert [row.thread_id for row in post.all()[-2:]] == [None, None]
    assert Subject.objects.get(message=first).subject == "Offsite"
    assert Subject.objects.get(message=post.last()).subject == "OFFSITE 2"


def test_subjects_stay_in_their_channel_and_their_length(post: Post) -> None:
    subjects.keep([(post.cast.secret, post.said("x", channel=post.cast.secret)[0], "Plans")])
    assert subjects.thread_of(post.cast.general, "Re: Plans") is None
    post.write("Hi", subject="x" * 900)
    assert Subject.objects.get(message=post.last()).subject == "x" * 250
    post.write("Hi", subject="Re: " + "x" * 900)
    assert post.last().thread_id is not None
    assert subjects.thread_of(post.cast.general, "Re: " * 200) is None


# Commands


@pytest.mark.parametrize(
    ("text", "delivery"),
    [("mute", "paused"), ("MUTE.", "paused"), ("every message", "every"), ("unmute", "every"),
     ("\n Mentions \n\nDana\n-- \nDana Doe", "mentions"), ("digest  daily", "daily"),
     ("Digest hourly.", "hourly"), ("digest hourly\n\nOn Monday 2026-01-01 Alice wrote:\n> lunch", "hourly")],
)  # fmt: skip
def test_a_word_says_what_a_guest_wants(post: Post, text: str, delivery: str) -> None:
    Seat.objects.update(delivery="mentions" if delivery != "mentions" else "every")
    assert post.write(text) == post.write(text) == answers.DONE
    assert Seat.objects.get().delivery == delivery
    assert post.untouched()


@pytest.mark.parametrize(
    ("text", "subject"),
    [("Leave", "Re: [general] Lunch?"), ("", "leave"), ("This message was automatically generated by Gmail.", "leave")],
)
def test_a_guest_leaves_by_a_word(post: Post, text: str, subject: str) -> None:
    raw = post.mail(text, subject=subject)
    assert post.give(raw) == answers.DONE
    assert not Seat.objects.exists()
    assert post.give(raw) == answers.DONE
    late = post.write("One more thing")
    assert (late.code, late.text) == (550, "You no longer take part in general.")


@pytest.mark.parametrize(
    "text",
    ["leave it", "All.", "daily", "all\n" + "of us\n" * 9, "please mute", "Everything", "> leave\n\nShould she?"],
)
def test_what_only_looks_like_a_command_is_posted(post: Post, text: str) -> None:
    assert post.write(text, in_reply_to="<x@y.test>") == answers.POSTED
    assert Seat.objects.get().delivery == "every"


def test_a_word_at_the_channels_own_address_is_a_post(post: Post) -> None:
    assert post.write("leave", to=post.plain, **vouched()) == answers.POSTED
    assert (post.last().text, Seat.objects.count()) == ("leave", 1)
    assert commands.read(parse(post.mail("leave", chat_content="editrequest"))) is None


def test_a_word_in_answer_to_our_mail_needs_no_tag(post: Post) -> None:
    """Microsoft 365 drops it. Members say what they like."""
    _, id = post.said("Lunch?")
    answer = {"in_reply_to": id, **vouched("dmarc=pass header.from=a.test")}
    assert post.write("leave", to=post.plain, sender="bob@a.test", **answer) == answers.POSTED
    assert post.write("leave", to=post.plain, in_reply_to=id) == answers.KEPT
    assert Seat.objects.exists()
    assert post.write("leave", to=post.plain, in_reply_to=id, **vouched()) == answers.DONE
    assert not Seat.objects.exists()


def test_a_guest_leaves_an_archived_channel(post: Post) -> None:
    channels.archive(person=post.cast.alice, channel=post.cast.general.id)
    assert post.write("leave") == answers.DONE
    assert not Seat.objects.exists()
