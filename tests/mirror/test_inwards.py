"""What people append with their mail programs becomes posts, or goes to quarantine; nothing of it is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from imapclient import IMAPClient

from channels_app.chat import channels, messages, reactions
from channels_app.chat.models import Attachment, Channel, Message
from channels_app.files import storage
from channels_app.letters import held
from channels_app.letters.models import Quarantined
from channels_app.mirror import inwards, settling
from channels_app.mirror.imap import Mailbox
from channels_app.mirror.models import Arrival, Folder
from tests.cast import Cast
from tests.mirror.conftest import MailProgram, carry, folder, pull, raw_mail, ring, texts
from workspace.people.models import Person
from workspace.signin.app_passwords import mailbox_name

pytestmark = pytest.mark.xdist_group("dovecot")


def _general(cast: Cast) -> str:
    return f"Channels/{cast.acme.slug}/general"


def _our_id(channel: Channel, message: str) -> str:
    return f"<chat$group.{channel.id}.{message}@roost.localhost>"


def _quarantined(channel: Channel) -> list[tuple[str, str]]:
    return list(Quarantined.objects.filter(stream=channel.stream).order_by("uid").values_list("sender", "why"))


def test_what_bob_appends_is_a_post_in_the_thread_it_answers(cast: Cast, program: MailProgram) -> None:
    root = messages.post(person=cast.alice, channel=cast.general.id, text="Lunch?").message
    carry()
    client = program(cast.bob)
    answered = _our_id(cast.general, root["id"])
    mail = raw_mail(cast.bob, "Yes.\r\n\r\n> Lunch?\r\n", Message_ID="<a1@b.test>", In_Reply_To=answered)
    client.append(_general(cast), mail)
    client.append(_general(cast), raw_mail(cast.bob, "With soup.", In_Reply_To="<a1@b.test>"))
    pull(cast.general)
    pull(cast.general)
    first, second = Message.objects.filter(channel=cast.general, origin="imap").order_by("seq")
    assert (first.text, first.thread_id, first.author_id) == ("Yes.", root["id"], cast.bob.id)
    assert first.quoted and "Lunch?" in first.quoted
    assert (second.text, second.thread_id) == ("With soup.", root["id"])
    carry()
    assert texts(client, _general(cast)) == ["Lunch?", "Yes.", "With soup."]


def test_files_come_with_the_mail_and_more_than_fit_as_an_archive(cast: Cast, program: MailProgram) -> None:
    carry()
    parts = [f'--x\r\nContent-Type: text/x-log; name="f{n}.log"\r\n\r\nfile {n}\r\n' for n in range(25)]
    body = "\r\n".join(["--x\r\nContent-Type: text/plain\r\n\r\nlook\r\n", *parts, "--x--\r\n"])
    head = f"From: {cast.bob.email}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    program(cast.bob).append(_general(cast), (head + body).encode())
    pull(cast.general)
    row = Message.objects.get(channel=cast.general)
    files = [one.file for one in Attachment.objects.filter(message=row).order_by("position")]
    assert (row.text, len(files), files[0].name, files[-1].name) == ("look", 20, "f0.log", "more-files.zip")
    with storage.open_file(files[3].key) as content:
        assert content.read().strip() == b"file 3"


@pytest.mark.parametrize("who, why", [("alice", "somebody else"), ("charlie", "no member"), ("amy", "somebody else")])
def test_a_mail_in_anothers_name_goes_to_quarantine(cast: Cast, program: MailProgram, who: str, why: str) -> None:
    carry()
    client = program(cast.bob)
    raw = raw_mail(cast.named(who), "I am not Bob", Message_ID="<a2@b.test>")
    client.append(_general(cast), raw)
    pull(cast.general)
    assert not Message.objects.filter(channel=cast.general).exists()
    row = Quarantined.objects.get(stream=cast.general.stream)
    assert why in row.why and row.user.startswith("bob@") and row.sender == cast.named(who).email
    with storage.open_file(row.key) as content:
        assert content.read() == raw
    assert texts(client, _general(cast)) == []
    pull(cast.general)
    assert Quarantined.objects.count() == 1


def test_what_is_released_is_back_in_the_folder_once(cast: Cast, program: MailProgram) -> None:
    carry()
    client = program(cast.bob)
    client.append(_general(cast), raw_mail(cast.alice, "By my phone", Message_ID="<a2@a.test>"))
    pull(cast.general)
    assert texts(client, _general(cast)) == []
    held.release(person=cast.amy, held=Quarantined.objects.get().id)
    carry()
    pull(cast.general)
    carry()
    assert texts(client, _general(cast)) == ["By my phone"]
    row = Message.objects.get(channel=cast.general)
    assert (row.author, row.origin, row.external_id) == (cast.alice, "imap", "<a2@a.test>")
    held.expire()
    assert Quarantined.objects.count() == 1 and _quarantined(cast.general)[0][0] == cast.alice.email


def test_a_forged_id_of_ours_is_not_believed(cast: Cast, program: MailProgram) -> None:
    posted = messages.post(person=cast.alice, channel=cast.general.id, text="I owe Bob nothing").message
    carry()
    client = program(cast.bob)
    forged = raw_mail(cast.alice, "I owe Bob 100", Message_ID=_our_id(cast.general, posted["id"]))
    client.append(_general(cast), forged)
    pull(cast.general)
    assert texts(client, _general(cast)) == ["I owe Bob nothing"]
    assert "not what we wrote" in _quarantined(cast.general)[0][1]


def test_a_copy_within_the_folder_is_removed_and_one_from_another_folder_is_a_post(
    cast: Cast, program: MailProgram
) -> None:
    messages.post(person=cast.bob, channel=cast.secret.id, text="mine")
    messages.post(person=cast.alice, channel=cast.general.id, text="hers")
    carry()
    client = program(cast.bob)
    client.select_folder(f"Channels/{cast.acme.slug}/secret")
    client.copy(client.search(), _general(cast))
    client.select_folder(_general(cast))
    client.copy([1], _general(cast))
    pull(cast.general)
    carry()
    assert texts(client, _general(cast)) == ["hers", "mine"]
    assert Message.objects.get(channel=cast.general, text="mine").origin == "imap"


def test_a_mail_waits_for_its_bell_and_holds_up_no_other(cast: Cast, program: MailProgram, tmp_path: object) -> None:
    carry()
    client = program(cast.bob)
    client.append(_general(cast), raw_mail(cast.bob, "first", Message_ID="<w1@b.test>"))
    settling.settle(cast.general.stream)  # a sweep that was quicker than the bell
    assert not Message.objects.exists()
    messages.post(person=cast.alice, channel=cast.general.id, text="meanwhile")
    carry()
    assert texts(client, _general(cast)) == ["first", "meanwhile"]
    pull(cast.general)
    assert sorted(Message.objects.values_list("text", flat=True)) == ["first", "meanwhile"]
    pull(cast.general)
    row = folder(cast.general)
    assert (row.uidnext, row.held, Arrival.objects.count()) == (3, 2, 0)


def test_a_mail_nobody_rang_for_is_kept_apart(cast: Cast, server: Mailbox, program: MailProgram) -> None:
    carry()
    server.client.append(_general(cast), raw_mail(cast.bob, "by whom?"))  # the mirror's own account rings no bell
    pull(cast.general)
    assert texts(server, _general(cast)) == ["by whom?"]
    Arrival.objects.update(at=timezone.now() - timedelta(minutes=2))
    pull(cast.general)
    assert _quarantined(cast.general) == [("bob@a.test", "nobody knows who appended it")]
    assert texts(server, _general(cast)) == []


def test_edits_deletions_and_reactions_by_mail(cast: Cast, program: MailProgram) -> None:
    mine = messages.post(person=cast.bob, channel=cast.general.id, text="frist").message
    other = messages.post(person=cast.alice, channel=cast.general.id, text="hers").message
    gone = messages.post(person=cast.bob, channel=cast.general.id, text="oops").message
    reactions.add(person=cast.bob, message=other["id"], emoji="👎")
    carry()
    client = program(cast.bob)
    for message, content, text in (
        (mine, "Chat-Content: editrequest", "first"),
        (gone, "Chat-Content: deleterequest", "deleted"),
        (other, "Chat-Content: editrequest", "not yours"),
        (other, "Content-Disposition: reaction", "🎉 👍"),
    ):
        head = f"From: {cast.bob.email}\r\nChat-Version: 1.0\r\nIn-Reply-To: {_our_id(cast.general, message['id'])}"
        mail = f"{head}\r\n{content}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        client.append(_general(cast), mail.encode())
    pull(cast.general)
    carry()
    assert texts(client, _general(cast)) == ["hers", "first"]
    assert {row.emoji for row in Message.objects.get(id=other["id"]).reactions.all()} == {"🎉", "👍"}
    assert _quarantined(cast.general) == [("bob@a.test", "You may not do this.")]


def test_an_edit_of_a_mail_keeps_its_id(cast: Cast, program: MailProgram) -> None:
    carry()
    client = program(cast.bob)
    client.append(_general(cast), raw_mail(cast.bob, "frist", Message_ID="<e1@b.test>"))
    pull(cast.general)
    posted = Message.objects.get(channel=cast.general)
    messages.edit(person=cast.bob, message=posted.id, text="first")
    carry()
    client.append(_general(cast), raw_mail(cast.bob, "answer", In_Reply_To="<e1@b.test>"))
    pull(cast.general)
    carry()
    assert texts(client, _general(cast)) == ["first", "answer"]
    client.select_folder(_general(cast))
    heads = client.fetch(client.search(), ["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"])
    assert any(b"<e1@b.test>" in value for row in heads.values() for value in row.values() if isinstance(value, bytes))
    assert Message.objects.get(text="answer").thread_id == posted.id


def test_nobody_posts_by_mail_what_they_may_not_post(cast: Cast, server: Mailbox) -> None:
    news = channels.create(person=cast.alice, name="news", kind="announcement", members=[cast.bob.id])
    carry()
    name = folder(news).name
    _append_as(server, news, name, cast.bob, raw_mail(cast.bob, "me too"))
    settling.settle(news.stream)
    assert not Message.objects.filter(channel=news).exists() and len(_quarantined(news)) == 1


def _append_as(server: Mailbox, channel: Channel, name: str, person: Person, raw: bytes) -> int:
    """Append with the server's account, and ring as if the person had."""
    uid = int(server.client.append(name, raw).rpartition(b"]")[0].split()[-1])
    row = folder(channel)
    Arrival.objects.create(folder=row, uidvalidity=row.uidvalidity, uid=uid, user=mailbox_name(person))
    return uid


