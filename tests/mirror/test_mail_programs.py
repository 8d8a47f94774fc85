"""Channels in mail programs that know nothing of Roost: mbsync, neomutt, and IMAPClient for what those don't ask."""

from __future__ import annotations

from pathlib import Path

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from channels_app.chat import channels, messages, pins
from channels_app.chat.models import Channel, Message
from channels_app.letters.models import Quarantined
from tests.cast import Cast
from tests.mirror.conftest import MailProgram, carry, pull, raw_mail, texts
from tests.mirror.mail_programs import Mbsync, Neomutt

pytestmark = [pytest.mark.xdist_group("dovecot"), pytest.mark.slow]


@pytest.fixture
def bobs(cast: Cast, tmp_path: Path) -> Mbsync:
    return Mbsync(cast.bob, tmp_path / "bob")


def _name(channel: Channel) -> str:
    return f"Channels/{channel.org.slug}/{channel.name}"


def _say(cast: Cast, text: str, thread: str | None = None) -> str:
    return str(messages.post(person=cast.alice, channel=cast.general.id, text=text, thread=thread).message["id"])


def _two_threads(cast: Cast) -> list[str]:
    """Two threads whose messages came crosswise; the texts as they belong together."""
    lunch, rain = _say(cast, "Lunch?"), _say(cast, "Will it rain?")
    for thread, text in ((lunch, "Yes."), (rain, "No."), (lunch, "With soup.")):
        _say(cast, text, thread)
    return ["Lunch?", "Yes.", "With soup.", "Will it rain?", "No."]


def _posts(channel: Channel) -> list[str]:
    return list(Message.objects.filter(channel=channel).order_by("seq").values_list("text", flat=True))


def test_mbsync_has_every_message_in_order_and_its_thread(cast: Cast, bobs: Mbsync) -> None:
    _two_threads(cast)
    for number in range(30):
        _say(cast, f"message {number}")
    carry()
    assert bobs.sync() == ""
    mails = bobs.mails(_name(cast.general))
    assert [mail.text for mail in mails] == _posts(cast.general)
    rows = {row.text: row for row in Message.objects.filter(channel=cast.general).select_related("thread")}
    by_id = {mail.message_id: mail.text for mail in mails}
    roots = {mail.text: by_id[mail.references[0]] for mail in mails if mail.references}
    assert roots == {text: row.thread.text for text, row in rows.items() if row.thread}
    assert all(by_id.get(mail.in_reply_to or "") for mail in mails if mail.references)
    _say(cast, "one more")
    carry()
    assert bobs.sync() == "" and bobs.texts(_name(cast.general))[-1] == "one more"


def test_what_is_put_into_the_maildir_is_a_post_in_its_thread(cast: Cast, bobs: Mbsync) -> None:
    lunch = _say(cast, "Lunch?")
    carry()
    bobs.sync()
    (question,) = bobs.mails(_name(cast.general))
    answer = raw_mail(cast.bob, "Gladly.", Message_ID="<m1@b.test>", In_Reply_To=str(question.message_id))
    bobs.put(_name(cast.general), answer)
    bobs.put(_name(cast.general), raw_mail(cast.bob, "Something else", Message_ID="<m2@b.test>"))
    assert bobs.sync() == ""
    pull(cast.general)
    found = {row.text: row for row in Message.objects.filter(channel=cast.general, origin="imap")}
    assert {row.author_id for row in found.values()} == {cast.bob.id}
    assert {text: row.thread_id for text, row in found.items()} == {"Gladly.": lunch, "Something else": None}
    carry()
    assert bobs.sync() == ""
    assert sorted(bobs.texts(_name(cast.general))) == ["Gladly.", "Lunch?", "Something else"]


def _read_only(cast: Cast) -> list[Channel]:
    """Channels that Bob sees and may not write to."""
    news = channels.create(person=cast.alice, name="news", kind="announcement", members=[cast.bob.id])
    unjoined = channels.create(person=cast.alice, name="unjoined", kind="public")
    old = channels.create(person=cast.alice, name="old", kind="public", members=[cast.bob.id])
    found = [news, unjoined, old]
    for channel in found:
        messages.post(person=cast.alice, channel=channel.id, text="hers")
    channels.archive(person=cast.alice, channel=old.id)
    carry()
    return found


def test_what_may_not_be_posted_is_refused_and_stays_where_it_is(cast: Cast, bobs: Mbsync) -> None:
    refusing = _read_only(cast)
    assert bobs.sync() == ""
    kept = [bobs.put(_name(channel), raw_mail(cast.bob, "me too")) for channel in refusing]
    bobs.put(_name(cast.general), raw_mail(cast.bob, "here I may"))
    assert bobs.sync().count("APPEND") == len(refusing)
    for channel in (*refusing, cast.general):
        pull(channel)
    carry()
    assert all(_posts(channel) == ["hers"] for channel in refusing) and not Quarantined.objects.exists()
    assert _posts(cast.general) == ["here I may"]  # one refusal does not stop the rest
    bobs.sync()
    for channel, path in zip(refusing, kept, strict=True):
        assert bobs.texts(_name(channel)) == ["hers", "me too"], path  # Bob still has what he wrote


