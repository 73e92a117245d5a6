// Questions that begin like what is being typed: a list below the box, by arrow keys or by touch.
// The box is a textarea, to which ARIA gives no combobox role; it points at the list with the properties it may have.

import { can, suggest } from "./api.js";
import { announce, h, say } from "./dom.js";

const WAIT_MS = 120;
const FEWEST = 2; // characters before anything is looked up
const MOST = 6;

export class Suggestions {
  /** `choose(text)` is called with the question that was picked. */
  constructor(box, list, choose) {
    Object.assign(this, { box, list, choose, chosen: -1, timer: 0, control: null, off: !can("suggest") });
    if (this.off) return;
    box.addEventListener("input", (event) => { if (!event.isComposing) this.later(); });
    box.addEventListener("compositionend", () => this.later());
    box.addEventListener("blur", () => setTimeout(() => { if (document.activeElement !== box) this.hide(); }, 150));
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.pick(option);
    });
  }

  get open() { return !this.list.hidden; }

  later() {
    if (this.off) return;
    clearTimeout(this.timer);
    this.control?.abort();
    const text = this.box.value.trim();
    if (text.length < FEWEST || text.length > 60) {
      this.hide();
      return;
    }
    this.timer = setTimeout(() => this.look(text), WAIT_MS);
  }

  async look(text) {
    const control = new AbortController();
    this.control = control;
    try {
      const found = await suggest(text, control.signal);
      if (this.box.value.trim() === text && document.activeElement === this.box) this.show(found.slice(0, MOST));
    } catch (refusal) { // a comfort only: never in the way of asking
      if (control.signal.aborted) return; // something newer was typed
      this.off = refusal.status === 404;
      this.hide();
    }
  }

  show(questions) {
    this.chosen = -1;
    this.box.removeAttribute("aria-activedescendant");
    this.list.replaceChildren(...questions.map((text, at) => h("div.option", { role: "option", id: `option-${at}`, "aria-selected": "false" }, text)));
    const was = this.open;
    this.list.hidden = !questions.length;
    if (questions.length && !was) announce(say("options", { count: questions.length }));
  }

  hide() {
    clearTimeout(this.timer);
    this.control?.abort();
    this.show([]);
  }

  pick(option) {
    const text = option.textContent;
    this.hide();
    this.choose(text);
  }

  move(step) {
    const options = [...this.list.children];
    options[this.chosen]?.setAttribute("aria-selected", "false");
    this.chosen = (this.chosen + step + options.length + 1 + 1) % (options.length + 1) - 1;
    const option = options[this.chosen];
    if (!option) {
      this.box.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.box.setAttribute("aria-activedescendant", option.id);
  }

  /** Take a key if it is meant for the list; return whether it was. */
  key(event) {
    if (!this.open || event.isComposing) return false;
    const atEnd = this.box.selectionEnd === this.box.value.length;
    if (event.key === "ArrowDown" && (atEnd || this.chosen >= 0)) this.move(1);
    else if (event.key === "ArrowUp" && (this.chosen >= 0 || atEnd)) this.move(-1);
    else if (event.key === "Escape") this.hide();
    else if (event.key === "Enter" && !event.shiftKey && this.chosen >= 0) this.pick(this.list.children[this.chosen]);
    else return false;
    event.preventDefault();
    return true;
  }
}