HOSTILE = {
    "no headers": b"just text\r\n",
    "nothing": b"\r\n",
    "no From": b"Subject: x\r\n\r\nhi\r\n",
    "two From": b"From: bob@a.test\r\nFrom: alice@a.test\r\n\r\nhi\r\n",
    "wrong charset": b"From: bob@a.test\r\nContent-Type: text/plain; charset=klingon\r\n\r\nqapla \xff\xfe\r\n",
    "NUL": b"From: bob@a.test\r\nMessage-ID: <n\x00ul@x>\r\n\r\na\x00b\r\n",
    "1904": b"From: bob@a.test\r\nDate: Fri, 01 Jan 1904 00:00:00 +0000\r\n\r\nold\r\n",
    "html only": b"From: bob@a.test\r\nContent-Type: text/html\r\n\r\n<p>Hi <b>you</b><script>alert(1)</script>\r\n",
    "10,000 parts": b"From: bob@a.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\n\r\nx\r\n" * 10_000
    + b"--b--\r\n",
    "1,000 deep": b"From: bob@a.test\r\n"
    + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1000)),
}


def test_hostile_mails_are_posted_or_kept_apart_and_nothing_stops(cast: Cast, program: MailProgram) -> None:
    carry()
    client = program(cast.bob)
    for raw in HOSTILE.values():
        client.append(_general(cast), raw)
    client.append(_general(cast), raw_mail(cast.bob, "still alive"))
    pull(cast.general)
    carry()
    posted = list(Message.objects.filter(channel=cast.general).order_by("seq").values_list("text", flat=True))
    assert len(posted) + len(_quarantined(cast.general)) == len(HOSTILE) + 1
    assert posted[-1] == "still alive" and "Hi **you**" in posted and "old" in posted
    assert not any("alert(1)" in text or "\0" in text for text in posted)
    assert len(texts(client, _general(cast))) == len(posted)


