"""Delta Chat itself (deltachat-rpc-server), on somebody's account: what it shows, and what it is told to do."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deltachat_rpc_client import Account as Profile
from deltachat_rpc_client import AttrDict, Chat, DeltaChat, Message, Rpc

from tests.bed.providers import PASSWORD, Account
from tests.operate.house import until

SECONDS = 20.0


@dataclass(frozen=True)
class Shown:
    """A message as its chat shows it. `reactions` are (who, emoji); `file` is a name, `kind` Delta Chat's view type."""

    text: str
    by: str
    quote: str = ""
    edited: bool = False
    pinned: bool = False
    file: str = ""
    kind: str = "Text"
    reactions: Sequence[tuple[str, str]] = ()
    id: int = field(default=0, compare=False)


class Phone:
    """One profile. Its messages are found by their text, for it knows them by numbers of its own."""

    def __init__(self, profile: Profile, account: Account) -> None:
        self.profile, self.account = profile, account
        self.rpc: Any = profile._rpc

    def chats(self) -> list[str]:
        """The names of its chats, but for those with itself and with Delta Chat."""
        shown = [chat.get_basic_snapshot() for chat in self.profile.get_chatlist()]
        return [str(one.name) for one in shown if not one.is_self_talk and not one.is_device_chat]

    def chat(self, name: str) -> Chat:
        """The chat of this name, once it is there; it is accepted."""

        def found() -> Chat | None:
            chats = [Chat(self.profile, id) for id in self.rpc.get_chatlist_entries(self.profile.id, None, None, None)]
            return next((chat for chat in chats if chat.get_basic_snapshot().name == name), None)

        chat: Chat = until(found, SECONDS)
        chat.accept()
        return chat

    def shows(self, chat: Chat) -> list[Shown]:
        """All of a chat, in its order, without what Delta Chat says itself."""
        rows = [message.get_snapshot() for message in chat.get_messages()]
        return [self._shown(row) for row in rows if not row.is_info]

    def sees(self, chat: Chat, text: str, **more: Any) -> Shown:
        """The message with this text, once it is there and has all of `more`."""

        def found() -> Shown | None:
            rows = [row for row in self.shows(chat) if row.text == text]
            fitting = [row for row in rows if all(getattr(row, name) == value for name, value in more.items())]
            return fitting[0] if fitting else None

        shown: Shown = until(found, SECONDS)
        return shown

    def _shown(self, row: AttrDict) -> Shown:
        reactions = row.reactions.reactions_by_contact if row.reactions else {}
        return Shown(
            text=str(row.text),
            by=str(row.override_sender_name or self._name(row.from_id)),
            quote=str(row.quote.text) if row.quote else "",
            edited=bool(row.is_edited),
            pinned=bool(row.is_pinned),
            file=str(row.file_name or ""),
            kind=str(row.view_type),
            reactions=[(self._name(int(who)), emoji) for who, given in reactions.items() for emoji in given],
            id=int(row.id),
        )

    def _name(self, contact: int) -> str:
        return str(self.profile.get_contact_by_id(contact).get_snapshot().display_name)

    def answer(self, chat: Chat, to: Shown, text: str) -> None:
        """Quote a message and write below."""
        chat.send_message(text=text, quoted_msg=to.id)

    def react(self, to: Shown, *emoji: str) -> None:
        self.message(to).send_reaction(*emoji)

    def edit(self, which: Shown, text: str) -> None:
        self.rpc.send_edit_request(self.profile.id, which.id, text)

    def message(self, shown: Shown) -> Message:
        return self.profile.get_message_by_id(shown.id)

    def content(self, shown: Shown) -> bytes:
        """What is in its file."""
        return Path(str(self.message(shown).get_snapshot().file)).read_bytes()

    def quoted_message(self, shown: Shown) -> int:
        """The id of the message that is found behind its quote; 0 for none."""
        quote = self.message(shown).get_snapshot().quote
        return int(quote.message_id) if quote and quote.kind == "WithMessage" else 0

    def fails(self, message: Message) -> str:
        """Why a message was not taken, once that is known."""
        why: str = until(lambda: message.get_snapshot().error, SECONDS)
        return why


@contextlib.contextmanager
def running_phone(account: Account, folder: Path, **config: str) -> Iterator[Phone]:
    """Delta Chat with one profile on this account; `config` as in its settings, such as `force_encryption="0"`."""
    server = str(Path(sys.executable).with_name("deltachat-rpc-server"))
    with Rpc(accounts_dir=str(folder / "deltachat"), rpc_server_path=server) as rpc:
        profile = DeltaChat(rpc).add_account()
        for name, value in {"displayname": account.name, **config}.items():
            profile.set_config(name, value)
        profile.add_or_update_transport(
            {
                "addr": account.address,
                "password": PASSWORD,
                "imapServer": "127.0.0.1",
                "imapPort": account.mailboxes.imap,
                "imapSecurity": "plain",
                "imapUser": account.address,
                "smtpServer": "127.0.0.1",
                "smtpPort": account.mta.port,
                "smtpSecurity": "plain",
                "smtpUser": account.address,
            }
        )
        profile.start_io()
        rpc.wait_for_all_work_done(profile.id)
        yield Phone(profile, account)
