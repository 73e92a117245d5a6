// The light page: a box to ask in and what came of it. Starts everything the other files hold.

import * as server from "./api.js";
import { announce, config, h, say } from "./dom.js";
import { listen, tell } from "./frame.js";
import { replyElement } from "./reply.js";
import { Suggestions } from "./suggest.js";
import { erase, keep, restore, talk } from "./talk.js";

const at = (id) => document.getElementById(id);
const root = document.documentElement;
const [log, box, form, notice, network, clear, sure] = ["log", "box", "ask", "notice", "network", "clear", "confirm"].map(at);
const shown = new Map(); // turn -> its element
let busy = false;

const actions = { ask: (text) => ask(text), literal: (turn) => ask(turn.question, turn), vote };

function touch() {
  return matchMedia("(pointer: coarse)").matches;
}

function bubble(question) {
  return h("h2.question", null, h("span.unseen", null, say("asked")), h("bdi", null, question));
}

function draw(turn, fresh) {
  const element = h("article.turn", { tabindex: "-1" }, bubble(turn.question), replyElement(turn, actions, fresh));
  const old = shown.get(turn);
  if (old) old.replaceWith(element);
  else log.append(element);
  shown.set(turn, element);
  clear.hidden = false;
  return element;
}

function toTop(element) {
  log.scrollTop += element.getBoundingClientRect().top - log.getBoundingClientRect().top - 8;
}

/** Say what went wrong, with a button to try again. */
function complain(message, again) {
  notice.replaceChildren(h("p", null, message), again ? h("button.plain", { type: "button", onclick: again }, say("retry")) : "");
  notice.hidden = false;
}

function summary(reply) {
  return reply.passages.length ? say("found", { count: reply.passages.length }) : say("answered");
}

/** Put in what an older or stranger server may leave out. */
function whole(reply) {
  return { text: "", passages: [], suggestions: [], disclaimer: "", reading: "", ...reply };
}

/** Ask, and show the reply. `instead` is a turn whose question is asked again word for word, to be replaced. */
async function ask(text, instead = null) {
  const question = text.trim();
  if (!question || busy) return;
  setBusy(true);
  notice.hidden = true;
  suggestions.hide();
  const waiting = h("article.turn.waiting", null, instead ? "" : bubble(question), h("p.wait", null, say("searching")));
  if (instead) shown.get(instead).after(waiting);
  else log.append(waiting);
  toTop(waiting);
  try {
    const reply = whole(await server.ask(question, talk.session, Boolean(instead)));
    talk.session = reply.session ?? talk.session;
    waiting.remove();
    added(question, reply, instead);
  } catch (error) {
    waiting.remove();
    failed(error, text, instead);
  } finally {
    setBusy(false);
  }
}

function added(question, reply, instead) {
  const turn = instead ?? { question };
  Object.assign(turn, { reply, vote: "none" });
  if (!instead) talk.turns.push(turn);
  const element = draw(turn, true);
  keep();
  if (box.value.trim() === question) setBox("");
  toTop(element);
  if (reply.kind !== "emergency") announce(summary(reply));
  if (!touch() && !instead) box.focus({ preventScroll: true });
  if (instead) element.focus({ preventScroll: true });
  tell("answer", { kind: reply.kind, passages: reply.passages.length });
}

function failed(error, text, instead) {
  if (!(error instanceof server.Refusal)) console.warn(error); // eslint-disable-line no-console
  const message = error instanceof server.Refusal ? error.message : say("failed");
  if (!instead && !box.value.trim()) setBox(text);
  const kept = instead ? "" : say("kept");
  const hopeless = error.status >= 400 && error.status < 429 && error.status !== 401;
  complain(`${message}${kept}`, hopeless ? null : () => ask(text, instead));
}

function setBusy(value) {
  busy = value;
  form.classList.toggle("busy", value);
  log.setAttribute("aria-busy", String(value));
}

function setBox(text) {
  box.value = text;
  fit();
}

/** Let the box grow with its words, up to what its style allows. */
function fit() {
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight + 2}px`;
}

async function vote(turn, choice) {
  const before = turn.vote;
  const wanted = before === choice ? "none" : choice;
  press(turn, wanted);
  try {
    await server.vote(turn.reply.id, wanted);
    announce(say(wanted === "none" ? "unvoted" : "voted"));
    keep();
  } catch (error) {
    press(turn, before);
    complain(error.status === 404 || error.status === 429 ? error.message : say("vote_failed"), null);
  }
}

function press(turn, choice) {
  turn.vote = choice;
  for (const button of shown.get(turn).querySelectorAll(".thumb")) {
    button.setAttribute("aria-pressed", String(button.dataset.vote === choice));
  }
}

function cleared() {
  if (talk.session) server.forget(talk.session).catch(() => {}); // here it is gone in any case
  erase();
  for (const element of shown.values()) element.remove();
  shown.clear();
  notice.hidden = true;
  clear.hidden = true;
  log.scrollTop = 0;
  announce(say("cleared"));
  (touch() ? log : box).focus({ preventScroll: true });
}

function wireClearing() {
  clear.addEventListener("click", () => {
    if (sure.showModal) sure.showModal();
    else if (confirm(at("confirm-text").textContent)) cleared();
  });
  sure.addEventListener("close", () => {
    if (sure.returnValue === "yes") cleared();
    sure.returnValue = "";
  });
}

function wireBox() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(box.value);
  });
  box.addEventListener("input", fit);
  box.addEventListener("keydown", (event) => {
    if (suggestions.key(event)) {
      event.stopPropagation();
      return;
    }
    // Enter that ends the choice of a Chinese candidate must not send the question.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    ask(box.value);
  });
  log.addEventListener("click", (event) => {
    const starter = event.target.closest("[data-ask]");
    if (starter) ask(starter.textContent);
  });
}

function wireTheme() {
  at("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try {
      localStorage.setItem("yiju-theme", root.dataset.theme);
    } catch { /* for this time only */ }
  });
}

function wireNetwork() {
  const look = () => {
    network.textContent = navigator.onLine ? "" : say("offline");
    network.hidden = navigator.onLine;
  };
  addEventListener("offline", look);
  addEventListener("online", look);
  look();
}

/** Keep the box above the keyboard where the browser covers the page with it (iOS). */
function wireKeyboard() {
  const view = window.visualViewport;
  if (!view || config.embed) return;
  view.addEventListener("resize", () => root.style.setProperty("--height", `${Math.round(view.height)}px`));
}

function wireFrame() {
  at("close")?.addEventListener("click", () => tell("close"));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing && !event.defaultPrevented && !sure.open) tell("close");
  });
  listen({
    ask: ({ text }) => { if (typeof text === "string") ask(text.slice(0, 2000)); },
    focus: () => (touch() ? log : box).focus({ preventScroll: true }),
    theme: ({ theme }) => { if (theme === "dark" || theme === "light") root.dataset.theme = theme; },
  });
}

const suggestions = new Suggestions(box, at("options"), (text) => {
  setBox(text);
  ask(text);
});
restore();
for (const turn of talk.turns) draw(turn, false);
if (talk.turns.length) toTop(shown.get(talk.turns[talk.turns.length - 1]));
wireBox();
wireClearing();
wireTheme();
wireNetwork();
wireKeyboard();
wireFrame();
root.dataset.ready = "";
performance.mark("yiju-ready");
tell("ready");
server.renew().catch(() => {}); // the first question asks again and says what is wrong
