"""Calls to the platforms' interfaces: only to an account's configured base address, never elsewhere.

Sources: 公众平台《获取稳定版接口调用凭据》《客服消息》《全局返回码》; 企业微信《获取 access_token》《发送应用消息》, 微信客服
《接收消息和事件》《发送消息》《会话分配》.
"""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx

from bot.channels.wechat.accounts import Account
from bot.channels.wechat.tokens import Tokens
from bot.errors import PlatformError

DEAD_TOKEN = frozenset((40001, 40014, 42001))
TOO_OFTEN = frozenset((45009, 45011))
BUSY = -1  # the platform's own word for "try again"; ours for what was not reached
# Anything else stays refused however often it is tried: too late (45015), five unanswered (45047, 95001), a person is
# answering (95018), no permission (48001), an unknown user.
RETRIED = DEAD_TOKEN | TOO_OFTEN | {BUSY}

logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs addresses, and a token stands in ours
_LONGEST_ANSWER = 8_000_000


class Api:
    """The interfaces of all accounts. Thread-safe."""

    def __init__(self, tokens: Tokens, timeout_seconds: float = 5.0) -> None:
        self._tokens = tokens
        # No proxies from the environment and no redirects: a call goes where the clinic said, or nowhere.
        self._client = httpx.Client(timeout=timeout_seconds, trust_env=False, follow_redirects=False)

    def call(self, account: Account, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Call one interface with a valid token; a dead one is renewed and the call made once more.

        Raises:
            PlatformError: it was refused or not reached.
        """
        dead = ""
        while True:
            token = self._tokens.get(account.name, lambda anew: self._fetch(account, anew), dead)
            answer = self._post(account, path, body, {"access_token": token})
            code = _code(answer)
            if code in DEAD_TOKEN and not dead:
                dead = token
                continue
            if code:
                raise PlatformError(f"接口 {path} 返回错误码 {code}。", code)
            return answer

    def _fetch(self, account: Account, anew: bool) -> tuple[str, float]:
        given = account.settings
        if given.kind == "official":
            body = {
                "grant_type": "client_credential", "appid": given.app_id, "secret": account.secret,
                "force_refresh": anew,
            }  # fmt: skip
            answer = self._post(account, "/cgi-bin/stable_token", body, {})
        else:
            query = {"corpid": given.corp_id, "corpsecret": account.secret}
            answer = self._request(account, "GET", "/cgi-bin/gettoken", None, query)
        code, token = _code(answer), answer.get("access_token")
        if code or not isinstance(token, str) or not token:
            raise PlatformError(f"取 access_token 失败，错误码 {code}。请核对 AppID、Secret 和接口的 IP 白名单。", BUSY)
        seconds = answer.get("expires_in")
        return token, float(seconds) if isinstance(seconds, int | float) and seconds > 0 else 7200.0

    def _post(self, account: Account, path: str, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        return self._request(account, "POST", path, body, query)

    def _request(
        self, account: Account, method: str, path: str, body: dict[str, Any] | None, query: dict[str, str]
    ) -> dict[str, Any]:
        if not account.calls_out:
            raise PlatformError("没有配置 api_base，不向外发请求。")
        url = account.settings.api_base.rstrip("/") + path
        # Not httpx' own json=: the platform wants the characters themselves, not \\u escapes.
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8")
        try:
            answer = self._client.request(
                method, url, params=query, content=content, headers={"Content-Type": "application/json"}
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise PlatformError(f"连不上接口({type(error).__name__})。", BUSY) from error
        except httpx.HTTPError as error:
            raise PlatformError(f"接口没有回应({type(error).__name__})。", BUSY, maybe_done=True) from error
        if answer.status_code != 200 or len(answer.content) > _LONGEST_ANSWER:
            raise PlatformError(f"接口回应了 HTTP {answer.status_code}。", BUSY)
        try:
            found = answer.json()
        except ValueError as error:
            raise PlatformError("接口的回应不是 JSON。", BUSY, maybe_done=True) from error
        if not isinstance(found, dict):
            raise PlatformError("接口的回应不是对象。", BUSY, maybe_done=True)
        return found

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _code(answer: dict[str, Any]) -> int:
    code = answer.get("errcode", 0)
    return code if isinstance(code, int) else BUSY
