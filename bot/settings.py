"""Every number and switch a clinic may want different: ``YIJU_…`` variables over ``yiju.toml`` over defaults.

``python -m bot settings`` prints them all with their meaning.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr, ValidationError
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
    suggest_share: int = Field(10, ge=1, le=1000, description="输入时的联想，每分钟最多请求次数是 rate_limit 的多少倍")
    frame_ancestors: str = Field("'self'", description="哪些网站可以用 iframe 嵌入(CSP frame-ancestors 的写法)")

    journal: bool = Field(True, description="是否记录对话(先抹去个人信息)，供机构查看没有答上的问题；关闭则什么都不记")
    journal_file: Path = Field(Path("data/journal.sqlite3"), description="对话日志的文件(SQLite，只有本程序的用户可读)")
    journal_url: SecretStr = Field(
        SecretStr(""), description="对话日志改存 PostgreSQL：postgresql+psycopg://用户:密码@主机/数据库；留空则用文件"
    )
    journal_days: int = Field(90, ge=1, le=3650, description="对话日志保留多少天，更早的自动删除(启动时和每天)")

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
