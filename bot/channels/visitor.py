"""Who a request comes from, as far as anyone can know: worked out once at the gate, read by the routes."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from bot.channels.errors import ApiError
from bot.sites import ApiKey, Site

SCOPE_KEY = "yiju.visitor"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A caller who was let in.

    ``client`` is the random id in the token of an opened page, "" for others. ``sites`` names the websites for which
    a page of this origin may have a token, None for any. ``refusal`` is why the caller is not let in after all unless
    there is danger to life: only asking reads it.
    """

    address: str | None
    site: Site | None = None
    client: str = ""
    key: ApiKey | None = None
    sites: frozenset[str] | None = None
    refusal: ApiError | None = None


def visitor_of(request: Request) -> Visitor:
    """Return who was let in at the gate; nobody passes where there is no gate."""
    visitor = request.scope.get(SCOPE_KEY)
    if not isinstance(visitor, Visitor):
        raise ApiError(403, "forbidden")
    return visitor
