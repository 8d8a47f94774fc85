"""Channels as folders of a real Dovecot: what people post is there, as it stands now."""

from __future__ import annotations

import pytest
from imapclient.exceptions import IMAPClientError

from channels_app.chat import channels, members, messages, pins, reactions
from channels_app.files import uploads
from channels_app.letters.models import Quarantined
from channels_app.mirror.imap import Mailbox
from channels_app.mirror.models import Copy, Folder
from tests.cast import Cast
from tests.mirror.conftest import MailProgram, carry, folder, read, streams, texts
from workspace.events import lanes
from workspace.people import persons

# One worker for all of them: the server has one file of app passwords.
pytestmark = pytest.mark.xdist_group("dovecot")


def _general(cast: Cast) -> str:
    return f"Channels/{cast.acme.slug}/general"


def test_bob_reads_the_channel_in_his_mail_program(cast: Cast, program: MailProgram) -> None:
    for text in ("one", "two", "three"):
        messages.post(person=cast.alice, channel=cast.general.id, text=text)
    carry()
    assert texts(program(cast.bob), _general(cast)) == ["one", "two", "three"]


def test_a_thread_is_a_thread_and_files_are_files(cast: Cast, server: Mailbox) -> None:
    root = messages.post(person=cast.alice, channel=cast.general.id, text="Lunch?").message
    file = uploads.store(uploader=cast.bob, name="menü.txt", chunks=["Spätzle".encode()])
    messages.post(person=cast.bob, channel=cast.general.id, text="Here", thread=root["id"], files=[file.id])
    carry()
    first, answer = read(server, _general(cast))
    assert answer.in_reply_to == first.message_id
    assert [(one.name, one.content, one.file_id) for one in answer.attachments] == [
        ("menü.txt", "Spätzle".encode(), file.id)
    ]
    assert answer.from_ and answer.from_.email == "bob@a.test"


def test_an_edit_replaces_the_mail_and_a_delete_removes_it(cast: Cast, server: Mailbox) -> None:
    first = messages.post(person=cast.alice, channel=cast.general.id, text="frist").message
    second = messages.post(person=cast.alice, channel=cast.general.id, text="second").message
    carry()
    server.select(_general(cast))
    before = server.client.fetch(server.uids(), ["INTERNALDATE"])
    messages.edit(person=cast.alice, message=first["id"], text="first")
    messages.delete(person=cast.alice, message=second["id"])
    carry()
    assert texts(server, _general(cast)) == ["first"]
    server.client.select_folder(_general(cast))
    after = server.client.fetch(server.uids(), ["INTERNALDATE"])
    assert [row[b"INTERNALDATE"] for row in after.values()] == [next(iter(before.values()))[b"INTERNALDATE"]]


def test_the_log_forgets_what_was_deleted(cast: Cast, server: Mailbox) -> None:
    posted = messages.post(person=cast.alice, channel=cast.general.id, text="my secret").message
    messages.edit(person=cast.alice, message=posted["id"], text="my other secret")
    carry()
    logged = read(server, f"{_general(cast)}/Log")
    assert "my other secret" in str([mail.event for mail in logged])
    messages.delete(person=cast.alice, message=posted["id"])
    carry()
    logged = read(server, f"{_general(cast)}/Log")
    assert "secret" not in str([(mail.event, mail.text) for mail in logged])
    assert sorted(mail.event["seq"] for mail in logged if mail.event) == [1, 2, 3, 4, 5, 7, 8]


def test_the_log_is_a_coi_conversation(cast: Cast, server: Mailbox) -> None:
    posted = messages.post(person=cast.alice, channel=cast.general.id, text="hello").message
    reactions.add(person=cast.bob, message=posted["id"], emoji="👍")
    reactions.add(person=cast.bob, message=posted["id"], emoji="🎉")
    pins.pin(person=cast.bob, message=posted["id"])
    carry()
    logged = read(server, f"{_general(cast)}/Log")
    (target,) = read(server, _general(cast))
    about = [mail for mail in logged if mail.in_reply_to == target.message_id]
    assert [mail.reaction for mail in about] == [("👍", "🎉"), ("👍", "🎉"), None]
    assert about[-1].pinned
    server.select(_general(cast))
    assert b"\\Flagged" in server.client.get_flags(server.uids())[server.uids()[0]]


