// Known questions to choose from while one is being typed: a list above the input box, announced and reached by arrow keys.
// The box is a textarea, to which ARIA gives no combobox role; it points at the list with the properties it may have.
// Nothing is stored. Words from outside reach the page by textContent only.
"use strict";
(() => {
  const WAIT = 120; // milliseconds of quiet before asking
  const TALLEST = 320; // pixels of the list
  const LONGEST = 60; // characters: longer texts are no beginning of a known question
  const BOX = "#yj-box textarea";
  const words = document.querySelector('script[src$="/ui/typeahead.js"]')?.dataset ?? {};
  const list = document.createElement("ul");
  const status = document.createElement("div");
  let marked = -1; // which option is marked, -1 for none
  let composing = false;
  let timer = 0;
  let request = null; // the question to the server whose answer may still be shown

  list.id = "yj-suggest";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", words.label ?? "");
  list.hidden = true;
  status.className = "yj-unseen";
  status.setAttribute("role", "status");

  const box = () => document.querySelector(BOX);
  const isBox = (element) => element instanceof Element && element.matches(BOX);

  // Gradio may draw the box anew: whatever is there is tied to the list when it is first typed into.
  function attach(area) {
    if (!list.isConnected) area.closest("#yj-box").append(list, status);
    if (area.getAttribute("aria-controls") === list.id) return;
    area.setAttribute("aria-autocomplete", "list");
    area.setAttribute("aria-haspopup", "listbox");
    area.setAttribute("aria-controls", list.id);
    area.setAttribute("autocomplete", "off");
  }

  function close() {
    clearTimeout(timer);
    request?.abort();
    request = null;
    marked = -1;
    if (list.hidden) return;
    list.hidden = true;
    list.replaceChildren();
    status.textContent = "";
    box()?.removeAttribute("aria-activedescendant");
  }

  function mark(place) {
    list.children[marked]?.setAttribute("aria-selected", "false");
    marked = place;
    const option = list.children[marked];
    if (option) {
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      box()?.setAttribute("aria-activedescendant", option.id);
    } else {
      box()?.removeAttribute("aria-activedescendant");
    }
  }

  function show(questions) {
    marked = -1;
    list.replaceChildren(...questions.map((text, place) => {
      const option = document.createElement("li");
      option.id = `yj-suggest-${place}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.textContent = text;
      return option;
    }));
    // What an on-screen keyboard leaves free above the box.
    const free = (box()?.getBoundingClientRect().top ?? TALLEST) - (visualViewport?.offsetTop ?? 0) - 16;
    list.style.maxHeight = `${Math.max(96, Math.min(TALLEST, free))}px`;
    list.hidden = false;
    list.scrollTop = 0;
    status.textContent = (words.count ?? "").replace("{count}", questions.length);
    box()?.removeAttribute("aria-activedescendant");
  }

  let token = ""; // of this page; the interface answers pages that show one

  async function open() {
    const answer = await fetch("/api/session", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: "{}", cache: "no-store",
    });
    token = answer.ok ? (await answer.json()).token : "";
  }

  async function suggested(typed, signal) {
    const headers = token ? { "X-Yiju-Token": token } : {};
    return fetch(`/api/suggest?q=${encodeURIComponent(typed)}`, { signal, headers, cache: "no-store" });
  }

  async function ask(area) {
    const typed = area.value;
    const own = new AbortController();
    request?.abort();
    request = own;
    let questions = [];
    try {
      if (!token) await open();
      let answer = await suggested(typed, own.signal);
      if (answer.status === 401) { // the token has run out
        await open();
        answer = await suggested(typed, own.signal);
      }
      if (answer.ok) questions = (await answer.json()).questions;
    } catch { /* overtaken by a later one, or no network: the question can be typed to its end */ }
    if (request !== own || area.value !== typed || document.activeElement !== area) return;
    request = null;
    if (questions.length) show(questions); else close();
  }

  function typedInto(area) {
    clearTimeout(timer);
    attach(area);
    const typed = area.value.trim();
    if (composing) return;
    if (!typed || typed.length > LONGEST) { close(); return; }
    timer = setTimeout(ask, WAIT, area);
  }

  // Fill the box as a hand would, so that Gradio notices, and press its button.
  function pick(option) {
    const area = box();
    const text = option.textContent;
    close();
    if (!area) return;
    area.value = text;
    area.dispatchEvent(new InputEvent("input", { bubbles: true }));
    close();
    if (matchMedia("(pointer: coarse)").matches) area.blur(); // put the keyboard away: the answer needs the room
    setTimeout(() => document.querySelector("#yj-box .submit-button")?.click());
  }

  addEventListener("focusin", (event) => { if (isBox(event.target)) attach(event.target); }, true);
  addEventListener("input", (event) => { if (isBox(event.target)) typedInto(event.target); }, true);
  addEventListener("compositionstart", (event) => {
    if (!isBox(event.target)) return;
    composing = true;
    close(); // arrows and Enter belong to the input method now
  }, true);
  addEventListener("compositionend", (event) => {
    if (!isBox(event.target)) return;
    composing = false;
    typedInto(event.target);
  }, true);
  addEventListener("focusout", (event) => { if (isBox(event.target)) { composing = false; close(); } }, true);

  addEventListener("keydown", (event) => {
    if (!isBox(event.target) || event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && (list.hidden || marked < 0)) { // sends, or breaks the line: never ours
      if (!event.shiftKey) close();
      return;
    }
    if (list.hidden || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const count = list.children.length;
    if (event.key === "ArrowDown") mark(marked + 1 < count ? marked + 1 : -1);
    else if (event.key === "ArrowUp") mark(marked < 0 ? count - 1 : marked - 1);
    else if (event.key === "Enter") pick(list.children[marked]);
    else if (event.key === "Escape") close();
    else { if (event.key === "Tab") close(); return; }
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) pick(option);
  });
})();
