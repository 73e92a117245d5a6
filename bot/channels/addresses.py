"""What the first lines of a request may look like: no tricks in its path, no token in its address, nothing huge."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote

from starlette.types import Scope

from bot.channels.errors import ApiError
from bot.channels.keys import KEY_MARK
from bot.channels.tokens import TOKEN_MARK

_SEPARATOR = re.compile(rb"%2f|%5c|\\", re.IGNORECASE)
_TRICK = re.compile(r"[\x00-\x1f\x7f\\]|//|(?:^|/)\.{1,2}(?:/|$)")
_TOKEN_NAMES = re.compile(r"(?:x[-_])?(?:yiju[-_])?(?:access[-_]?)?token|(?:x[-_])?api[-_]?key|authorization", re.ASCII)
_TOKEN = re.compile(rf"(?:{re.escape(TOKEN_MARK)}|{re.escape(KEY_MARK)})[A-Za-z0-9_.-]{{32,}}", re.ASCII)


def check_address(scope: Scope, url_most: int, headers_most: int) -> None:
    """Refuse a request by its first lines.

    Raises:
        ApiError: 414 or 431 where they are too long, 400 for a path that means something else than it looks like,
            401 where a token or key stands in the address, which logs and histories keep.
    """
    raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
    query: bytes = scope["query_string"]
    if len(raw) + len(query) + 1 > url_most:
        raise ApiError(414, "url_too_long", headers={"Connection": "close"})
    if sum(len(name) + len(value) + 4 for name, value in scope["headers"]) > headers_most:
        raise ApiError(431, "headers_too_large", headers={"Connection": "close"})
    path: str = scope["path"]
    # Decoded once more, because some proxy on the way may do the same.
    if not path.startswith("/") or _SEPARATOR.search(raw) or _TRICK.search(path) or _TRICK.search(unquote(path)):
        raise ApiError(400, "bad_path")
    _check_secrets(path, query)


def _check_secrets(path: str, query: bytes) -> None:
    given = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    named = path.startswith("/api/") and any(_TOKEN_NAMES.fullmatch(name.lower()) for name, _ in given)
    if named or _TOKEN.search(path) or any(_TOKEN.search(word) for pair in given for word in pair):
        raise ApiError(401, "token_in_url", headers={"WWW-Authenticate": "YijuToken"})
