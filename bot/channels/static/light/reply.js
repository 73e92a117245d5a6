// One reply of any kind as elements. What can be done with it (ask on, vote, share) is passed in.

import { config, copyText, flash, h, say } from "./dom.js";
import { passageCard } from "./passage.js";

// No look-behind: older iPhones do not know it, and a pattern that cannot be read stops the whole page.
const PHONE = /(^|[^\d-])(1[12]\d{1,3}|400-?\d{3}-?\d{4}|0\d{2,3}-?\d{7,8}|1[3-9]\d{9})(?![\d-])/g;

function numbersIn(text) {
  return [...text.matchAll(PHONE)].map((found) => found[2]);
}

function paragraphs(lines) {
  return lines.map((line) => h("p", null, line));
}

/** The bot's own words for danger: telephone numbers as large buttons, before everything but a kind first word. */
function alarm(text, fresh) {
  const lines = text.split("\n").filter((line) => line.trim());
  const numbers = [...new Set(numbersIn(text))].slice(0, 4);
  const calls = (numbers.length ? numbers : ["120"]).map((number, at) =>
    h(at ? "a.call.other" : "a.call", { href: `tel:${number}` }, say(at ? "call_other" : "call"), " ", h("b", null, number)));
  const first = Math.max(0, lines.findIndex((line) => numbersIn(line).length));
  return h(
    "div.alarm", { role: fresh ? "alert" : null },
    paragraphs(lines.slice(0, first)), h("div.calls", null, calls), paragraphs(lines.slice(first)),
  );
}

/** Ways to reach the clinic that were not yet told, or only told as words that cannot be tapped. */
function contact(said) {
  const rows = config.contact.filter((row) => row.href || !said.includes(row.value));
  if (!rows.length) return null;
  const items = rows.map(({ name, value, href }) => h("li", null, say("pair", { name, value: "" }), href ? h("a", { href, rel: "noopener noreferrer", target: href.startsWith("tel:") ? null : "_blank" }, value) : value));
  return h("div.contact", null, h("b", null, say("contact")), h("ul", null, items));
}

function thumbs(turn, actions) {
  const make = (choice) => h(
    "button.thumb", { type: "button", "data-vote": choice, "aria-pressed": String(turn.vote === choice), onclick: () => actions.vote(turn, choice) },
    say(`vote_${choice}`),
  );
  return h("div.thumbs", { role: "group", "aria-label": say("vote") }, h("span", { "aria-hidden": "true" }, say("vote")), make("up"), make("down"));
}

/** Return the address of a page that shows these passages; it holds their ids and nothing else. */
export function shareAddress(passages) {
  let last = null;
  const parts = passages.map(({ id }) => {
    const cut = id.lastIndexOf(".");
    const document = id.slice(0, Math.max(0, cut));
    const part = document && document === last ? id.slice(cut) : id;
    last = document;
    return part;
  });
  return `${location.origin}/a/${parts.map(encodeURIComponent).join("~")}`;
}

async function share(button, passages) {
  const url = shareAddress(passages);
  if (navigator.share && matchMedia("(pointer: coarse)").matches) {
    try {
      await navigator.share({ title: say("share_title"), url });
      return;
    } catch (error) {
      if (error.name === "AbortError") return; // the patient thought better of it
    }
  }
  flash(button, say((await copyText(url)) ? "link_copied" : "copy_failed"));
}

function tools(turn, actions) {
  const { kind, passages } = turn.reply;
  if (kind !== "answer" && kind !== "decline") return null;
  const button = passages.length
    ? h("button.share", { type: "button", onclick: (event) => share(event.currentTarget, passages) }, say("shared"))
    : null;
  return h("div.tools", null, thumbs(turn, actions), button);
}

function suggestions({ kind, suggestions: found }, actions) {
  if (!found.length) return null;
  const chips = found.map((text) => h("button.chip", { type: "button", onclick: () => actions.ask(text) }, text));
  return h("div.more", null, kind === "clarify" ? null : h("p", null, say("more")), h("div.chips", null, chips));
}

function reading(turn, actions) {
  if (!turn.reply.reading) return null;
  return h(
    "div.reading", null, h("p", null, say("reading", { question: turn.reply.reading })),
    h("button.plain", { type: "button", onclick: () => actions.literal(turn) }, say("literal")),
  );
}

/** Return a reply; `fresh` ones may interrupt a screen reader where there is danger. */
export function replyElement(turn, actions, fresh) {
  const reply = turn.reply;
  const said = reply.text.split("\n").filter((line) => line.trim());
  return h(
    `div.reply.${reply.kind}`, null,
    reading(turn, actions),
    reply.kind === "emergency" ? alarm(reply.text, fresh) : said.length ? h("div.said", null, paragraphs(said)) : null,
    reply.passages.map((passage, at) => passageCard(passage, at + 1, reply.disclaimer)),
    reply.kind === "decline" ? contact(reply.text) : null,
    reply.disclaimer ? h("p.disclaimer", null, reply.disclaimer) : null,
    tools(turn, actions),
    suggestions(reply, actions),
  );
}
