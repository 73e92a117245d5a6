"""What the words around a sign make of it: negated, supposed, past, told, or asked about in general.

Cue words, each with a scope, as in ConText (Harkema et al. 2009, doi:10.1016/j.jbi.2009.05.002).
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.dialogue.phrases import Phrase
from bot.dialogue.rules import LIVE, STORY, TODAY, Context, Rule
from bot.dialogue.spotting import Scene
from bot.records import Span

_LISTED = "、和或及与"
Void = tuple[Context, list[Span]]


def dropped(scene: Scene, contexts: Sequence[Context]) -> set[Span]:
    """Return the words that the words around them make void (negation and the like)."""
    covers: list[Span] = []
    starts: set[int] = set()
    ends: set[int] = set()
    text = scene.heard.text
    for context in contexts:
        if context.scope not in ("covers", "before", "after"):
            continue
        cues = _cues(scene, context.words, context.but)
        if not cues or any(scene.pattern(pattern, 1000) for pattern in context.unless):
            continue
        if context.scope == "covers":
            covers += cues
        elif context.scope == "after":
            ends.update(start for start, _ in cues)
        else:
            starts.update(end + (text[end : end + 1] == " ") for _, end in cues)
    if not (covers or starts or ends):
        return set()
    words = scene.words()
    gone: set[Span] = set()
    for start, end in words:
        if start in starts or end in ends:
            gone.add((start, end))
        if start in starts and end < len(text) and text[end] in _LISTED:  # a list shares its negation
            starts.add(end + 1)
    for begin, stop in covers:
        gone.update(s for s in words if s[0] < stop and begin < s[1] and not _inside((begin, stop), s))
    return gone


def voids(raw: Scene, scene: Scene, contexts: Sequence[Context]) -> list[Void]:
    """Return the contexts that rule over more than a word, each with the stretches of text that it makes void."""
    found: list[Void] = []
    size = len(raw.heard.text)
    for context in contexts:
        if context.scope not in ("sentence", "earlier", "whole", "story") or (
            context.scope == "story" and size < STORY
        ):
            continue
        cues = _cues(raw, context.words, context.but)
        if not cues or any(scene.pattern(pattern, 1000) for pattern in context.unless):
            continue
        if context.scope == "whole":
            found.append((context, [(0, size)]))
        elif context.scope == "earlier":
            found.append((context, [(0, max(end for _, end in cues))]))
        elif context.scope == "sentence":
            found.append((context, [(start, _end_of_past(raw, start, end)) for start, end in cues]))
        else:
            found.append((context, _calm(scene)))
    return found


def counts(span: Span, rule: Rule, voids: Sequence[Void]) -> bool:
    """Tell whether what a pattern found is in no context that makes it void."""
    for context, stretches in voids:
        if rule.severity not in context.severities or context.name in rule.contexts_ignored:
            continue
        if any(start < span[1] <= end for start, end in stretches):
            return False
    return True


def _cues(scene: Scene, words: Sequence[Phrase], but: Sequence[Phrase]) -> list[Span]:
    """Return where words stand by themselves, not within the longer words of ``but``."""
    possible = scene.possible.phrases
    cues = {span for phrase in words if phrase in possible for span in scene.phrase(phrase)}
    longer = [span for phrase in but for span in scene.phrase(phrase)] if cues else []
    return sorted(cue for cue in cues if not any(s <= cue[0] and cue[1] <= e for s, e in longer))


def _end_of_past(scene: Scene, start: int, end: int) -> int:
    """Return where the sentence ends that speaks of the past, or where it comes to speak of now."""
    sentence = scene.sentence(end - 1)
    today = next((place for place, stop in scene.group(TODAY) if place >= end and not start <= stop <= end), None)
    if today is not None and scene.sentence(today) == sentence:
        return today
    size = len(scene.heard.text)
    return next((place for place in range(end, size) if scene.sentence(place) != sentence), size)


def _calm(scene: Scene) -> list[Span]:
    """Return the sentences in which nothing says that it is happening now."""
    size = len(scene.heard.text)
    live = {scene.sentence(start) for start, _ in scene.group(LIVE)}
    calm: list[Span] = []
    begin = 0
    for place in range(1, size + 1):
        if place == size or scene.sentence(place) != scene.sentence(begin):
            if scene.sentence(begin) not in live:
                calm.append((begin, place))
            begin = place
    return calm


def _inside(inner: Span, outer: Span) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]
