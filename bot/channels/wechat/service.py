"""Everything WeChat of one server, opened together: accounts, the shared book, the desk, and the threads behind."""

from __future__ import annotations

import time

from bot.channels.port import DialoguePort
from bot.channels.wechat.accounts import Account, open_accounts
from bot.channels.wechat.api import Api
from bot.channels.wechat.database import Database
from bot.channels.wechat.desk import Desk, question_of
from bot.channels.wechat.engine import Engine
from bot.channels.wechat.keeper import Keeper
from bot.channels.wechat.kf import Sync
from bot.channels.wechat.messages import Incoming, IncomingEvent
from bot.channels.wechat.outbox import Outbox
from bot.channels.wechat.replays import bind_stamp, purge
from bot.channels.wechat.tokens import Tokens
from bot.channels.wechat.turns import LEASE_SECONDS, Turn, Turns
from bot.channels.wechat.vault import Vault
from bot.settings import Settings

_PURGE_SECONDS = 60.0
_LOOK_SECONDS = 1.0


class Service:
    """The WeChat channel of one process."""

    def __init__(self, dialogue: DialoguePort, settings: Settings) -> None:
        """Read the accounts and open the shared file.

        Raises:
            SettingsError: an account, a secret or the file cannot be used.
        """
        self.settings = settings
        self.accounts = open_accounts(settings)
        self._database = Database(settings.wechat_store)
        self._vault = Vault.open(settings.wechat_store.with_suffix(".key"))
        self.turns = Turns(self._database, self._vault)
        self.engine = Engine(Desk(dialogue, self.turns, settings.wechat_text_max_bytes), self.turns, settings)
        self._api = Api(Tokens(self._database, self._vault))
        self._sync = Sync(self.accounts, self._database, self._vault, self.turns, self._api)
        outbox = Outbox(self.accounts, self.turns, self._api)
        self._sender = Keeper("outbox", _LOOK_SECONDS, outbox.run)
        self._worker = Keeper("worker", _LOOK_SECONDS, self._work)
        self._renewer = Keeper("leases", LEASE_SECONDS / 3.0, self._renew)
        self._purged = 0.0

    def start(self) -> None:
        """Begin to work on what is waiting."""
        for keeper in (self._renewer, self._worker, self._sender):
            keeper.start()

    def stop(self) -> None:
        """Finish what was begun; what waits, waits on disk for the next start."""
        for keeper in (self._worker, self._sender):
            keeper.stop()
        self.engine.close()
        self._renewer.stop()
        self._api.close()
        self._database.close()

    def key_of(self, account: Account, message: Incoming) -> str:
        """Return the key by which a delivery is known again, on disk without anyone's id."""
        return self._vault.name(account.name, message.envelope.key)

    def turn_of(self, account: Account, message: Incoming) -> Turn | None:
        """Return the turn of a message; None where there is nothing to answer."""
        if isinstance(message, IncomingEvent) and not message.envelope.user:
            return None
        question = question_of(message, account)
        if question is None:
            return None
        user = message.envelope.user
        name = self._vault.name(account.name, user)
        return Turn(account.name, self.key_of(account, message), name, {**question, "to": user})

    def note(self, account: Account, message: Incoming, stamp: str) -> None:
        """Note a request that needs no answer, so that its signature is not used for another.

        Raises:
            ForgedMessageError: it was.
        """
        with self._database.transaction() as step:
            bind_stamp(step, account.name, stamp, self.key_of(account, message), time.time())

    def want_sync(self, account: Account, open_kfid: str, token: str) -> None:
        """Have 微信客服's messages fetched."""
        self._sync.want(account.name, open_kfid, token)
        self._worker.wake()

    def _renew(self) -> None:
        self.turns.renew(self.engine.held)
        now = time.time()
        if now - self._purged > _PURGE_SECONDS:
            self._purged = now
            purge(self._database, self.settings, now)

    def _work(self) -> None:
        """Fetch what is wanted and answer what nobody works on, in order."""
        self._sync.run()
        while not self._worker.stopping and (found := self.turns.orphans(self.engine.held)):
            for turn in self.engine.in_order(found):
                account = self.accounts.get(turn.account)
                if account is None:
                    self.turns.finish(turn, (), None, "none")
                    continue
                self.engine.work(account, turn)
                if account.calls_out:
                    self.turns.send_later(turn.account, turn.key)
            self._sender.wake()


def open_service(dialogue: DialoguePort, settings: Settings) -> Service:
    """Open the channel.

    Raises:
        SettingsError: an account, a secret or the file cannot be used.
    """
    return Service(dialogue, settings)
