"""The platform's side of the conversation, signed and encrypted as WeChat does it: to try out a running server."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from functools import cached_property

import httpx

from bot.channels.wechat.accounts import Account
from bot.channels.wechat.crypto import decrypt, encrypt, signature, signer_of
from bot.channels.wechat.xml import read_xml, write_xml
from bot.errors import BadMessageError, PlatformError

PLATFORM_SECONDS = 5.0
_ANCHOR = re.compile(r'<a href="[^"]*">(.*?)</a>', re.DOTALL)
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request as the platform sends it."""

    query: dict[str, str]
    body: bytes


class Phone:
    """A patient's phone with WeChat's servers behind it."""

    def __init__(self, account: Account, address: str, user: str = "", client: httpx.Client | None = None) -> None:
        self._account = account
        self._url = f"{address.rstrip('/')}/wechat/{account.name}"
        self.user = user or f"o{secrets.token_urlsafe(20)}"
        self._given = client

    @cached_property
    def _client(self) -> httpx.Client:
        return self._given or httpx.Client(timeout=PLATFORM_SECONDS, trust_env=False)

    def delivery(self, kind: str = "text", number: str = "", created: str = "", **fields: str) -> Delivery:
        """Return a message as a signed request; ``number`` is its MsgId ("": a new one, events have none)."""
        message: dict[str, str | int] = {
            "ToUserName": "gh_simulated", "FromUserName": self.user, "CreateTime": created or str(int(time.time())),
            "MsgType": kind, **fields,
        }  # fmt: skip
        if kind != "event":
            message["MsgId"] = number or str(secrets.randbelow(10**18))
        return self.seal(write_xml(message))

    def seal(self, message: str, now: float | None = None) -> Delivery:
        """Return any text as a signed request, encrypted as the account's mode wants it."""
        account = self._account
        timestamp, nonce = str(int(time.time() if now is None else now)), secrets.token_hex(8)
        query = {"timestamp": timestamp, "nonce": nonce, "signature": signature(account.tokens[0], timestamp, nonce)}
        if account.settings.mode == "plain":
            return Delivery(query, message.encode("utf-8"))
        sealed = encrypt(account.keys[0], message, account.receiver)
        query["encrypt_type"] = "aes"
        query["msg_signature"] = signature(account.tokens[0], timestamp, nonce, sealed)
        return Delivery(query, write_xml({"ToUserName": "gh_simulated", "Encrypt": sealed}).encode("utf-8"))

    def check_url(self) -> None:
        """Make the console's URL check.

        Raises:
            PlatformError: the server did not answer it; the message says how.
        """
        echo, account = secrets.token_hex(8), self._account
        timestamp, nonce = str(int(time.time())), secrets.token_hex(8)
        query = {"timestamp": timestamp, "nonce": nonce, "echostr": echo}
        if account.settings.kind == "official":
            query["signature"] = signature(account.tokens[0], timestamp, nonce)
        else:
            query["echostr"] = encrypt(account.keys[0], echo, account.receiver)
            query["msg_signature"] = signature(account.tokens[0], timestamp, nonce, query["echostr"])
        try:
            answer = self._client.get(self._url, params=query)
        except httpx.HTTPError as error:
            raise PlatformError(f"连不上 {self._url}({type(error).__name__})。服务启动了吗?") from error
        if answer.status_code != 200 or answer.text != echo:
            raise PlatformError(f"网址检查没有通过：HTTP {answer.status_code}。请核对 Token 等设置与服务端一致。")

    def post(self, delivery: Delivery) -> httpx.Response:
        """Send a request once."""
        return self._client.post(self._url, params=delivery.query, content=delivery.body)

    def read(self, answer: httpx.Response) -> str | None:
        """Return the text of a reply, decrypted and with its signature checked; None for ``success`` or nothing.

        Raises:
            PlatformError: WeChat would show its own error to the user.
        """
        if answer.status_code != 200:
            raise PlatformError(f"服务端回应 HTTP {answer.status_code}:手机上会显示“该公众号暂时无法提供服务”。")
        if answer.text in ("success", ""):
            return None
        try:
            fields = read_xml(answer.content, _LARGEST)
            if "Encrypt" in fields:
                parts = (fields["TimeStamp"], fields["Nonce"], fields["Encrypt"])
                if signer_of(self._account.tokens[:1], fields["MsgSignature"], *parts) is None:
                    raise BadMessageError("回复的签名不对。")
                text = decrypt(self._account.keys[:1], fields["Encrypt"], self._account.receiver)[0]
                fields = read_xml(text.encode("utf-8"), _LARGEST)
            if fields["ToUserName"] != self.user:
                raise BadMessageError("回复的收件人不对。")
            return fields["Content"]
        except (BadMessageError, KeyError) as error:
            raise PlatformError(f"回复读不懂({error}):手机上会显示“该公众号暂时无法提供服务”。") from error

    def deliver(self, delivery: Delivery) -> tuple[str | None, int]:
        """Deliver as the platform does: five seconds, three tries in all; return the reply and the tries.

        Raises:
            PlatformError: no try was answered.
        """
        for attempt in (1, 2, 3):
            try:
                return self.read(self.post(delivery)), attempt
            except httpx.HTTPError:
                continue
        raise PlatformError("三次都没有得到回应：手机上会显示“该公众号暂时无法提供服务”。")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(self, text: str) -> str | None:
        """Type a text; return what the phone shows at once, None for nothing."""
        return self.deliver(self.delivery(Content=text))[0]


def on_screen(text: str) -> str:
    """Return a text as a phone shows it: links by their words."""
    return _ANCHOR.sub(r"【\1】", text)
