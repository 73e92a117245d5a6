// Small comforts of the chat page, by delegation: messages hold no script. Nothing of the conversation is stored.
"use strict";
(() => {
  const THEME = "yiju-theme"; // the only thing ever kept in this browser: "light" or "dark"

  function recall() {
    try { return localStorage.getItem(THEME); } catch { return null; }
  }
  function remember(value) {
    try { localStorage.setItem(THEME, value); } catch { /* private window */ }
  }
  function applyTheme(value) {
    if (value === "dark" || value === "light") document.body.classList.toggle("dark", value === "dark");
  }

  async function copy(button) {
    const text = button.closest(".yj-card").querySelector(".yj-copytext").textContent;
    const label = button.textContent;
    let copied = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch { // no secure context, or an iframe without leave
      const area = document.createElement("textarea");
      area.value = text;
      area.style.cssText = "position:fixed;opacity:0";
      document.body.append(area);
      area.select();
      copied = document.execCommand("copy");
      area.remove();
    }
    button.textContent = copied ? "已复制" : "请手动选择复制";
    setTimeout(() => { button.textContent = label; }, 1800);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".yj-copy, .yj-theme");
    if (!button) return;
    if (button.matches(".yj-copy")) {
      copy(button);
    } else {
      const value = document.body.classList.contains("dark") ? "light" : "dark";
      applyTheme(value);
      remember(value);
    }
  });

  // Enter that ends the choice of a Chinese candidate must not send the question.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) event.stopImmediatePropagation();
  }, true);

  // A new answer is read from its question on, not from its end.
  let asked = 0;
  function follow() {
    // Gradio labels each message with its HTML source, which a screen reader would read out.
    for (const message of document.querySelectorAll("#yj-chat [data-testid][aria-label]")) message.removeAttribute("aria-label");
    const rows = document.querySelectorAll("#yj-chat .user-row, #yj-chat .yj-notice");
    if (rows.length > asked) {
      const last = rows[rows.length - 1];
      last.scrollIntoView({ block: last.matches(".yj-notice") ? "nearest" : "start", behavior: "auto" });
      if (matchMedia("(hover: hover) and (pointer: fine)").matches) document.querySelector("#yj-box textarea")?.focus();
    }
    asked = rows.length;
  }

  function start() {
    applyTheme(recall());
    document.documentElement.lang = "zh-CN";
    new MutationObserver(() => requestAnimationFrame(follow)).observe(document.body, { childList: true, subtree: true });
  }
  if (document.body) start(); else addEventListener("DOMContentLoaded", start);
})();
