"""Write a CSL item as GB/T 7714-2015 text (numeric style, section 4), the form Chinese readers know.

Source of the rules: GB/T 7714-2015, sections 4 and 8, and its appendix of document-type codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CODES = {
    "article-journal": "J", "article-magazine": "J", "article-newspaper": "N", "book": "M", "chapter": "M",
    "thesis": "D", "report": "R", "paper-conference": "C", "standard": "S", "patent": "P", "dataset": "DS",
    "webpage": "EB", "post": "EB", "post-weblog": "EB", "article": "A",
}  # fmt: skip


def _author(item: Mapping[str, Any]) -> str:
    names = item.get("author") or []
    if isinstance(names, Mapping):
        names = [names]
    written = []
    for name in names if isinstance(names, list) else []:
        if not isinstance(name, Mapping):
            written.append(str(name))
            continue
        if name.get("literal"):
            written.append(str(name["literal"]))
            continue
        family, given = str(name.get("family") or ""), str(name.get("given") or "")
        if any("\u4e00" <= character <= "\u9fff" for character in family):
            written.append(family + given)
        else:
            initials = [part[:1] if not part.isupper() or len(part) > 3 else " ".join(part)
                        for part in given.replace(".", " ").replace("-", " ").split()]  # fmt: skip
            written.append(" ".join([family.upper(), *initials]).strip())
    if not written:
        return ""
    chinese = any("\u4e00" <= character <= "\u9fff" for character in written[0])
    more = ["等" if chinese else "et al"] if len(written) > 3 else []
    return ", ".join(written[:3] + more) + ". "


def _year(item: Mapping[str, Any]) -> str:
    issued = item.get("issued")
    if isinstance(issued, list):  # pandoc writes a list of dates
        issued = issued[0] if issued else None
    if isinstance(issued, Mapping):
        parts = issued.get("date-parts")
        if isinstance(parts, list) and parts and isinstance(parts[0], list) and parts[0]:
            return str(parts[0][0])
        return str(issued.get("year") or issued.get("raw") or issued.get("literal") or "")
    return str(issued)[:10] if issued is not None else ""


def _place(item: Mapping[str, Any], year: str) -> str:
    """Return the part after the title: container or publisher, year, volume, issue, pages."""
    publisher = ": ".join(str(item[k]) for k in ("publisher-place", "publisher") if item.get(k))
    pages = str(item.get("page") or item.get("number") or "").replace("--", "-")
    container = str(item.get("container-title") or "")
    if item.get("type") in ("article-journal", "article-magazine", "article-newspaper"):
        volume = str(item.get("volume") or "")
        issue = f"({item['issue']})" if item.get("issue") else ""
        head = ", ".join(part for part in (container, year, volume + issue if volume else issue) if part)
    else:
        head = ", ".join(part for part in ("//" + container if container else "", publisher, year) if part)
    return head + (f": {pages}" if pages else "")


def gbt7714(item: Mapping[str, Any]) -> str:
    """Return one CSL-JSON/YAML item as a GB/T 7714-2015 citation; absent fields are left out, never invented."""
    kind = str(item.get("type") or "")
    code = _CODES.get(kind, "Z")
    online = bool(item.get("DOI") or item.get("URL"))
    title = str(item.get("title") or item.get("id") or "").strip().rstrip(".")
    place = _place(item, _year(item))
    if place.startswith("//"):
        body = f"{title}[{code}{'/OL' if online else ''}]{place}"
    else:
        body = f"{title}[{code}{'/OL' if online else ''}]" + (f". {place}" if place else "")
    doi = str(item.get("DOI") or "").removeprefix("https://doi.org/")
    tail = f". DOI: {doi}" if doi else f". {item['URL']}" if item.get("URL") else ""
    return f"{_author(item)}{body}{tail}.".replace("..", ".")


def item_url(item: Mapping[str, Any]) -> str | None:
    """Return where an item can be read: its DOI's resolver address, else its http(s) URL, else None."""
    doi = str(item.get("DOI") or "").strip().removeprefix("https://doi.org/")
    if doi:
        return f"https://doi.org/{doi}"
    url = str(item.get("URL") or "").strip()
    return url if url.startswith(("https://", "http://")) else None
