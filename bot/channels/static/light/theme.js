// Applies the chosen colours before the first paint. Inside another page that page decides.
"use strict";
(() => {
  const root = document.documentElement;
  try {
    const kept = localStorage.getItem("yiju-theme");
    if ((kept === "dark" || kept === "light") && !("embed" in root.dataset)) root.dataset.theme = kept;
  } catch { /* storage is blocked: the system's colours */ }
})();
