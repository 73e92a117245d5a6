// How a site's own script uses the widget. Links with data-yiju-ask need no script at all.
"use strict";
document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-open], [data-ask]");
  if (!target || !window.Yiju) return; // without the widget a link simply opens the question page
  event.preventDefault();
  if (target.dataset.ask) window.Yiju.ask(target.dataset.ask);
  else window.Yiju.open();
});
document.querySelector(".form")?.addEventListener("submit", (event) => event.preventDefault());
