"""Small files of our own, kept in memory, sent compressed and cached for ever under an address that names their content."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
}
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"  # keep a copy, but ask whether it is still the newest


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent: plain and compressed, with the mark by which a browser asks for news."""

    body: bytes
    compressed: bytes
    media_type: str
    etag: str

    def response(self, request: Request, cache: str, headers: Mapping[str, str] | None = None) -> Response:
        """Return the file, compressed where the client can read that, or 304 where it has it already."""
        sent = {"Cache-Control": cache, "ETag": self.etag, "Vary": "Accept-Encoding", **(headers or {})}
        if self.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=sent)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(self.body, media_type=self.media_type, headers=sent)
        return Response(self.compressed, media_type=self.media_type, headers={**sent, "Content-Encoding": "gzip"})


def make_asset(text: str, suffix: str) -> Asset:
    """Return a text as a file of the kind that ``suffix`` names (``.js``, ``.css`` or ``.html``)."""
    body = text.encode("utf-8")
    # The mark is weak: plain and compressed bytes share it.
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:16]}"'
    return Asset(body, gzip.compress(body, mtime=0), _TYPES[suffix], etag)


def read_assets(folder: Path) -> dict[str, Asset]:
    """Read the style sheets and scripts of a folder, by file name."""
    files = sorted(path for path in folder.iterdir() if path.suffix in _TYPES)
    return {path.name: make_asset(path.read_text("utf-8"), path.suffix) for path in files}


def version_of(assets: Mapping[str, Asset]) -> str:
    """Return a name for the content of all files together."""
    return hashlib.sha256("".join(asset.etag for asset in assets.values()).encode()).hexdigest()[:12]
