"""WeChat accounts from settings: secrets from the environment or guarded files only, and errors that say what to do."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.channels.wechat.accounts import Account, open_accounts, variable_of
from bot.errors import SettingsError
from bot.settings import Settings, load_settings
from tests.conftest import ROOT

AES = base64.b64encode(bytes(range(32))).decode().rstrip("=")
SECRETS = {"YIJU_WECHAT_MAIN_TOKEN": "token123", "YIJU_WECHAT_MAIN_AES_KEY": AES}


def opened(secrets: dict[str, str] | None = None, **fields: Any) -> Account:
    given = {"name": "main", "app_id": "wx1", **fields}
    settings = load_settings(wechat=[given])
    return open_accounts(settings, SECRETS if secrets is None else secrets)[given["name"]]


def refused(secrets: dict[str, str] | None = None, **fields: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        opened(secrets, **fields)
    return str(caught.value)


def test_an_account_from_the_environment() -> None:
    account = opened({**SECRETS, "YIJU_WECHAT_MAIN_AES_KEY_PREVIOUS": AES, "YIJU_WECHAT_MAIN_TOKEN_PREVIOUS": "old1"})
    assert (account.name, account.receiver, account.tokens, len(account.keys)) == (
        "main",
        "wx1",
        ("token123", "old1"),
        2,
    )
    assert not account.calls_out
    assert "token123" not in repr(account)
    assert variable_of("my-clinic", "aes_key") == "YIJU_WECHAT_MY_CLINIC_AES_KEY"


def test_an_account_from_guarded_files(tmp_path: Path) -> None:
    token, key = tmp_path / "token", tmp_path / "key"
    for path, text in ((token, "token123\n"), (key, AES)):
        path.write_text(text, "utf-8")
        path.chmod(0o600)
    account = opened({}, token_file=token, aes_key_file=key)
    assert account.tokens == ("token123",)
    token.chmod(0o640)
    message = refused({}, token_file=token, aes_key_file=key)
    assert "0640" in message
    assert f"chmod 600 {token}" in message
    assert "token123" not in message
    assert "读不了" in refused({}, token_file=tmp_path / "none", aes_key_file=key)
    token.write_text(" \n", "utf-8")
    token.chmod(0o600)
    assert "空的" in refused({}, token_file=token, aes_key_file=key)


@pytest.mark.parametrize(
    ("secrets", "fields", "words"),
    [
        ({}, {}, ("Token", "YIJU_WECHAT_MAIN_TOKEN", "token_file")),
        ({"YIJU_WECHAT_MAIN_TOKEN": "token123"}, {}, ("EncodingAESKey", "YIJU_WECHAT_MAIN_AES_KEY")),
        ({**SECRETS, "YIJU_WECHAT_MAIN_TOKEN": "a b"}, {}, ("3–32",)),
        ({**SECRETS, "YIJU_WECHAT_MAIN_AES_KEY": "short"}, {}, ("43", "5 位")),
        (None, {"app_id": ""}, ("app_id",)),
        (None, {"kind": "wecom"}, ("corp_id",)),
        (None, {"kind": "wecom", "corp_id": "ww1", "mode": "plain"}, ("安全模式",)),
        (None, {"api_base": "https://api.weixin.qq.com"}, ("Secret", "YIJU_WECHAT_MAIN_SECRET")),
        (None, {"api_base": "http://api.weixin.qq.com"}, ("https://",)),
        (None, {"api_base": "ftp://x"}, ("https://",)),
        (None, {"api_base": "https://user@x"}, ("https://",)),
        (None, {"kind": "kf", "corp_id": "ww1"}, ("api_base",)),
    ],
)
def test_what_is_wrong_is_said_with_its_remedy(
    secrets: dict[str, str] | None, fields: dict[str, Any], words: tuple[str, ...]
) -> None:
    message = refused(secrets, **fields)
    for word in ("微信帐号 main", *words):
        assert word in message


def test_plain_mode_needs_no_key() -> None:
    assert opened({"YIJU_WECHAT_MAIN_TOKEN": "token123"}, mode="plain").keys == ()


def test_two_accounts_of_one_name() -> None:
    account = {"name": "main", "app_id": "wx1"}
    with pytest.raises(SettingsError, match="两个"):
        open_accounts(load_settings(wechat=[account, account]), SECRETS)


@pytest.mark.parametrize("name", ["token", "aes_key", "secret"])
def test_a_secret_in_the_settings_file_is_refused_without_repeating_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "yiju.toml").write_text(f'[[wechat]]\nname = "main"\napp_id = "wx1"\n{name} = "TOPSECRET1"\n', "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "bot", "settings"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8",
        env={**os.environ, "YIJU_CONFIG": str(tmp_path / "yiju.toml"), "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert done.returncode == 1
    assert f"{name}_file" in done.stderr
    assert "TOPSECRET1" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_accounts_stand_in_the_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "yiju.toml").write_text(
        '[[wechat]]\nname = "main"\napp_id = "wx1"\n[wechat.menu]\nASK = "透析要注意什么?"\n'
        '[[wechat]]\nname = "kf"\nkind = "kf"\ncorp_id = "ww1"\nhandover = true\nhandover_from = "09:00"\n',
        "utf-8",
    )
    monkeypatch.setenv("YIJU_CONFIG", str(tmp_path / "yiju.toml"))
    read: Settings = load_settings()
    assert [account.name for account in read.wechat] == ["main", "kf"]
    assert read.wechat[0].menu == {"ASK": "透析要注意什么?"}
    assert json.loads(read.model_dump_json())["wechat"][1]["handover_from"] == "09:00:00"