def test_the_organization_has_a_log_nobody_reads(cast: Cast, server: Mailbox, program: MailProgram) -> None:
    carry()
    name = f"Channels/{cast.acme.slug}/Log"
    kinds = [mail.event["kind"] for mail in read(server, name) if mail.event]
    assert kinds[:2] == ["org.created", "member.joined"] and "channel.created" in kinds
    with pytest.raises(IMAPClientError):
        program(cast.alice).select_folder(name)


def test_only_members_see_a_private_channel_and_nobody_its_log(cast: Cast, program: MailProgram) -> None:
    messages.post(person=cast.alice, channel=cast.secret.id, text="hush")
    carry()
    secret = f"Channels/{cast.acme.slug}/secret"
    assert texts(program(cast.bob), secret) == ["hush"]
    for person in (cast.amy, cast.dana, cast.charlie):
        with pytest.raises(IMAPClientError):
            program(person).select_folder(secret)
    with pytest.raises(IMAPClientError):
        program(cast.bob).select_folder(f"{secret}/Log")


def test_an_open_channel_is_read_by_members_and_written_by_those_in_it(cast: Cast, program: MailProgram) -> None:
    open_one = channels.create(person=cast.alice, name="open", kind="public")
    news = channels.create(person=cast.alice, name="news", kind="announcement", members=[cast.bob.id])
    carry()
    assert folder(open_one).acl[f"bob@{cast.acme.slug}.roost.localhost"] == "lrs"
    client = program(cast.bob)
    client.select_folder(f"Channels/{cast.acme.slug}/open")
    for name in ("open", "news"):
        with pytest.raises(IMAPClientError):
            client.append(f"Channels/{cast.acme.slug}/{name}", b"From: bob@a.test\r\n\r\nhi\r\n")
    dana = program(cast.dana)
    with pytest.raises(IMAPClientError):
        dana.select_folder(f"Channels/{cast.acme.slug}/open")
    assert texts(dana, _general(cast)) == []
    assert "dana" not in str(folder(news).acl)


def test_nobody_removes_mails_or_folders(cast: Cast, program: MailProgram) -> None:
    messages.post(person=cast.alice, channel=cast.general.id, text="stays")
    carry()
    client = program(cast.bob)
    client.select_folder(_general(cast))
    client.delete_messages(client.search())
    client.expunge()
    client.unselect_folder()  # Dovecot would end the connection: it closes the open folder before it says no
    with pytest.raises(IMAPClientError):
        client.delete_folder(_general(cast))
    assert texts(client, _general(cast)) == ["stays"]


def test_who_leaves_loses_the_folder(cast: Cast, program: MailProgram) -> None:
    carry()
    members.remove(person=cast.alice, channel=cast.secret.id, member=cast.bob.id)
    carry()
    with pytest.raises(IMAPClientError):
        program(cast.bob).select_folder(f"Channels/{cast.acme.slug}/secret")


def test_access_follows_people_of_the_organization(cast: Cast) -> None:
    carry()
    name = f"amy@{cast.acme.slug}.roost.localhost"
    assert folder(cast.general).acl[name] == "lrswip"
    persons.change(person=cast.amy, by=cast.alice, active=False)
    carry()
    assert name not in folder(cast.general).acl


def test_a_direct_conversation_is_seen_by_its_people_alone(cast: Cast, program: MailProgram) -> None:
    talk, _ = channels.direct(person=cast.alice, members=[cast.bob.id])
    messages.post(person=cast.alice, channel=talk.id, text="psst")
    carry()
    name = folder(talk).name
    assert name == f"Channels/{cast.acme.slug}/Direct/alice+bob-{talk.id[-6:]}"
    assert texts(program(cast.bob), name) == ["psst"]
    assert sorted(folder(talk).acl) == [f"{who}@{cast.acme.slug}.roost.localhost" for who in ("alice", "bob")]


def test_a_renamed_channel_is_a_renamed_folder(cast: Cast, program: MailProgram) -> None:
    messages.post(person=cast.alice, channel=cast.general.id, text="stays")
    carry()
    channels.change(person=cast.alice, channel=cast.general.id, name="größe.日本")
    carry()
    assert texts(program(cast.bob), f"Channels/{cast.acme.slug}/größe.日本") == ["stays"]


