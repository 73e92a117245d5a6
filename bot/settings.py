"""Every number and switch a clinic may want different: ``YIJU_…`` variables over ``yiju.toml`` over defaults.

``python -m bot settings`` prints them all with their meaning.
"""

from __future__ import annotations

import os
from datetime import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bot.errors import SettingsError
from bot.sites import ApiKey, Network, Origin, Site
from bot.sites import Clinic as Clinic  # part of the settings for everybody else

Step = Literal["traditional", "courtesy", "pinyin", "spelling", "synonyms"]
Caution = Literal["宁缺毋滥", "谨慎", "适中", "尽量回答"]
PROJECT_ROOT = Path(__file__).resolve().parent.parent


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
    safety_reader: bool = Field(
        True,
        description="判断危急时，规则之外是否再用随程序附带的语气模型：它确信只是平常提问时不报，确信危急时不必有规则",
    )
    safety_aside: float = Field(
        0.1, ge=0, le=0.5, description="语气模型认为危急的概率低于它时，不理会规则的报警；0 为总听规则的"
    )
    safety_alone: float = Field(
        0.65, ge=0.5, le=1, description="语气模型认为危急的概率高于它时，没有规则也报警；1 为只听规则的"
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
    suggest_share: int = Field(10, ge=1, le=1000, description="输入时的联想，每分钟最多请求次数是 rate_limit 的多少倍")
    client_rate_limit: int = Field(
        20,
        ge=0,
        le=100_000,
        description="一个打开的页面(一个凭证)每分钟最多提问次数；0 为不限；rate_limit 为 0 时也不限",
    )
    frame_ancestors: str = Field(
        "'self'",
        description="哪些网站可以用 iframe 嵌入 / 和没写 site 的 /m(CSP frame-ancestors 的写法)；网站一般写在 [[sites]]",
    )

    journal: bool = Field(True, description="是否记录对话(先抹去个人信息)，供机构查看没有答上的问题；关闭则什么都不记")
    journal_file: Path = Field(Path("data/journal.sqlite3"), description="对话日志的文件(SQLite，只有本程序的用户可读)")
    journal_url: SecretStr = Field(
        SecretStr(""), description="对话日志改存 PostgreSQL：postgresql+psycopg://用户:密码@主机/数据库；留空则用文件"
    )
    journal_days: int = Field(90, ge=1, le=3650, description="对话日志保留多少天，更早的自动删除(启动时和每天)")

    sites: tuple[Site, ...] = Field((), description="可以嵌入本服务的网站 [[sites]]；空为只有本服务自己的网页可用")
    own_origins: tuple[Origin, ...] = Field(
        (), description="本服务对外的来源，如 https://bot.example.cn；空为按请求的协议和 Host 判断"
    )
    token_minutes: float = Field(60.0, ge=1.0, le=1440.0, description="网页凭证的有效期(分钟)，过期由网页自动更换")
    secret: SecretStr = Field(
        SecretStr(""), description="给凭证签名的密文，至少 32 个字符；空为用 secret_file。换下的写进 secret_previous"
    )
    secret_previous: SecretStr = Field(SecretStr(""), description="上一个签名密文：用它签的凭证到期前仍有效")
    secret_file: Path = Field(
        Path("data/secret"), description="签名密文的文件(权限 600；一行一个，第一行为现用)，没有则自动生成"
    )
    api_keys: tuple[ApiKey, ...] = Field((), description="可以调用接口的程序 [[api_keys]]；本机上的程序不需要")
    api_keys_file: Path | None = Field(
        None, description="写有更多密钥的文件，一行一个：代号 SHA-256；只能由本程序的用户改写"
    )
    trusted_proxies: tuple[Network, ...] = Field(
        (), description="代理服务器(nginx 等)的地址或网段：只有它们说的访问者地址、协议和域名才算数"
    )
    behind_tls: bool = Field(False, description="前面的代理已做 TLS 但没有发送 X-Forwarded-Proto 时设为 true")
    hsts_seconds: int = Field(
        31_536_000, ge=0, le=63_072_000, description="经 TLS 访问时要求浏览器多少秒内只用 https(HSTS)；0 为不要求"
    )
    header_seconds: float = Field(10.0, ge=1.0, le=300.0, description="多少秒内要收完请求头，否则断开")
    body_seconds: float = Field(10.0, ge=0.1, le=300.0, description="多少秒内要收完请求正文，否则拒绝")
    header_max_bytes: int = Field(16_384, ge=2048, le=60_000, description="请求头最多多少字节")
    url_max_bytes: int = Field(8192, ge=512, le=60_000, description="请求地址最多多少字节")

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
    rerank_weight: float = Field(
        1.0, ge=0.0, le=10.0, description="排序：小网络对前六段名次的意见计多少；0 为不用，关闭逐词比较时也不用"
    )
    sentence_vectors_up_to: int = Field(
        0, ge=0, description="段落数不超过此值时，每句话也各建一个向量(建得慢两三倍；有逐词比较时几乎没有好处)"
    )
    candidates: int = Field(50, ge=3, le=1000, description="向量与 BM25 各取多少候选")
    caution: Caution = Field(
        "适中",
        description="把握多大才回答：宁缺毋滥、谨慎、适中、尽量回答；把握不够时先反问，再不够就说没有。改后要重建索引",
    )
    known_questions: int = Field(
        1000,
        ge=0,
        le=10_000,
        description="建索引时最多核对多少个可问的问题(问答表的问题、小标题、文中的设问；每个约 0.02 秒)，答得出的才用来推荐和联想；0 为都不用",
    )
    passage_share: float = Field(0.5, ge=0.0, le=1.0, description="第二、三段的把握不低于第一段的这个比例才一并给出")
    agreement_floor: float = Field(0.98, ge=0.0, le=1.0, description="int8 模型与原模型的平均余弦低于此值时退回原模型")
    batch_size: int = Field(32, ge=1, le=1024, description="建索引时每批编码多少段")
    build_wait_seconds: float = Field(
        0.0, ge=0.0, le=3600.0, description="已有构建在进行时最多等待多少秒，0 为立即拒绝"
    )
    reload_seconds: float = Field(2.0, ge=0.1, le=3600.0, description="服务每隔多少秒查看是否有新索引")

    @model_validator(mode="after")
    def _names_are_told_apart(self) -> Settings:
        for what, names in (("sites", [s.name for s in self.sites]), ("api_keys", [k.name for k in self.api_keys])):
            if len(set(names)) < len(names):
                raise ValueError(f"{what} 里的代号 name 不能重复")
        unknown = {key.site for key in self.api_keys} - {site.name for site in self.sites} - {""}
        if unknown:
            raise ValueError(f"api_keys 里的 site {sorted(unknown)} 不在 [[sites]] 里")
        return self

    def site(self, name: str) -> Site | None:
        """Return the website of that name."""
        return next((site for site in self.sites if site.name == name), None)

    def for_site(self, site: Site | None) -> Settings:
        """Return the settings as they are for one website: its own contact card where it has one."""
        if site is None or site.clinic is None:
            return self
        own = {name: getattr(site.clinic, name) for name in site.clinic.model_fields_set}
        return self.model_copy(update={"clinic": self.clinic.model_copy(update=own)})

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


def _shown(place: tuple[int | str, ...], value: object) -> str:
    """Return a wrong value for a message; never one that may be a secret, nor a whole table."""
    field = Settings.model_fields.get(str(place[0])) if place else None
    hidden = field is None or field.annotation is SecretStr or place[-1] == "sha256"
    return "" if hidden or isinstance(value, (dict, list, Settings)) else f" = {value!r}"


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
            f"  {'.'.join(str(part) for part in item['loc'])}{_shown(item['loc'], item['input'])}:{item['msg']}"
            for item in error.errors()
        ]
        raise SettingsError(
            "设置有误(环境变量 YIJU_… 或 yiju.toml):\n"
            + "\n".join(lines)
            + "\n运行 python -m bot settings 查看各项说明。"
        ) from error
    except ValueError as error:  # a TOML syntax error
        raise SettingsError(f"yiju.toml 读不懂：{error}。请按 TOML 语法改正。") from error
