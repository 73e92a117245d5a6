"""Every number and switch a clinic may want different: ``YIJU_…`` variables over ``yiju.toml`` over defaults.

``python -m bot settings`` prints them all with their meaning.
"""

from __future__ import annotations

import os
from datetime import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bot.errors import SettingsError

Step = Literal["traditional", "courtesy", "pinyin", "spelling", "synonyms"]
Caution = Literal["宁缺毋滥", "谨慎", "适中", "尽量回答"]
PROJECT_ROOT = Path(__file__).resolve().parent.parent


class Clinic(BaseModel):
    """Who runs this bot: shown in headings and in the contact card."""

    name: str = Field("医据", description="机构名称，显示在页面顶部")
    tagline: str = Field("只用已发布的原文回答，每段都有出处", description="名称下方的一句话")
    phone: str = Field("", description="联系电话；留空则不显示")
    address: str = Field("", description="地址；留空则不显示")
    hours: str = Field("", description="服务时间；留空则不显示")
    url: str = Field("", description="机构网站；留空则不显示")


class WechatAccount(BaseModel):
    """One 公众号, 企业微信 application or 微信客服: what may stand in ``yiju.toml``. Secrets may not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", description="帐号的短名(小写字母、数字、连字符)，也是回调地址的最后一段"
    )
    kind: Literal["official", "wecom", "kf"] = Field(
        "official", description="official 公众号，wecom 企业微信自建应用，kf 微信客服"
    )
    app_id: str = Field("", max_length=64, description="公众号的 AppID")
    corp_id: str = Field("", max_length=64, description="企业微信的企业 ID")
    agent_id: str = Field("", max_length=32, description="企业微信自建应用的 AgentId")
    mode: Literal["plain", "compatible", "secure"] = Field(
        "secure", description="消息加解密方式：plain 明文，compatible 兼容，secure 安全(企业微信只有安全模式)"
    )
    api_base: str = Field(
        "",
        description="接口地址，如 https://api.weixin.qq.com 或 https://qyapi.weixin.qq.com；留空则绝不向外发请求",
    )
    token_file: Path | None = Field(None, description="存放 Token 的文件(权限 0600)")
    aes_key_file: Path | None = Field(None, description="存放 EncodingAESKey 的文件(权限 0600)")
    secret_file: Path | None = Field(None, description="存放 AppSecret 或应用 Secret 的文件(权限 0600)")
    token_previous_file: Path | None = Field(None, description="更换期间存放旧 Token 的文件(权限 0600)")
    aes_key_previous_file: Path | None = Field(None, description="更换期间存放旧 EncodingAESKey 的文件(权限 0600)")
    menu: dict[str, str] = Field(default_factory=dict, description="自定义菜单：点击键值 = 当作哪个问题")
    welcome: str = Field("", max_length=300, description="关注后的第一句话；留空用默认的")
    late_notice: bool = Field(
        False,
        description="来不及回答时，是否先回一句“正在查”(没有客服接口的公众号建议打开)；关闭则按平台约定回 success",
    )
    handover: bool = Field(False, description="微信客服：是否可以转人工(要先在后台设好接待人员)")
    handover_days: tuple[int, ...] = Field((1, 2, 3, 4, 5), description="人工服务的星期，1 为周一，7 为周日")
    handover_from: time = Field(time(8, 0), description="人工服务从几点起(东八区)")
    handover_to: time = Field(time(17, 30), description="人工服务到几点止(东八区)")

    @model_validator(mode="before")
    @classmethod
    def _no_secrets(cls, given: object) -> object:
        """Refuse a secret in the settings file, without repeating it (pydantic would print it)."""
        for name in ("token", "aes_key", "secret", "encoding_aes_key", "token_previous", "aes_key_previous"):
            if isinstance(given, dict) and name in given:
                raise SettingsError(
                    f'yiju.toml 的 [[wechat]] 里不能直接写 {name}。请改用环境变量，或写 {name}_file = "文件"(权限 0600);'
                    "已经写进去的值请到后台换新。"
                )
        return given


class Settings(BaseSettings):
    """All settings, with units and ranges."""

    model_config = SettingsConfigDict(
        env_prefix="YIJU_", env_nested_delimiter="__", extra="forbid", frozen=True, validate_default=True
    )

    corpus: Path = Field(Path("corpus"), description="语料文件夹")
    safety: Path | None = Field(
        None, description="危急规则文件夹；不填则用语料文件夹里的 safety，那里没有就用随程序附带的 corpus/safety"
    )
    index: Path = Field(Path("index"), description="索引文件夹")
    model: str = Field(
        "default", description="编码模型：default 为内置模型，或任何 sentence-transformers 模型的名称或文件夹"
    )
    cache: Path = Field(Path(".cache"), description="缓存文件夹(解开的模型、jieba 词典缓存)；只应由本程序的用户可写")
    host: str = Field("127.0.0.1", description="监听地址；0.0.0.0 表示所有网卡")
    port: int = Field(7860, ge=1, le=65535, description="监听端口")
    threads: int = Field(0, ge=0, le=256, description="编码一个问题所用线程数；0 表示按 CPU 核数自动决定(最多 4)")
    clinic: Clinic = Field(default_factory=Clinic, description="机构信息 [clinic]")

    question_max_chars: int = Field(500, ge=20, le=5000, description="一个问题最多多少个字符，超过则请用户缩短")
    body_max_bytes: int = Field(65536, ge=1024, le=10_000_000, description="一次接口请求的正文最多多少字节")
    max_passages: int = Field(3, ge=1, le=10, description="一次回答最多给出几段原文")
    session_minutes: float = Field(
        30.0, ge=0.0, le=1440.0, description="一次对话最后一问之后记住多少分钟(只在内存里，用于追问)；0 为不记"
    )
    session_most: int = Field(20_000, ge=1, le=1_000_000, description="最多同时记住多少个对话，超过则忘掉最久没说话的")
    rate_limit: int = Field(60, ge=0, le=100_000, description="每个地址每分钟最多提问次数；0 为不限")
    frame_ancestors: str = Field("'self'", description="哪些网站可以用 iframe 嵌入(CSP frame-ancestors 的写法)")
    feedback_file: Path = Field(Path("data/feedback.jsonl"), description="点赞点踩的记录文件(不含问题原文)")

    public_url: str = Field(
        "",
        pattern=r"^(https?://[^\s/]+(/[^\s]*)?)?$",
        description="本站对外的网址，如 https://ask.example.cn；回答里的链接用它",
    )
    wechat: tuple[WechatAccount, ...] = Field((), description="微信帐号，每个一节 [[wechat]]；见 docs/wechat.md")
    wechat_store: Path = Field(
        Path("data/wechat.db"),
        description="微信消息的排重和待发回答(SQLite)；几个进程共用一个，旁边的 .key 文件要一起保管",
    )
    wechat_deadline_seconds: float = Field(
        3.5, ge=0.05, le=4.8, description="微信消息最迟几秒内回应(平台等 5 秒)；到时没算完就先回 success"
    )
    wechat_stale_seconds: int = Field(300, ge=30, le=3600, description="微信消息的时间戳与本机相差多少秒以上就拒绝")
    wechat_keep_minutes: int = Field(10, ge=2, le=120, description="回答为平台重试保留多少分钟")
    wechat_unsent_hours: float = Field(24.0, ge=0.1, le=48.0, description="没发出去的回答保留多少小时，过后放弃")
    wechat_text_max_bytes: int = Field(2048, ge=600, le=2048, description="一条微信文字消息最多多少字节(UTF-8)")
    wechat_threads: int = Field(2, ge=1, le=64, description="同时处理多少条微信消息")

    passage_min_chars: int = Field(40, ge=1, le=1000, description="段落下限(字符)，更短的与邻段合并")
    passage_max_chars: int = Field(220, ge=50, le=5000, description="段落上限(字符)，更长的按句切开")
    list_max_chars: int = Field(420, ge=50, le=5000, description="列表连同引导句不超过多少字符时整体作为一段")

    understand: tuple[Step, ...] = Field(
        ("traditional", "courtesy", "pinyin", "spelling", "synonyms"),
        description="怎样理解问题：traditional 繁体转简体，courtesy 去掉寒暄和来龙去脉，pinyin 识别拼音，spelling 纠正错别字,"
        "synonyms 换成资料里的说法；去掉哪项就关闭哪项",
    )
    dense_weight: float = Field(
        0.0, ge=0.0, le=50.0, description="排序：整句向量的余弦每高 0.1 计多少；0 表示它只用来找候选"
    )
    late_weight: float = Field(1.0, ge=0.0, le=50.0, description="排序：逐词比较的平均余弦每高 0.1 计多少；0 为不用")
    lexical_weight: float = Field(2.5, ge=0.0, le=50.0, description="排序：问题的词全部命中计多少")
    sentence_vectors_up_to: int = Field(
        0, ge=0, description="段落数不超过此值时，每句话也各建一个向量(建得慢两三倍；有逐词比较时几乎没有好处)"
    )
    candidates: int = Field(50, ge=3, le=1000, description="向量与 BM25 各取多少候选")
    caution: Caution = Field(
        "适中",
        description="把握多大才回答：宁缺毋滥、谨慎、适中、尽量回答；把握不够时先反问，再不够就说没有。改后要重建索引",
    )
    passage_share: float = Field(0.5, ge=0.0, le=1.0, description="第二、三段的把握不低于第一段的这个比例才一并给出")
    agreement_floor: float = Field(0.98, ge=0.0, le=1.0, description="int8 模型与原模型的平均余弦低于此值时退回原模型")
    batch_size: int = Field(32, ge=1, le=1024, description="建索引时每批编码多少段")
    build_wait_seconds: float = Field(
        0.0, ge=0.0, le=3600.0, description="已有构建在进行时最多等待多少秒，0 为立即拒绝"
    )
    reload_seconds: float = Field(2.0, ge=0.1, le=3600.0, description="服务每隔多少秒查看是否有新索引")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments, environment, ``yiju.toml`` (or the file that ``YIJU_CONFIG`` names)."""
        path = Path(os.environ.get("YIJU_CONFIG", "yiju.toml"))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=path)


def load_settings(**overrides: object) -> Settings:
    """Read the settings; ``overrides`` (those that are not None) win over everything.

    Raises:
        SettingsError: a value is out of range, of the wrong type or unknown; the message names the setting.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    config = os.environ.get("YIJU_CONFIG")
    if config and not Path(config).is_file():
        raise SettingsError(f"YIJU_CONFIG 指向的配置文件不存在：{config}。请改正路径，或去掉这个环境变量。")
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [
            f"  {'.'.join(str(part) for part in item['loc'])} = {item['input']!r}:{item['msg']}"
            for item in error.errors()
        ]
        raise SettingsError(
            "设置有误(环境变量 YIJU_… 或 yiju.toml):\n"
            + "\n".join(lines)
            + "\n运行 python -m bot settings 查看各项说明。"
        ) from error
    except ValueError as error:  # a TOML syntax error
        raise SettingsError(f"yiju.toml 读不懂：{error}。请按 TOML 语法改正。") from error
