"""The WeChat accounts of a clinic: settings from ``yiju.toml``, secrets only from the environment or guarded files."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bot.channels.wechat.crypto import AesKey
from bot.errors import SettingsError
from bot.settings import Settings, WechatAccount

_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True, slots=True)
class Account:
    """One account, ready for use. ``tokens`` and ``keys`` hold the valid one first, then one that is being replaced."""

    settings: WechatAccount
    receiver: str
    tokens: tuple[str, ...] = field(repr=False)
    keys: tuple[AesKey, ...] = field(repr=False)
    secret: str = field(repr=False)

    @property
    def name(self) -> str:
        """Return the account's short name."""
        return self.settings.name

    @property
    def calls_out(self) -> bool:
        """Tell whether the clinic allowed calls to the platform's interfaces."""
        return bool(self.settings.api_base)


def open_accounts(settings: Settings, environment: Mapping[str, str] | None = None) -> dict[str, Account]:
    """Return the accounts by name.

    Raises:
        SettingsError: something is missing or wrong; the message says what, where and how to mend it.
    """
    variables = os.environ if environment is None else environment
    accounts: dict[str, Account] = {}
    for given in settings.wechat:
        if given.name in accounts:
            raise SettingsError(f"yiju.toml 里有两个 [[wechat]] 都叫 name = {given.name!r}。请给其中一个换个名字。")
        accounts[given.name] = _account(given, variables)
    return accounts


def _account(given: WechatAccount, variables: Mapping[str, str]) -> Account:
    where = f"微信帐号 {given.name}"
    receiver = given.app_id if given.kind == "official" else given.corp_id
    if not receiver:
        needed = "app_id(公众号的 AppID)" if given.kind == "official" else "corp_id(企业 ID)"
        raise SettingsError(f"{where}:缺少 {needed}。请在 yiju.toml 的这一节 [[wechat]] 里补上。")
    if given.kind != "official" and given.mode != "secure":
        raise SettingsError(f'{where}:企业微信只有安全模式，mode = {given.mode!r} 不能用。请改为 mode = "secure"。')
    _check_base(where, given.api_base)
    token = _secret(given, variables, "token", given.token_file)
    if not token:
        raise SettingsError(f"{where}:缺少 Token。{_remedy(given, 'token')}")
    tokens = tuple(
        _token(where, text)
        for text in (token, _secret(given, variables, "token_previous", given.token_previous_file))
        if text
    )
    key = _secret(given, variables, "aes_key", given.aes_key_file)
    if not key and given.mode != "plain":
        raise SettingsError(f"{where}:mode = {given.mode!r} 需要 EncodingAESKey。{_remedy(given, 'aes_key')}")
    previous = _secret(given, variables, "aes_key_previous", given.aes_key_previous_file)
    keys = tuple(_aes_key(where, text) for text in (key, previous) if text)
    secret = _secret(given, variables, "secret", given.secret_file)
    if given.api_base and not secret:
        raise SettingsError(f"{where}:写了 api_base，就还要有 Secret 才能取得 access_token。{_remedy(given, 'secret')}")
    if given.kind == "kf" and not given.api_base:
        raise SettingsError(
            f'{where}:微信客服只能经接口收发消息，请写上 api_base = "https://qyapi.weixin.qq.com" 并提供 Secret。'
        )
    return Account(given, receiver, tokens, keys, secret)


def _check_base(where: str, base: str) -> None:
    if not base:
        return
    parts = urlsplit(base)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not secure or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise SettingsError(
            f"{where}:api_base = {base!r} 不能用。应为 https:// 开头的接口地址，如 https://api.weixin.qq.com。"
        )


def variable_of(account: str, name: str) -> str:
    """Return the environment variable that holds a secret of an account."""
    return f"YIJU_WECHAT_{account.upper().replace('-', '_')}_{name.upper()}"


def _remedy(given: WechatAccount, name: str) -> str:
    variable = variable_of(given.name, name)
    return f"请设环境变量 {variable}，或在 yiju.toml 里用 {name}_file 指向一个权限为 0600 的文件。"


def _secret(given: WechatAccount, variables: Mapping[str, str], name: str, file: Path | None) -> str:
    value = variables.get(variable_of(given.name, name), "").strip()
    if value or file is None:
        return value
    return _read_guarded(f"微信帐号 {given.name}", file)


def _read_guarded(where: str, file: Path) -> str:
    """Return a secret file's content; a file that others may read or change is refused."""
    try:
        mode = file.stat().st_mode
        text = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "不是文本"
        raise SettingsError(f"{where}:读不了 {file}({reason})。请检查路径和权限。") from error
    if os.name == "posix" and (mode & (stat.S_IRWXG | stat.S_IRWXO) or not stat.S_ISREG(mode)):
        raise SettingsError(
            f"{where}:{file} 的权限是 {stat.S_IMODE(mode):04o}，别人也能读写。请运行 chmod 600 {file}。"
        )
    if not text:
        raise SettingsError(f"{where}:{file} 是空的。请把后台显示的值写进去。")
    return text


def _token(where: str, text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise SettingsError(f"{where}:Token 应为 3–32 位字母或数字(现有 {len(text)} 位)。请与后台填写的一致。")
    return text


def _aes_key(where: str, text: str) -> AesKey:
    try:
        return AesKey.decode(text)
    except ValueError as error:
        raise SettingsError(
            f"{where}:EncodingAESKey 应为 43 位字母或数字(现有 {len(text)} 位)。请从后台完整复制。"
        ) from error
