// Talks to the server: a short-lived token in a header where the server gives one, and every failure as one kind of error.

import { config, say } from "./dom.js";

const PATIENCE_MS = 20000;
const EARLY_MS = 30000; // renew a token this long before it ends

let token = "";
let tokenEnds = 0;
let renewal = null;

/** Why something was not done; `message` is fit to be shown. */
export class Refusal extends Error {
  constructor(code, message, status = 0) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export function can(name) {
  return config.api.includes(name);
}

async function send(path, options) {
  const control = new AbortController();
  const timer = setTimeout(() => control.abort(), PATIENCE_MS);
  options.signal?.addEventListener("abort", () => control.abort());
  try {
    const response = await fetch(path, { credentials: "omit", cache: "no-store", ...options, signal: control.signal });
    const body = await response.json().catch(() => null);
    return { response, body };
  } catch (error) {
    throw new Refusal("network", say(error.name === "AbortError" ? "slow" : "network"));
  } finally {
    clearTimeout(timer);
  }
}

function post(content, headers = {}) {
  const type = { "Content-Type": "application/json" };
  return { method: "POST", headers: { ...type, ...headers }, body: JSON.stringify(content) };
}

async function fetchToken() {
  const { response, body } = await send("/api/session", post({ site: config.site }));
  if (response.status === 404) return; // this server asks for none
  if (!response.ok || !body?.token) throw refusal(response, body);
  token = body.token;
  tokenEnds = Date.now() + (Number(body.expires_in) || 600) * 1000;
}

/** Fetch a token before it is needed, so that the first question need not wait for it. */
export function renew() {
  if (!can("session")) return Promise.resolve();
  if (!renewal) renewal = fetchToken().finally(() => { renewal = null; });
  return renewal;
}

function refusal(response, body) {
  const code = typeof body?.error?.code === "string" ? body.error.code : "failed";
  if (response.status === 429) {
    const seconds = Math.max(1, Math.min(3600, parseInt(response.headers.get("Retry-After"), 10) || 60));
    return new Refusal("rate_limited", say("busy", { seconds }), 429);
  }
  const message = response.status >= 500 ? "" : body?.error?.message;
  return new Refusal(code, typeof message === "string" && message ? message : say("failed"), response.status);
}

/**
 * Call the server; return its JSON or throw a Refusal. A token that ended meanwhile is renewed once. Where none is to be
 * had (too many pages were opened here), the question is sent all the same: words of danger are answered without one.
 */
async function call(path, options) {
  let denied = null;
  for (let attempt = 0; ; attempt += 1) {
    if (can("session") && Date.now() > tokenEnds - EARLY_MS) {
      await renew().catch((error) => {
        if (!error.status) throw error; // no network: neither will this get through
        denied = error;
      });
    }
    const headers = token ? { ...options.headers, "X-Yiju-Token": token } : options.headers;
    const { response, body } = await send(path, { ...options, headers });
    if (response.ok && body) return body;
    if (response.status === 401 && denied) throw denied;
    if (response.status === 401 && can("session") && attempt === 0) {
      tokenEnds = 0;
      continue;
    }
    throw refusal(response, body);
  }
}

export function ask(question, session, literal) {
  const content = { question };
  if (session) content.session = session;
  if (literal) content.literal = true;
  return call("/api/ask", post(content));
}

export function vote(reply, choice) {
  return call("/api/feedback", post({ reply, vote: choice }));
}

export function forget(session) {
  return can("forget") ? call("/api/forget", post({ session })) : Promise.resolve();
}

export async function suggest(text, signal) {
  const body = await call(`/api/suggest?q=${encodeURIComponent(text)}`, { method: "GET", signal });
  return Array.isArray(body.questions) ? body.questions.filter((item) => typeof item === "string") : [];
}
