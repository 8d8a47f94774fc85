"""A channel on two servers: offered, taken, talked in from both sides, ended."""

from __future__ import annotations

from pathlib import Path

from channels_app.chat import channels, sharing
from channels_app.chat.models import Channel, Message, Share, Visitor
from tests.sharing.servers import Server, exchange
from workspace.people.models import Role

Pair = tuple[Server, Server]


def test_an_accepted_offer_makes_the_channel_there_too(pair: Pair) -> None:
    acme, beta = pair
    assert (acme.share.state, beta.share.state) == ("active", "active")
    assert (beta.channel.name, beta.channel.topic, beta.channel.kind) == ("with-acme", "What we build", "private")
    assert acme.people() == beta.people() == {"Acme Owner", "Acme Member", "Beta Owner", "Beta Member"}
    shown = Visitor.objects.get(org=beta.org, person__name__startswith="Acme Member").person
    assert shown.name == f"Acme Member ({acme.org.name})" and shown.role == Role.GUEST
    assert shown.email.endswith(f"@{acme.org.slug}.acme.example")


def test_everything_passes_both_ways(pair: Pair) -> None:
    acme, beta = pair
    root = acme.say("Hello **Beta**", plan=b"%PDF")
    exchange(*pair)
    there = beta.by_text("Hello **Beta**")
    answer = beta.say("Hello *Acme*", by=beta.owner, thread=there)
    exchange(*pair)
    row = Message.objects.get(channel=acme.channel, text="Hello *Acme*")
    assert (row.thread_id, row.origin, row.author.name) == (root, "share", f"Beta Owner ({beta.org.name})")
    acme.react(row.id, "🎉")
    acme.edit(root, "Hello **all of Beta**")
    beta.edit(answer, "Hello *all*")
    exchange(*pair)
    assert acme.view() == beta.view() and len(acme.view()) == 2
    assert Message.objects.get(id=there).text == "Hello **all of Beta**"
    acme.react(row.id, "🎉", away=True)
    acme.delete(root)
    exchange(*pair)
    assert acme.view() == beta.view()
    assert Message.objects.get(id=there).deleted_at is not None


def test_what_was_said_before_stays_where_it_was_said(db: None, tmp_path: Path) -> None:
    acme, beta = Server("Acme", tmp_path), Server("Beta", tmp_path)
    acme.create()
    before = acme.say("between us")
    acme.offer(beta.address)
    for mail in acme.carry():
        assert beta.take(mail).code == 250
    beta.approve()
    exchange(acme, beta)
    acme.edit(before, "still between us")
    acme.say("an answer", thread=before)
    exchange(acme, beta)
    assert beta.texts() == ["an answer"]


def test_ending_it_leaves_both_with_their_history(pair: Pair) -> None:
    acme, beta = pair
    acme.say("so far")
    exchange(*pair)
    beta.end()
    exchange(*pair)
    assert (acme.share.state, beta.share.state) == ("ended", "ended")
    acme.say("only here")
    exchange(*pair)
    assert (acme.texts(), beta.texts()) == (["so far", "only here"], ["so far"])
    assert Channel.objects.filter(id__in=[acme.channel.id, beta.channel.id], archived_at=None).count() == 2


def test_a_channel_that_is_deleted_is_not_shared_any_more(pair: Pair) -> None:
    acme, beta = pair
    with acme.on():
        channels.delete(person=acme.owner, channel=acme.channel.id)
    exchange(*pair)
    assert (acme.share.state, beta.share.state) == ("ended", "ended")


def test_a_declined_offer(db: None, tmp_path: Path) -> None:
    acme, beta = Server("Acme", tmp_path), Server("Beta", tmp_path)
    acme.create()
    acme.offer(beta.address)
    for mail in acme.carry():
        assert beta.take(mail).code == 250
    with beta.on():
        sharing.decline(person=beta.owner, share=beta.share.id)
        beta.create("unused")
    for mail in beta.carry():
        assert acme.take(mail).code == 250
    assert (acme.share.state, acme.share.why) == (Share.State.ENDED, "They declined.")
