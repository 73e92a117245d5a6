"""Who may embed the bot and call it, as a clinic writes it down: websites with their origins, and keys of programs."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_ORIGIN = re.compile(r"https?://(?:[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
_LEAST_CONTRAST = 5.5  # 4.5 is what WCAG asks of text; it also stands on tints of itself
_DEFAULT_PORT = {"http": ":80", "https": ":443"}


def checked_origin(text: str) -> str:
    """Return an exact web origin, ``scheme://host`` or ``scheme://host:port``, just as browsers send it.

    Raises:
        ValueError: it is none, or not encrypted and not on this machine; the message says what to write.
    """
    if "*" in text:
        raise ValueError("来源不能用通配符 *，请把每个网址都写上")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("来源应写作 https://www.example.cn 这样的形式") from None
    if not host.isascii():
        raise ValueError(f"来源里的中文域名请写成浏览器发送的形式 {host.encode('idna').decode()}")
    wanted = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port is not None else ''}"
    if not host or not _ORIGIN.fullmatch(wanted):
        raise ValueError("来源应写作 https://www.example.cn 这样的形式")
    if wanted.endswith(_DEFAULT_PORT[parts.scheme]):
        raise ValueError(f"默认端口不要写出来，请写 {wanted.removesuffix(_DEFAULT_PORT[parts.scheme])}")
    if text != wanted:
        raise ValueError(f"来源只写协议、域名和端口，字母小写，不带路径和末尾的斜线：请写 {wanted}")
    if parts.scheme == "http" and not is_loopback_name(host):
        raise ValueError(f"来源必须是 https(本机测试除外)：请写 {wanted.replace('http:', 'https:', 1)}")
    return text


def is_loopback_name(host: str) -> bool:
    """Say whether a host name or address in an origin can only be this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _checked_network(text: str) -> str:
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise ValueError("应为 IP 地址或网段，如 127.0.0.1 或 10.0.0.0/8") from None
    if not network.prefixlen:
        raise ValueError("不能信任所有地址：那样任何人都能冒充别的地址。请只写代理服务器的地址")
    return text


def contrast_with_white(colour: str) -> float:
    """Return how far a colour ``#rrggbb`` stands out on white, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _checked_colour(text: str) -> str:
    if text and not re.fullmatch("#[0-9a-fA-F]{6}", text):
        raise ValueError("颜色应写作 #0b6e6e 这样的形式")
    if text and contrast_with_white(text) < _LEAST_CONTRAST:
        raise ValueError(
            f"这个颜色太浅，文字会看不清(与白色的对比度要有 {_LEAST_CONTRAST}，现为 {contrast_with_white(text):.1f})"
        )
    return text


Colour = Annotated[str, AfterValidator(_checked_colour)]
Origin = Annotated[str, AfterValidator(checked_origin)]
Network = Annotated[str, AfterValidator(_checked_network)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Clinic(_Entry):
    """Who runs this bot: shown in headings and in the contact card."""

    name: str = Field("医据", description="机构名称，显示在页面顶部")
    tagline: str = Field("只用已发布的原文回答，每段都有出处", description="名称下方的一句话")
    phone: str = Field("", description="联系电话；留空则不显示")
    address: str = Field("", description="地址；留空则不显示")
    hours: str = Field("", description="服务时间；留空则不显示")
    url: str = Field("", description="机构网站；留空则不显示")


class Theme(_Entry):
    """How the bot looks on a website."""

    colour: Colour = Field("", description="主色，如 #0b6e6e，要比白底深得多；留空用默认颜色；深色界面用默认颜色")
    mode: Literal["auto", "light", "dark"] = Field("auto", description="浅色、深色，或跟随访问者的系统")


class Site(_Entry):
    """A website that may embed the bot."""

    name: Slug = Field(description="网站的代号(字母、数字、点、横线)，即嵌入代码里的 data-site")
    origins: tuple[Origin, ...] = Field(min_length=1, description="网站的来源，每个都写全：https://www.example.cn")
    theme: Theme = Field(default_factory=Theme, description="颜色和深浅")
    clinic: Clinic | None = Field(None, description="这个网站自己的机构信息；没写的各项用总的 [clinic]")
    documents: tuple[str, ...] = Field((), description="只用哪些文章(id)回答；空为全部")
    daily_limit: int = Field(0, ge=0, le=10_000_000, description="这个网站每天最多多少次提问；0 为不限")


class ApiKey(_Entry):
    """A program that may ask: what is kept of its key is the hash only."""

    name: Slug = Field(description="这个程序的代号")
    sha256: Sha256 = Field(description="密钥的 SHA-256(python -m bot key 会给出)")
    site: str = Field("", description="按哪个网站的设置(文章、机构信息、每日上限)回答；空为总的设置")
    per_minute: int = Field(600, ge=0, le=1_000_000, description="每分钟最多多少次；0 为不限")
