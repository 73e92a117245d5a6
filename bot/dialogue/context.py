"""Resolve what was typed against the session: which whole question is meant, and which passages it may be about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.dialogue.boundaries import COUNTER, boundary_of
from bot.dialogue.cues import Cue, CueKind, cue_of
from bot.dialogue.followup import How, Reading, Remark, asks, readings, remark_of
from bot.dialogue.memory import Remembered, Session
from bot.dialogue.points import point_in
from bot.dialogue.view import View
from bot.language.folding import fold
from bot.records import Hit, Passage
from bot.retrieval.search import Found

_ALONE = {1: 0.15, 2: -0.30}  # added to the words as they stand, by how surely they need a topic
_SAME_TEXT = 0.10  # added to a reading whose best passage stands in the text that was just shown
_SURE = 0.60  # a remark that perhaps needs a topic is taken as it stands from this probability on
_PRIOR: dict[How, float] = {
    "pronoun": 0.05,
    "number": 0.3,
    "instead": 0.0,
    "added": 0.0,
    "whole": -0.05,
    "heading": -0.25,
}
_NAMED = 0.15  # added to a replacement where the new words are no aspect ("副作用", "原理") but another thing
_ENOUGH = 0.9  # a reading that the corpus answers so surely ends the search for better ones
_REPLACED = 2  # how many places of the old question the new words are tried in, those of the likest kind
_SAME_KIND = 0.78  # cosine from which the new words surely stand for the old ones
# What is added for the cosine of new words with what they replace (two diseases are alike): above what is usual, and below.
_LIKE, _UNLIKE, _USUAL_LIKENESS = 3.0, 0.8, 0.70
_LOOK_BACK = 20  # hits among which what was shown, or comes next, is looked for
_PLACE = re.compile("医院|大学|中心|研究所|研究院|团队|学院|公司|国家|美国|日本|德国|英国|韩国|中国|杂志|期刊")
_LONGEST_TITLE = 20  # characters of a heading that can name a topic
_HEAD = 40  # characters of a point that are searched for


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a turn is about.

    ``question`` is the whole question that was searched for; ``reading`` it again where it differs from what was typed,
    to be shown. ``found`` is what the search gave, in the order in which it is to be considered. ``cue`` tells what was
    asked of the conversation itself, None for an ordinary question; ``fixed`` holds the passages to show whatever their
    probability (what was shown before, a point that was asked for).
    """

    question: str
    found: Found
    reading: str = ""
    cue: CueKind | None = None
    fixed: tuple[Hit, ...] = ()


def resolve(view: View, session: Session, text: str, count: int, literal: bool = False) -> Resolved:
    """Return what was meant.

    Args:
        view: The index in use.
        session: The conversation so far.
        text: The cleaned question as it was typed.
        count: How many hits are wanted.
        literal: Whether the words are to be taken as they stand.
    """
    alone = view.searcher.find(text, count)
    text = alone.understood.corrected or text
    if literal or not session.turns:
        return Resolved(text, alone)
    said = alone.understood.text
    cue = cue_of(fold(said))
    answered = session.last(answered=True)
    if cue is not None and answered is not None:
        resolved = _about_the_last(view, answered, cue, count)
        if resolved is not None:
            return resolved
    if (cue is not None and cue.kind == "position") or boundary_of(fold(said)) in COUNTER:
        return Resolved(text, alone)
    return _completed(view, session, text, said, alone, count)


def _completed(view: View, session: Session, text: str, said: str, alone: Found, count: int) -> Resolved:
    """Return an ordinary question, completed where it needs to be and the corpus answers it better so."""
    searcher = view.searcher
    remark = remark_of(said, searcher.subject)
    if not remark.strength or (remark.strength == 1 and _probability(alone) >= _SURE):
        return Resolved(text, alone)
    best, best_found, best_score = None, alone, _probability(alone) + _ALONE[remark.strength]
    for reading, prior, shown in _possible(view, session, remark):
        found = searcher.find(reading.text, count)
        score = _score(found, shown) + prior
        if score > best_score:
            best, best_found, best_score = reading, found, score
        if prior >= 0 and score >= _ENOUGH:
            break
    if best is None or _probability(best_found) < view.thresholds.clarify:
        return Resolved(text, alone)
    return Resolved(best.text, best_found, best.text)


