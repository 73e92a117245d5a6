/*! 医据 Yiju: questions and answers on a clinic's own pages.
 *
 *   <script src="https://bot.example.cn/widget.js" data-site="…" defer></script>
 *
 * Optional: data-position="right|left", data-offset="20,20" (px from the side and from below), data-color="#0b6b64",
 * data-greeting="…", data-avatar="picture's address", data-label="…", data-lang="zh-CN|zh-TW|en", data-theme="light|dark".
 * Any link may ask: <a href="…" data-yiju-ask="…">. From a script: Yiju.open(), .close(), .toggle(), .ask("…"),
 * .on("open" | "close" | "answer", listener), which returns a function that ends it.
 *
 * Sets no cookie, loads nothing more until it is opened, and writes no style or script into the page's markup.
 */
(function () {
  "use strict";
  const script = document.currentScript;
  if (!script || (window.Yiju && window.Yiju.version)) return; // the same line pasted twice does no harm

  const WORDS = "__YIJU_WORDS__";
  const ORIGIN = new URL(script.src, location.href).origin;
  const SMALL = "(max-width: 560px), (max-height: 480px)";
  const SLOW_MS = 20000; // then say that it cannot be opened
  const LOADED_MS = 2500; // after the frame's load event, when it was refused or is another page
  const BRAND = "#0b6b64";
  const set = script.dataset;
  const language = WORDS[set.lang] ? set.lang : /^zh-(TW|HK|MO|Hant)/i.test(set.lang || "") ? "zh-TW" : /^en/i.test(set.lang || "") ? "en" : "zh-CN";
  const words = WORDS[language];

  function warn(what, value) {
    console.warn(`Yiju: ${what} is not usable and was ignored: ${String(value).slice(0, 60)}`);
  }

  function matching(name, pattern, fallback) {
    const value = (set[name] || "").trim();
    if (value && !pattern.test(value)) warn(`data-${name}`, value);
    return pattern.test(value) ? value : fallback;
  }

  const site = matching("site", /^[\w.-]{1,64}$/, "");
  const theme = matching("theme", /^(light|dark)$/, "");
  const side = matching("position", /^(left|right)$/, "right");
  const colour = matching("color", /^#([0-9a-f]{3}|[0-9a-f]{6})$/i, BRAND);
  const [beside, below] = matching("offset", /^\d{1,3},\d{1,3}$/, "20,20").split(",").map(Number);
  const label = (set.label || words.label).slice(0, 12);
  const greeting = (set.greeting || "").slice(0, 60);

  /** Return black or white, whichever stands out more on the colour (WCAG relative luminance). */
  function inkOn(hex) {
    const full = hex.length === 4 ? hex.replace(/[0-9a-f]/gi, "$&$&") : hex;
    const [r, g, b] = [1, 3, 5].map((at) => {
      const value = parseInt(full.slice(at, at + 2), 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    const light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    return 1.05 / (light + 0.05) >= (light + 0.05) / 0.05 ? "#ffffff" : "#000000";
  }

  function avatarAddress() {
    if (!set.avatar) return "";
    try {
      const url = new URL(set.avatar, document.baseURI);
      if (url.protocol === "https:" || url.origin === location.origin || /^data:image\//.test(url.href)) return url.href;
    } catch (error) { /* told below */ }
    warn("data-avatar", set.avatar);
    return "";
  }

  const kept = { // the tab's own storage: gone when it is closed; nothing of what was asked is in it
    get(name) { try { return sessionStorage.getItem(`yiju-${name}`); } catch (error) { return null; } },
    put(name, value) { try { sessionStorage.setItem(`yiju-${name}`, value); } catch (error) { /* blocked */ } },
  };

  const STYLE = `
:host { all: initial !important; display: block !important; position: fixed !important; z-index: 2147483647 !important;
  ${side}: 0 !important; bottom: 0 !important; width: 0 !important; height: 0 !important; overflow: visible !important;
  direction: ltr !important; color-scheme: light !important; pointer-events: auto !important; visibility: visible !important; }
* { box-sizing: border-box; margin: 0; }
button, a, div, p, dialog { font: 400 16px/1.5 "PingFang SC", "HarmonyOS Sans SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; letter-spacing: normal; }
button { cursor: pointer; border: 0; padding: 0; -webkit-tap-highlight-color: transparent; touch-action: manipulation; }
[hidden] { display: none !important; }
:focus-visible { outline: 3px solid #fff; outline-offset: -5px; }
.launch { position: fixed; ${side}: calc(${beside}px + env(safe-area-inset-${side})); bottom: calc(${below}px + env(safe-area-inset-bottom));
  display: flex; align-items: center; gap: 8px; min-width: 56px; height: 56px; padding: 0 20px 0 16px; border-radius: 28px; background: var(--back);
  color: var(--ink); font-weight: 600; font-size: 17px; white-space: nowrap; box-shadow: 0 0 0 2px rgb(255 255 255 / .85), 0 6px 20px rgb(0 0 0 / .28); }
.launch:focus-visible { outline-color: var(--ink); }
.launch svg, .launch img { flex: none; width: 28px; height: 28px; }
.launch img { width: 40px; height: 40px; margin: 0 0 0 -8px; border-radius: 50%; object-fit: cover; background: #fff; }
.greet { position: fixed; ${side}: calc(${beside}px + env(safe-area-inset-${side})); bottom: calc(${below + 70}px + env(safe-area-inset-bottom));
  display: flex; align-items: center; max-width: min(300px, calc(100vw - ${2 * beside}px)); border: 1px solid #cfdcdd; border-radius: 14px; background: #fff; box-shadow: 0 6px 20px rgb(0 0 0 / .16); }
.greet button { min-height: 44px; background: none; color: #1c2b30; text-align: left; border-radius: 13px; }
.greet .say { padding: 10px 4px 10px 16px; }
.greet .dismiss { flex: none; width: 44px; font-size: 22px; line-height: 1; text-align: center; color: #506369; }
.greet :focus-visible { outline-color: ${BRAND}; }
.panel { position: fixed; inset: auto; ${side}: calc(${beside}px + env(safe-area-inset-${side})); bottom: calc(${below + 68}px + env(safe-area-inset-bottom));
  width: min(420px, calc(100vw - ${2 * beside}px)); height: min(700px, calc(100vh - ${below + 88}px)); max-width: none; max-height: none; padding: 0; border: 0; border-radius: 18px; overflow: hidden;
  background: #f5f8f8; color: #1c2b30; box-shadow: 0 0 0 1px rgb(0 0 0 / .1), 0 16px 48px rgb(0 0 0 / .3); }
.panel:not([open]) { display: none; }
.panel::backdrop { background: none; }
.panel iframe { display: block; width: 100%; height: 100%; border: 0; background: inherit; }
.wait { position: absolute; inset: env(safe-area-inset-top) 0 0; display: flex; flex-direction: column; background: inherit; }
.bar { display: flex; align-items: center; min-height: 60px; padding: 0 8px 0 16px; border-bottom: 1px solid #d9e3e4; background: #fff; color: #1c2b30; font-weight: 700; font-size: 18px; }
.bar span { flex: 1; }
.bar button { width: 44px; height: 44px; border-radius: 10px; background: none; color: ${BRAND}; font-size: 28px; line-height: 1; text-align: center; }
.note { flex: 1; display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 12px; padding: 24px; text-align: center; }
.note button, .note a { display: inline-flex; align-items: center; min-height: 44px; padding: 0 20px; border-radius: 10px; background: ${BRAND}; color: #fff; font-weight: 600; text-decoration: none; }
.note a { background: none; color: ${BRAND}; }
.wait :focus-visible { outline-color: ${BRAND}; outline-offset: -3px; }
.dark { background: #0e1618; color: #e4edee; }
.dark .bar { background: #162124; border-color: #2b3b3f; color: #e4edee; }
.dark .bar button, .dark .note a { color: #63d0c3; }
@media ${SMALL} {
  .panel { inset: 0; top: var(--top, 0px); width: 100%; height: 100vh; height: var(--height, 100dvh); padding: env(safe-area-inset-top) 0 env(safe-area-inset-bottom); border-radius: 0; box-shadow: none; }
  .launch { padding: 0 16px; }
}
@media (hover: hover) { .launch:hover { filter: brightness(1.08); } }
@media (prefers-reduced-motion: no-preference) {
  .launch { transition: transform .15s; }
  .launch:active { transform: scale(.96); }
  .panel[open], .greet { animation: rise .18s ease-out; }
  @keyframes rise { from { transform: translateY(12px); opacity: 0; } }
}
@media (forced-colors: active) { .launch, .greet, .panel { border: 2px solid; } }
@media print { :host { display: none !important; } }
`;

  function h(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const name of Object.keys(attributes || {})) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), attributes[name]);
      else element.setAttribute(name, attributes[name]);
    }
    element.append(...children);
    return element;
  }

  function icon(path) {
    const make = (tag, attributes) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const name of Object.keys(attributes)) element.setAttribute(name, attributes[name]);
      return element;
    };
    const svg = make("svg", { viewBox: "0 0 28 28", "aria-hidden": "true", fill: "none", stroke: "currentColor", "stroke-width": "2.2", "stroke-linecap": "round", "stroke-linejoin": "round" });
    svg.append(make("path", { d: path }));
    return svg;
  }

  const BUBBLE = icon("M5 5h18a2 2 0 0 1 2 2v11a2 2 0 0 1-2 2h-8l-6 5v-5H5a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2zM14 9v7M10.5 12.5h7");
  const CROSS = icon("M7 7l14 14M21 7L7 21");
  const small = matchMedia(SMALL);
  const night = matchMedia("(prefers-color-scheme: dark)");
  const listeners = { open: new Set(), close: new Set(), answer: new Set() };
  const waitingQuestions = [];
  let host, root, launcher, face, caption, greet, panel, wait, frame;
  let early = false, opened = false, ready = false, opener = null, timer = 0, scroll = null;

  function emit(name, detail) {
    for (const listener of listeners[name]) {
      try { listener(detail); } catch (error) { setTimeout(() => { throw error; }); } // the page's own error, told as such
    }
  }

  function dressed(shadow) {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      shadow.adoptedStyleSheets = [sheet];
    } catch (error) { // older browsers: a style element, with the nonce that let this script in
      const style = h("style", {}, STYLE);
      if (script.nonce) style.nonce = script.nonce;
      shadow.prepend(style);
    }
  }

  function build() {
    host = h("yiju-widget", {});
    host.style.setProperty("all", "initial", "important"); // CSSOM, which no style-src forbids
    root = host.attachShadow({ mode: "open" });
    dressed(root);
    face = avatar();
    caption = h("span", {}, label);
    launcher = h("button", { type: "button", class: "launch", "aria-haspopup": "dialog", "aria-expanded": "false", onclick: toggle }, face, caption);
    launcher.style.setProperty("--back", colour);
    launcher.style.setProperty("--ink", inkOn(colour));
    wait = h("div", { class: "wait" });
    panel = h("dialog", { class: "panel", "aria-label": words.panel, oncancel: cancelled, onclose: () => { if (opened && !panel.open) close(); } }, wait);
    root.append(launcher, panel);
    name();
    if (greeting && !kept.get("greeted")) addGreeting();
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && opened && !event.isComposing) close();
    });
    document.documentElement.append(host);
    lift();
  }

  /** Put the widget into the top layer, above any z-index and out of any transformed parent. */
  function lift() {
    if (!host.showPopover) return;
    host.setAttribute("popover", "manual");
    try { host.showPopover(); } catch (error) { host.removeAttribute("popover"); }
  }

  function avatar() {
    const url = avatarAddress();
    if (!url) return BUBBLE;
    return h("img", { src: url, alt: "", onerror: (event) => { if (face === event.target) face = BUBBLE; event.target.replaceWith(BUBBLE); } });
  }

  function addGreeting() {
    const away = () => {
      kept.put("greeted", "1");
      greet.remove();
      greet = null;
    };
    const cross = h("button", { type: "button", class: "dismiss", "aria-label": words.dismiss, onclick: () => { away(); launcher.focus(); } }, "×");
    greet = h("div", { class: "greet" }, h("button", { type: "button", class: "say", onclick: () => open() }, greeting), cross);
    greet.away = away;
    root.insertBefore(greet, panel);
  }

  /** Keep the launcher's name and picture to what it will do next. */
  function name() {
    launcher.setAttribute("aria-expanded", String(opened));
    launcher.setAttribute("aria-label", opened ? words.shut : label === words.label ? words.open : label);
    launcher.replaceChildren(...(opened ? [CROSS] : [face, caption]));
  }

  function address() {
    const url = new URL("/m", ORIGIN);
    url.searchParams.set("embed", "1");
    if (site) url.searchParams.set("site", site);
    url.searchParams.set("origin", location.origin);
    if (theme) url.searchParams.set("theme", theme);
    return url.href;
  }

  function alone() {
    return `${ORIGIN}/m${site ? `?site=${encodeURIComponent(site)}` : ""}`;
  }

  function load() {
    ready = false;
    clearTimeout(timer);
    if (frame) frame.remove();
    curtain(h("p", { role: "status" }, words.loading));
    frame = h("iframe", { title: words.panel, allow: navigator.share ? "clipboard-write; web-share" : "clipboard-write", src: address() });
    frame.addEventListener("load", () => { if (!ready) patience(LOADED_MS); });
    panel.prepend(frame);
    patience(SLOW_MS);
  }

  function patience(ms) {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (ready) return;
      curtain(h("p", { role: "alert" }, words.failed), h("button", { type: "button", onclick: load }, words.retry), h("a", { href: alone(), target: "_blank", rel: "noopener" }, words.window));
    }, ms);
  }

  /** Cover the frame while it is not there, with a way out. */
  function curtain(...content) {
    panel.classList.toggle("dark", theme ? theme === "dark" : night.matches);
    const cross = h("button", { type: "button", "aria-label": words.shut, onclick: () => close() }, "×");
    wait.replaceChildren(h("div", { class: "bar" }, h("span", {}, words.panel), cross), h("div", { class: "note" }, ...content));
    wait.hidden = false;
  }

  /** Show the panel: over everything on a phone, beside the page otherwise. */
  function place() {
    if (panel.open) {
      if (panel.close) panel.close(); // its close event comes when it is open again
      else panel.removeAttribute("open");
    }
    if (small.matches && panel.showModal) panel.showModal();
    else panel.setAttribute("open", ""); // show() would take the focus, also when only remembered
    hold(small.matches);
    fit();
  }

  /** Keep the page below from scrolling under a full screen. */
  function hold(on) {
    const style = document.documentElement.style;
    if (on && scroll === null) {
      scroll = [style.getPropertyValue("overflow"), style.getPropertyPriority("overflow")];
      style.setProperty("overflow", "hidden", "important");
    } else if (!on && scroll !== null) {
      style.setProperty("overflow", scroll[0], scroll[1]);
      scroll = null;
    }
  }

  /** On a phone: end where the keyboard begins. */
  function fit() {
    const view = window.visualViewport;
    if (!view || !opened) return;
    panel.style.setProperty("--height", `${Math.round(view.height)}px`);
    panel.style.setProperty("--top", `${Math.round(view.offsetTop)}px`);
  }

  function focused() {
    let element = document.activeElement;
    while (element && element.shadowRoot && element.shadowRoot.activeElement) element = element.shadowRoot.activeElement;
    return element;
  }

  function focusPanel() {
    if (!ready) {
      const cross = wait.querySelector("button");
      if (cross) cross.focus();
      return;
    }
    frame.focus();
    post({ yiju: "focus" });
  }

  function open(quiet) {
    if (!host) early = true;
    if (!host || opened) return;
    opened = true;
    opener = focused();
    kept.put("open", "1");
    if (greet) greet.away();
    name();
    if (!frame) load();
    place();
    if (quiet !== true) focusPanel();
    emit("open");
  }

  function close() {
    if (!opened) return;
    opened = false;
    kept.put("open", "");
    name();
    if (panel.close && panel.open) panel.close();
    panel.removeAttribute("open");
    hold(false);
    const back = opener && opener.isConnected && opener !== document.body && opener.getClientRects().length ? opener : launcher;
    back.focus({ preventScroll: true });
    emit("close");
  }

  function cancelled(event) { // Escape, or "back" on a phone
    event.preventDefault();
    close();
  }

  function toggle() {
    if (opened) close();
    else open();
  }

  function ask(text) {
    const question = typeof text === "string" ? text.trim().slice(0, 2000) : "";
    if (question) waitingQuestions.push(question);
    open();
    deliver();
  }

  function deliver() {
    while (ready && waitingQuestions.length) post({ yiju: "ask", text: waitingQuestions.shift() });
  }

  function post(message) {
    if (frame && frame.contentWindow) frame.contentWindow.postMessage(message, ORIGIN);
  }

  function heard(event) {
    if (!frame || event.source !== frame.contentWindow || event.origin !== ORIGIN || !event.data) return;
    const message = event.data;
    if (message.yiju === "ready") {
      const held = opened && wait.contains(root.activeElement);
      ready = true;
      clearTimeout(timer);
      wait.hidden = true;
      if (held) focusPanel();
      deliver();
    } else if (message.yiju === "close") {
      close();
    } else if (message.yiju === "answer") {
      emit("answer", { kind: String(message.kind), passages: Number(message.passages) || 0 }); // never what was asked
    }
  }

  function clicked(event) {
    const link = event.target instanceof Element ? event.target.closest("[data-yiju-ask]") : null;
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    ask(link.getAttribute("data-yiju-ask"));
  }

  function on(event, listener) {
    if (!listeners[event] || typeof listener !== "function") throw new TypeError(`Yiju.on: no such event: ${event}`);
    listeners[event].add(listener);
    return () => listeners[event].delete(listener);
  }

  function start() {
    build();
    if (early) open();
    else if (kept.get("open")) open(true);
  }

  window.Yiju = Object.freeze({ version: 1, open: () => open(), close, toggle, ask, on });
  addEventListener("message", heard);
  document.addEventListener("click", clicked);
  small.addEventListener("change", () => { if (opened) place(); });
  if (window.visualViewport) for (const event of ["resize", "scroll"]) visualViewport.addEventListener(event, fit);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
