"""Set the confidence for one corpus: ask a finished index what it cannot know, and what its headings ask.

The figures go into the manifest, with the thresholds that rest on them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.retrieval.confidence import measure_background, probes
from bot.retrieval.search import LoadedIndex, Searcher
from bot.settings import Caution

# From what probability on a question is answered, and from what on the nearest questions are offered instead.
POLICIES: dict[Caution, tuple[float, float]] = {
    "宁缺毋滥": (0.60, 0.20),
    "谨慎": (0.40, 0.12),
    "适中": (0.20, 0.08),
    "尽量回答": (0.15, 0.05),
}
_HEADINGS = 60  # at most
_SHORTEST_HEADING = 4  # characters
_PROBES_ANSWERED = 0.05  # the most of the probes that should be answered, whatever the policy
_MOST_RAISED = 0.1  # by which the threshold may be raised for that


def measure(searcher: Searcher) -> dict[str, Any]:
    """Return the background of an index, for its manifest."""
    return measure_background([searcher.cosines(question) for question in probes()]).to_json()


def thresholds(searcher: Searcher, policy: Caution) -> dict[str, Any]:
    """Return the thresholds of an index whose background is known, with the figures they rest on.

    ``probes`` are questions that no clinic answers; ``headings`` the corpus's own, once as they are and once as if the
    passages under them were not there.
    """
    answer, clarify = POLICIES[policy]
    probed = np.array([_probability(searcher, question) for question in probes()])
    limit = float(np.quantile(probed, 1.0 - _PROBES_ANSWERED)) if len(probed) else 0.0
    raised = max(answer, round(min(limit + 0.01, answer + _MOST_RAISED), 3))
    asked = [
        (title, numbers) for title, numbers in _sections(searcher.index).items() if len(title) >= _SHORTEST_HEADING
    ]
    step = max(1, -(-len(asked) // _HEADINGS))
    known = np.array([_probability(searcher, title) for title, _ in asked[::step]])
    hidden = np.array([_probability(searcher, title, numbers) for title, numbers in asked[::step]])
    return {
        "policy": policy,
        "answer": raised,
        "clarify": min(clarify, raised),
        "probes": {
            "asked": len(probed),
            "answered": _share(probed, raised),
            "highest": round(float(probed.max(initial=0.0)), 3),
        },
        "headings": {
            "asked": len(known),
            "answered": _share(known, raised),
            "answered_if_absent": _share(hidden, raised),
        },
    }


def _share(values: NDArray[np.float64], least: float) -> float | None:
    return round(float((values >= least).mean()), 3) if len(values) else None


def _probability(searcher: Searcher, question: str, without: frozenset[int] = frozenset()) -> float:
    found = searcher.examine(question, without)
    return found.probability if found is not None else 0.0


def _sections(index: LoadedIndex) -> dict[str, frozenset[int]]:
    """Return the passages under each heading."""
    found: dict[str, set[int]] = {}
    for number, passage in enumerate(index.passages):
        if passage.section:
            found.setdefault(passage.section[-1], set()).add(number)
    return {title: frozenset(numbers) for title, numbers in found.items()}
