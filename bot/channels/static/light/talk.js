// What was said in this tab: kept in the tab's own storage so that a reload loses nothing, gone when the tab is closed.

import { config } from "./dom.js";

const KEY = `yiju-talk:${config.site}`;
const MOST_TURNS = 30;

export const talk = { session: null, turns: [] };

function sound(turn) {
  const reply = turn?.reply;
  return typeof turn?.question === "string" && typeof reply?.text === "string" && Array.isArray(reply.passages) && Array.isArray(reply.suggestions);
}

/** Read what the tab kept; anything unreadable is as good as nothing. */
export function restore() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    if (!kept || !Array.isArray(kept.turns)) return;
    talk.session = typeof kept.session === "string" ? kept.session : null;
    talk.turns = kept.turns.filter(sound);
  } catch { /* blocked or damaged: begin anew */ }
}

export function keep() {
  talk.turns.splice(0, Math.max(0, talk.turns.length - MOST_TURNS));
  for (let from = 0; from <= talk.turns.length; from += 5) { // a full storage loses the oldest first
    try {
      sessionStorage.setItem(KEY, JSON.stringify({ session: talk.session, turns: talk.turns.slice(from) }));
      return;
    } catch { /* try with fewer */ }
  }
}

export function erase() {
  talk.session = null;
  talk.turns = [];
  try {
    sessionStorage.removeItem(KEY);
  } catch { /* nothing was kept */ }
}
