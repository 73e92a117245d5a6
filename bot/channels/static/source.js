// Marks every part of the passage that the address names: `:target` alone would mark the first part only.
"use strict";

function markPassage() {
  let wanted = "";
  try {
    wanted = decodeURIComponent(location.hash.slice(1));
  } catch {
    wanted = "";
  }
  let first = null;
  for (const part of document.querySelectorAll("[data-passages]")) {
    const names = part.dataset.passages.split(" ").map(decodeURIComponent);
    const inside = wanted !== "" && names.includes(wanted);
    part.classList.toggle("marked", inside);
    if (inside && !first) first = part;
  }
  document.querySelector(".hint").hidden = !first;
  if (first) first.scrollIntoView({ block: "center" });
}

addEventListener("hashchange", markPassage);
addEventListener("load", markPassage);
document.querySelector(".print").addEventListener("click", () => print());

// Opened from the chat, this page is a tab of its own: going back means closing it, the conversation is still there.
document.querySelector(".back").addEventListener("click", (event) => {
  const from = document.referrer;
  const chats = ["/", "/m"].map((path) => location.origin + path);
  if (!chats.includes(from.split(/[?#]/)[0])) return;
  event.preventDefault();
  close();
  setTimeout(() => location.assign(from), 200);
});