def test_of_mails_with_one_message_id_none_is_lost(cast: Cast, program: MailProgram) -> None:
    carry()
    client = program(cast.bob)
    for text in ("one", "two", "two"):
        client.append(_general(cast), raw_mail(cast.bob, text, Message_ID="<same@b.test>"))
    client.append(_general(cast), raw_mail(cast.bob, "answer", In_Reply_To="<same@b.test>"))
    pull(cast.general)
    carry()
    posted = list(Message.objects.filter(channel=cast.general).order_by("seq").values_list("text", flat=True))
    assert set(posted) == {"one", "two", "answer"} and _quarantined(cast.general) == []
    assert Message.objects.get(text="answer").thread_id is not None
    assert texts(client, _general(cast)) == posted


def test_many_mails_are_taken_in_in_order(cast: Cast, program: MailProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inwards, "MAILS_AT_ONCE", 7)
    monkeypatch.setattr(inwards, "SPAN", 10)
    carry()
    _append_many(program(cast.bob), _general(cast), [raw_mail(cast.bob, f"n{n}") for n in range(45)])
    pull(cast.general)
    posted = list(Message.objects.filter(channel=cast.general).order_by("seq").values_list("text", flat=True))
    assert posted == [f"n{n}" for n in range(45)]
    row = folder(cast.general)
    assert (row.uidnext, row.held) == (46, 45)


