// Builds elements. Whatever comes from outside goes in as text or as a checked address, never as markup.

export const config = JSON.parse(document.getElementById("config").textContent);

// The characters that bot/language/folding.py removes too: controls, direction overrides, lone surrogates.
const UNSAFE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]/gu;

export function clean(text) {
  return String(text ?? "").replace(UNSAFE, "");
}

/** Return one of the page's own sentences, its {…} filled in. */
export function say(name, values = {}) {
  return (config.words[name] ?? "").replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

/** Return a new element: `h("p.note", {id: "x", onclick: run}, "words", child)`. */
export function h(name, attributes, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === "") continue;
    element.append(child instanceof Node ? child : clean(child));
  }
  return element;
}

/** Return an address that may stand in a link, or null for any scheme but http and https. */
export function webAddress(url) {
  const text = clean(url).trim();
  return /^https?:\/\/[^\s/]/i.test(text) ? text : null;
}

export function outside(url, label) {
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label);
}

/** Tell a screen reader something without showing it. */
export function announce(text) {
  const status = document.getElementById("status");
  status.textContent = "";
  setTimeout(() => { status.textContent = text; }, 60); // a change that is seen as one, also for the same words
}

/** Let a button say for two seconds what it has done. */
export function flash(button, text) {
  const label = button.dataset.label ?? button.textContent;
  button.dataset.label = label;
  button.textContent = text;
  announce(text);
  setTimeout(() => { button.textContent = label; }, 2000);
}

export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { // no secure context, or a frame without leave
    const area = h("textarea", { readonly: true, "aria-hidden": "true" });
    area.className = "unseen";
    area.value = text;
    document.body.append(area);
    const before = document.activeElement;
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    before?.focus?.({ preventScroll: true });
    return done;
  }
}