def test_nobody_lists_what_they_may_not_see(cast: Cast, bobs: Mbsync, tmp_path: Path) -> None:
    hidden = channels.create(person=cast.alice, name="hidden", kind="private", members=[cast.amy.id])
    messages.post(person=cast.alice, channel=hidden.id, text="not for Bob")
    channels.direct(person=cast.alice, members=[cast.amy.id])
    danas = Mbsync(cast.dana, tmp_path / "dana")
    carry()
    assert bobs.sync() == "" and danas.sync() == ""
    assert bobs.folders() == {_name(cast.general), _name(cast.secret)}
    assert danas.folders() == {_name(cast.general)}
    assert not any(b"not for Bob" in path.read_bytes() for path in bobs.maildir.rglob("*") if path.is_file())


def test_seen_is_everyones_own_and_a_pin_is_a_flag_for_all(cast: Cast, bobs: Mbsync, tmp_path: Path) -> None:
    first = _say(cast, "first")
    _say(cast, "second")
    carry()
    amys = Mbsync(cast.amy, tmp_path / "amy")
    bobs.sync(), amys.sync()
    bobs.flag(_name(cast.general), 0, "S")
    pins.pin(person=cast.alice, message=first)
    carry()
    assert bobs.sync() == amys.sync() == ""
    assert bobs.flags(_name(cast.general)) == ["FS", ""]
    assert amys.flags(_name(cast.general)) == ["F", ""]


def test_neomutt_lists_the_threads_as_roost_has_them(cast: Cast, tmp_path: Path) -> None:
    together = _two_threads(cast)
    carry()
    neomutt = Neomutt(cast.bob, tmp_path / "bob")
    assert [mail.text for mail in neomutt.threaded(_name(cast.general))] == together


def test_a_mail_copied_by_neomutt_is_a_post_or_refused(cast: Cast, tmp_path: Path) -> None:
    messages.post(person=cast.bob, channel=cast.secret.id, text="mine")
    news, *_ = _read_only(cast)
    neomutt = Neomutt(cast.bob, tmp_path / "bob")
    for channel in (cast.general, news):
        neomutt.copy(_name(cast.secret), _name(channel))
        pull(channel)
    assert (_posts(cast.general), _posts(news)) == (["mine"], ["hers"])


def test_the_server_lists_threads_sorts_and_searches(cast: Cast, program: MailProgram) -> None:
    _two_threads(cast)
    carry()
    client = program(cast.bob)
    folders = {name for _, _, name in client.list_folders("", "Channels/*")}
    assert folders - {f"Channels/{cast.acme.slug}"} == {_name(cast.general), _name(cast.secret)}
    client.select_folder(_name(cast.general))
    # Not by REFERENCES: that joins threads of one subject, and all mails of a channel have its name (COI).
    lunch, rain = client.thread(algorithm="REFS")
    assert [_flat(lunch), _flat(rain)] == [{1, 3, 5}, {2, 4}]
    assert client.sort(["ARRIVAL"]) == [1, 2, 3, 4, 5]
    assert client.search(["TEXT", "soup"]) == [5] and client.search(["FROM", "alice@a.test"]) == [1, 2, 3, 4, 5]


def _flat(thread: object) -> set[int]:
    return {n for part in thread for n in _flat(part)} if isinstance(thread, list | tuple) else {int(str(thread))}


def test_rights_are_told_and_hold(cast: Cast, program: MailProgram) -> None:
    news, unjoined, old = _read_only(cast)
    _say(cast, "stays")
    carry()
    client = program(cast.bob)
    told = {channel.name: _rights(client, channel) for channel in (cast.general, news, unjoined, old)}
    assert told == {"general": set("lrswip"), "news": set("lrsw"), "unjoined": set("lrs"), "old": set("lrs")}
    for folder, call in ((_name(cast.general), client.getacl), (f"{_name(cast.general)}/Log", client.select_folder)):
        with pytest.raises(IMAPClientError):
            call(folder)
    for channel in (unjoined, old):
        client.select_folder(_name(channel))
        client.add_flags([1], [b"\\Flagged", b"\\Deleted", b"\\Seen"])
        assert set(client.get_flags([1])[1]) - {b"\\Recent", b"$Chat"} == {b"\\Seen"}
        client.expunge()
        client.unselect_folder()
        with pytest.raises(IMAPClientError):
            client.append(_name(channel), raw_mail(cast.bob, "me too"))
        assert texts(client, _name(channel)) == ["hers"]


def _rights(client: IMAPClient, channel: Channel) -> set[str]:
    """Without the obsolete c and d, which servers add (RFC 4314, 2.1.1)."""
    _, (answer,) = client._imap.myrights(_name(channel))
    return set(answer.decode().split()[-1]) - {"c", "d"}
