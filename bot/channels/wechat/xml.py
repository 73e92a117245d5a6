"""WeChat's flat messages as XML or JSON: read without entities and with limits, written by a real writer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring  # writing only; reading is defused

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from bot.errors import BadMessageError, MessageTooLargeError

_DEEPEST = 8
_MOST_ELEMENTS = 400
_ILLEGAL = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NEWLINES = re.compile("\r\n?")


class _Flat:
    """A parser's target that keeps the text of the root's children and counts what it sees."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self._depth = self._seen = 0
        self._text: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        self._seen += 1
        if self._depth > _DEEPEST or self._seen > _MOST_ELEMENTS:
            raise BadMessageError("XML 嵌套太深或元素太多。")
        if self._depth == 2:
            self._text = []
            if tag in self.fields:
                raise BadMessageError("XML 里有重复的元素。")

    def end(self, tag: str) -> None:
        if self._depth == 2:
            self.fields[tag] = "".join(self._text)
        self._depth -= 1

    def data(self, text: str) -> None:
        if self._depth == 2:
            self._text.append(text)

    def close(self) -> dict[str, str]:
        return self.fields


def read_xml(body: bytes, most_bytes: int) -> dict[str, str]:
    """Return the text of each child of the root; what is nested deeper is dropped.

    Raises:
        BadMessageError: not well-formed UTF-8 XML, a document type or entity in it, too large, too deep, repeated fields.
    """
    if len(body) > most_bytes:
        raise MessageTooLargeError("消息太大。")
    flat = _Flat()
    parser = DefusedXMLParser(target=flat, encoding="utf-8", forbid_dtd=True)
    try:
        parser.feed(body.decode("utf-8"))  # a byte order mark must not choose another encoding
        parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise BadMessageError("XML 读不懂或带有不允许的声明。") from error
    return flat.fields


def read_json(body: bytes, most_bytes: int) -> dict[str, str]:
    """Return a JSON message's fields as text, nested objects of one level as ``outer.inner``.

    Raises:
        BadMessageError: not a JSON object in UTF-8, or too large.
    """
    if len(body) > most_bytes:
        raise MessageTooLargeError("消息太大。")
    try:
        found = json.loads(body.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise BadMessageError("JSON 读不懂。") from error
    if not isinstance(found, dict):
        raise BadMessageError("JSON 应为对象。")
    fields: dict[str, str] = {}
    for name, value in found.items():
        inner = value.items() if isinstance(value, dict) else ((None, value),)
        for part, leaf in inner:
            if isinstance(leaf, str | int | float):
                fields[name if part is None else f"{name}.{part}"] = str(leaf)
    return fields


def legal(text: str) -> str:
    """Return a text without what XML 1.0 cannot carry, line ends as ``\\n``."""
    return _ILLEGAL.sub("", _NEWLINES.sub("\n", text))


def write_xml(fields: Mapping[str, str | int]) -> str:
    """Return ``<xml>`` with one child for each field; any text comes back from a parser as :func:`legal` leaves it."""
    root = Element("xml")
    for name, value in fields.items():
        SubElement(root, name).text = legal(str(value))
    return tostring(root, encoding="unicode")


def write_json(fields: Mapping[str, str | int]) -> str:
    """Return the fields as one JSON object."""
    return json.dumps(fields, ensure_ascii=False)