def test_two_channels_swap_their_names(cast: Cast, server: Mailbox) -> None:
    messages.post(person=cast.alice, channel=cast.general.id, text="in general")
    messages.post(person=cast.alice, channel=cast.secret.id, text="in secret")
    carry()
    for channel, name in ((cast.general, "between"), (cast.secret, "general"), (cast.general, "secret")):
        channels.change(person=cast.alice, channel=channel.id, name=name)
    for _ in range(4):
        lanes.wake("mirror")
        try:
            carry()
        except lanes.TryLater:
            continue
    assert texts(server, f"Channels/{cast.acme.slug}/secret") == ["in general"]
    assert texts(server, f"Channels/{cast.acme.slug}/general") == ["in secret"]


def test_an_archived_channel_is_read_only_and_a_deleted_one_is_put_away(cast: Cast, program: MailProgram) -> None:
    messages.post(person=cast.alice, channel=cast.general.id, text="kept")
    channels.archive(person=cast.alice, channel=cast.general.id)
    carry()
    client = program(cast.bob)
    assert texts(client, _general(cast)) == ["kept"]
    with pytest.raises(IMAPClientError):
        client.append(_general(cast), b"From: bob@a.test\r\n\r\nhi\r\n")
    channels.delete(person=cast.alice, channel=cast.general.id)
    carry()
    assert folder(cast.general).name == f"Channels/{cast.acme.slug}/Archive/general-{cast.general.id[-6:]}"
    with pytest.raises(IMAPClientError):
        client.select_folder(folder(cast.general).name)


def test_a_folder_that_was_there_before_is_moved_aside_not_overwritten(cast: Cast, server: Mailbox) -> None:
    name = f"Channels/{cast.acme.slug}/older"
    server.create(name)
    server.client.append(name, b"From: a@b.c\r\n\r\nprecious\r\n")
    channel = channels.create(person=cast.alice, name="older", kind="public")
    carry()
    assert folder(channel).name == name and texts(server, name) == []
    listed = [name for _, _, name in server.client.list_folders("", f"Channels/{cast.acme.slug}/Archive/*")]
    assert any("found-" in name and texts(server, name) == ["precious"] for name in listed)


def test_a_worker_that_dies_after_the_append_leaves_no_double(
    cast: Cast, server: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry()
    posted = [messages.post(person=cast.alice, channel=cast.general.id, text=f"m{n}").message for n in range(5)]
    reactions.add(person=cast.bob, message=posted[0]["id"], emoji="👍")
    append = Mailbox.append

    def append_and_die(self: Mailbox, *args: object) -> list[int]:
        append(self, *args)  # type: ignore[arg-type]
        raise OSError("killed")

    monkeypatch.setattr(Mailbox, "append", append_and_die)
    for _ in range(3):  # each time it gets one step further
        lanes.wake("mirror")
        carry()
    monkeypatch.undo()
    messages.edit(person=cast.alice, message=posted[1]["id"], text="edited meanwhile")
    lanes.wake("mirror")
    carry()
    assert sorted(texts(server, _general(cast))) == sorted(["m0", "edited meanwhile", "m2", "m3", "m4"])
    seqs = [mail.event["seq"] for mail in read(server, f"{_general(cast)}/Log") if mail.event]
    assert len(seqs) == len(set(seqs))
    assert Copy.objects.filter(folder=folder(cast.general)).count() == folder(cast.general).held == 5
    assert not Quarantined.objects.exists()


def test_the_server_may_be_away(cast: Cast, server: Mailbox, monkeypatch: pytest.MonkeyPatch, settings: object) -> None:
    from django.conf import settings as real

    from channels_app.mirror.pool import pool

    carry()
    url = real.IMAP_URL
    monkeypatch.setattr(real, "IMAP_URL", "imap://roost:x@127.0.0.1:1")
    pool.empty()
    for n in range(3):
        messages.post(person=cast.alice, channel=cast.general.id, text=f"m{n}")
        carry()
    lag = next(lag for lag in lanes.lags() if lag.stream == cast.general.stream)
    assert lag.waiting == 3 and lag.attempts >= 1 and lag.why
    monkeypatch.setattr(real, "IMAP_URL", url)
    pool.empty()
    lanes.wake("mirror")
    carry()
    assert texts(server, _general(cast)) == ["m0", "m1", "m2"]


def test_every_stream_gets_its_folders(cast: Cast) -> None:
    carry()
    found = {row.stream for row in Folder.objects.all()}
    assert found - set(streams()) == {f"people:{cast.acme.id}"} and set(streams()) <= found