def _possible(view: View, session: Session, remark: Remark) -> Iterator[tuple[Reading, float, Passage | None]]:
    """Yield the readings after the last question, and after the last answered one, with what is added to their scores."""
    last, answered = session.last(), session.last(answered=True)
    for turn in {id(turn): turn for turn in (last, answered) if turn is not None}.values():
        shown = view.by_id.get(turn.latest[0]) if turn.latest else None
        found = readings(remark, turn.question, _topics(view, turn), view.searcher.subject, _before(session, turn))
        kinds = dict.fromkeys(reading.replaced for reading in found if reading.how == "instead")
        alike = dict(zip(kinds, view.searcher.likeness(remark.core, list(kinds)), strict=True))
        instead = sorted((r for r in found if r.how == "instead"), key=lambda r: -alike[r.replaced])[:_REPLACED]
        if instead and alike[instead[0].replaced] >= _SAME_KIND:
            instead = instead[:1]
        priors = {id(reading): _PRIOR[reading.how] for reading in found}
        for reading in instead:
            above = alike[reading.replaced] - _USUAL_LIKENESS
            priors[id(reading)] += (_LIKE if above > 0 else _UNLIKE) * above + (0.0 if remark.aspect else _NAMED)
        tried = [*instead, *(reading for reading in found if reading.how != "instead")]
        for reading in sorted(tried, key=lambda reading: -priors[id(reading)]):
            yield reading, priors[id(reading)], shown


def _before(session: Session, turn: Remembered) -> str:
    """Return the whole question before a turn, empty where there is none."""
    at = session.turns.index(turn)
    return session.turns[at - 1].question if at else ""


def _probability(found: Found) -> float:
    return found.hits[0].probability if found.hits else 0.0


def _score(found: Found, shown: Passage | None) -> float:
    if not found.hits:
        return 0.0
    same = shown is not None and found.hits[0].passage.document_id == shown.document_id
    return found.hits[0].probability + (_SAME_TEXT if same else 0.0)


def _topics(view: View, last: Remembered) -> list[str]:
    """Return the headings of what was shown last, which name what it is about."""
    passages = [view.by_id[name] for name in last.latest[:1] if name in view.by_id]
    titles = [passage.section[-1] for passage in passages if passage.section]
    return [title for title in titles if len(title) <= _LONGEST_TITLE and not asks(title)]


def _about_the_last(view: View, last: Remembered, cue: Cue, count: int) -> Resolved | None:
    """Return the turn for a remark on the last answer; None where it turns out to be none."""
    found = view.searcher.find(last.question, max(count, _LOOK_BACK))
    by_id = {hit.passage.id: hit for hit in found.hits}
    latest = [view.by_id[name] for name in last.latest if name in view.by_id]
    if not latest:
        return None
    if cue.kind == "position":
        return _point(view, last, cue, latest, count)
    again = tuple(_hit(by_id, passage, found) for passage in latest)
    if cue.kind == "where":
        told = tuple(hit for hit in again if _PLACE.search(hit.passage.text))
        again = (*told, *(hit for hit in again if hit not in told))
    if cue.kind in ("source", "simpler", "where"):
        return Resolved(last.question, found, "", cue.kind, again)
    limit = view.thresholds.answer if cue.kind == "detail" else view.thresholds.clarify
    rest = [hit for hit in found.hits if hit.passage.id not in last.shown and hit.probability >= limit]
    if cue.kind == "detail":
        near = [passage for passage in view.following(latest[0]) if passage.id not in last.shown][:1]
        known = {passage.id for passage in (latest[0], *near)}
        rest = [
            _hit(by_id, latest[0], found),
            *(_hit(by_id, passage, found) for passage in near),
            *(hit for hit in rest if hit.passage.id not in known),
        ]
    return Resolved(last.question, found, "", cue.kind, tuple(rest))


def _hit(by_id: dict[str, Hit], passage: Passage, found: Found) -> Hit:
    """Return the hit for a passage, made up from the best one where the search did not bring it."""
    known = by_id.get(passage.id)
    if known is not None:
        return known
    return replace(found.hits[0], passage=passage, highlights=(), matched=())


def _point(view: View, last: Remembered, cue: Cue, latest: Sequence[Passage], count: int) -> Resolved | None:
    """Return the turn for "第二个原因详细说说": the point of the list that was shown, with what else is said about it."""
    documents = view.searcher.index.documents
    for passages in (*([passage] for passage in latest[:1]), view.section(latest[0]), *([p] for p in latest[1:])):
        found = point_in(passages, documents[passages[0].document_id].body, cue.number, cue.noun)
        if found is not None:
            break
    else:
        if not 0 < abs(cue.number) <= len(latest):
            return None
        chosen = latest[cue.number if cue.number < 0 else cue.number - 1]
        found = chosen, (0, len(chosen.text))
    passage, span = found
    head = re.split("[。；;\n]", passage.text[slice(*span)], maxsplit=1)[0][:_HEAD]
    searched = view.searcher.find(f"{head} {cue.rest}".strip(), count)
    by_id = {hit.passage.id: hit for hit in searched.hits}
    own = replace(_hit(by_id, passage, searched), highlights=(span,))
    others = [h for h in searched.hits if h.passage.id != passage.id and h.probability >= view.thresholds.answer]
    return Resolved(f"{last.question} {head}", searched, "", "position", (own, *others))
