// One passage as a card: word for word, with the matched words marked, its notes, its grade and its references.
// What bot/channels/card.py does in Python, done here in elements; offsets count code points, as Python's do.

import { clean, copyText, flash, h, outside, say, webAddress } from "./dom.js";

const MARKER = /^(?:([-•*])|(\d{1,3})[.)\u3001\uff09\uff0e])[ \t]*/;

/** Return `points` (an array of characters beginning at `offset` of the passage) as text with the spans marked. */
function marked(points, offset, spans) {
  const nodes = [];
  let at = 0;
  for (const [from, to] of [...spans].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const start = Math.max(from - offset, at);
    const end = Math.min(to - offset, points.length);
    if (start >= end) continue;
    nodes.push(points.slice(at, start).join(""), h("mark", null, points.slice(start, end).join("")));
    at = end;
  }
  nodes.push(points.slice(at).join(""));
  return nodes;
}

function row(points, offset, spans) {
  const cells = [];
  let from = 0;
  for (let at = 0; at <= points.length; at += 1) {
    const divider = points[at] === " " && points[at + 1] === "|" && points[at + 2] === " ";
    if (at < points.length && !divider) continue;
    cells.push(h("td", null, marked(points.slice(from, at), offset + from, spans)));
    at += 2;
    from = at + 1;
  }
  return h("tr", null, cells);
}

function linesOf(text) {
  let offset = 0;
  return text.split("\n").map((line) => {
    const points = Array.from(line);
    const made = { line, points, offset, marker: MARKER.exec(line) };
    offset += points.length + 1;
    return made;
  });
}

function kindOf(lines, number) {
  const { line, marker } = lines[number];
  if (marker && marker[0].length < line.length) return marker[2] ? "ol" : "ul";
  const near = [lines[number - 1], lines[number + 1]].filter(Boolean);
  return line.includes(" | ") && near.some((other) => other.line.includes(" | ")) ? "table" : "p";
}

/** Return a passage's text as paragraphs, lists and tables. */
export function markedText(text, spans = []) {
  const made = [];
  const lines = linesOf(text);
  let group = null;
  lines.forEach(({ line, points, offset, marker }, number) => {
    const kind = kindOf(lines, number);
    if (kind === "p") {
      group = null;
      if (line.trim()) made.push(h("p", null, marked(points, offset, spans)));
      return;
    }
    if (group?.localName !== kind) {
      group = h(kind, kind === "table" ? { tabindex: "0" } : null);
      made.push(group);
    }
    if (kind === "table") {
      group.append(row(points, offset, spans));
      return;
    }
    const skipped = Array.from(marker[0]).length;
    const words = marked(points.slice(skipped), offset + skipped, spans);
    group.append(h("li", kind === "ol" ? { value: parseInt(marker[2], 10) } : null, words));
  });
  return made;
}

function noteLabel(note) {
  return `${say("note_prefix")}${say(`note_${note.kind}`)}`;
}

function gradeOf(passage) {
  return passage.evidence ? say(`evidence_${passage.evidence}`) : say("evidence_unknown");
}

function references(items) {
  if (!items.length) return h("p.reference", null, say("no_reference"));
  const list = items.map((item) => {
    const url = webAddress(item.url);
    return h("li", null, item.citation, url ? [" ", outside(url, item.doi ? `DOI: ${item.doi}` : url)] : null);
  });
  return h("div.reference", null, h("p", null, say("reference_label")), h("ul", null, list));
}

/** Return a passage as plain text for the clipboard: words, notes, grade, references, origin, disclaimer. */
export function passageText(passage, disclaimer) {
  const lines = passage.lead ? [passage.lead] : [];
  lines.push(passage.text, "");
  for (const note of passage.notes) lines.push(say("copied_note", { label: noteLabel(note), text: note.text }));
  lines.push(say("pair", { name: say("evidence_label"), value: gradeOf(passage) }));
  for (const item of passage.references) {
    const address = item.url && !item.citation.includes(item.url) ? ` ${item.url}` : "";
    lines.push(say("pair", { name: say("reference_label"), value: `${item.citation}${address}` }));
  }
  const { title, publisher, published } = passage.document;
  const origin = [publisher, published].filter(Boolean).join(" ");
  lines.push(say("copied_from", { title }) + (origin ? ` ${origin}` : ""));
  if (disclaimer) lines.push(disclaimer);
  return clean(lines.join("\n"));
}

/** Return the card of one passage; `number` counts from 1. */
export function passageCard(passage, number, disclaimer) {
  const source = `/source/${encodeURIComponent(passage.document.id)}#${encodeURIComponent(passage.id)}`;
  const copy = async (event) => {
    const button = event.currentTarget;
    flash(button, say((await copyText(passageText(passage, disclaimer))) ? "copied" : "copy_failed"));
  };
  return h(
    "section.card", { "aria-label": say("passage", { number }), "data-passage": passage.id },
    h("h3.path", null, [`《${passage.document.title}》`, ...passage.section].join(" › ")),
    passage.lead ? h("p.lead", null, passage.lead) : null,
    h("div.text", null, markedText(passage.text, passage.highlights)),
    passage.notes.map((note) => h(`div.note.note-${note.kind}`, { role: "note" }, h("b", null, noteLabel(note)), " ", note.text)),
    h("p.evidence", null, say("evidence_label"), " ", h(`span.grade.grade-${passage.evidence ?? "unknown"}`, null, gradeOf(passage))),
    references(passage.references),
    h(
      "div.actions", null,
      h("a", { href: source, target: "_blank", rel: "noopener" }, say("source_link")),
      h("button.copy", { type: "button", "aria-label": say("copy_label"), onclick: copy }, say("copy")),
    ),
  );
}