def _append_many(client: IMAPClient, name: str, mails: list[bytes]) -> None:
    client.multiappend(name, mails)


def test_one_poisoned_mail_does_not_stop_those_beside_it(
    cast: Cast, program: MailProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    from channels_app.chat import posting

    real = posting.post_many

    def break_on_poison(what: list[posting.Posting]) -> list[posting.Outcome]:
        if any(one.text == "poison" for one in what):
            raise ValueError("a defect of ours")
        return real(what)

    monkeypatch.setattr(posting, "post_many", break_on_poison)
    carry()
    _append_many(program(cast.bob), _general(cast), [raw_mail(cast.bob, t) for t in ("one", "poison", "two")])
    pull(cast.general)
    assert list(Message.objects.order_by("seq").values_list("text", flat=True)) == ["one", "two"]
    assert "ValueError" in _quarantined(cast.general)[0][1]


def test_a_mail_that_is_too_big_is_kept_apart_in_pieces(
    cast: Cast, program: MailProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    from channels_app.mail import Limits
    from channels_app.mirror import quarantine

    monkeypatch.setattr(inwards, "LIMITS", Limits(size=1000))
    monkeypatch.setattr(quarantine, "PIECE", 300)
    carry()
    raw = raw_mail(cast.bob, "x" * 2000)
    program(cast.bob).append(_general(cast), raw)
    pull(cast.general)
    row = Quarantined.objects.get()
    with storage.open_file(row.key) as content:
        assert content.read() == raw
    assert Folder.objects.get(id=folder(cast.general).id).uidnext == 2


def test_bells_of_folders_nobody_knows_are_ignored(cast: Cast) -> None:
    from channels_app.mirror import ear

    event = {"event": "MessageAppend", "user": "x", "mailbox": "Channels/none/none", "uid": 1, "uid_validity": 1}
    assert ear.write_down([event]) == (set(), set())
    for line in (b"", b"{}", b"[1]", b'[{"event": "MessageAppend"}]', b'[{"event":1,"user":2,"mailbox":3}]'):
        with pytest.raises(ValueError):
            ear.read_bell(line)
    ring()
