// Inside a clinic's page: talks with the widget around this page, and with nobody else.
// The widget names its own origin in our address. A wrong name only means that our messages reach no one;
// who may put us into a frame at all is decided by the server's frame-ancestors.

import { config } from "./dom.js";

const around = config.embed && config.origin && parent !== window ? parent : null;

export function tell(event, detail = {}) {
  around?.postMessage({ yiju: event, ...detail }, config.origin);
}

/** Call `handlers[name](message)` for each message of the widget. */
export function listen(handlers) {
  if (!around) return;
  addEventListener("message", (event) => {
    if (event.source !== around || event.origin !== config.origin) return;
    const name = event.data?.yiju;
    if (typeof name === "string" && Object.keys(handlers).includes(name)) handlers[name](event.data);
  });
}
