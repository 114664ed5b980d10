// Asking the service. One that is busy or away is asked again until it answers, and the reader is told so meanwhile.

import { words } from "./words.js";

const PAUSE_MS = 400; // before the first try again; each further one waits twice as long
const PAUSE_MAX_MS = 4000;
const PATIENCE_MS = 20_000; // with one request
const PASSING = [429, 502, 503, 504]; // statuses of a service that will answer later

/** The service's own sentence on why it does not do what it was asked. */
export class Refused extends Error {}

const troubled = new Map(); // what waits -> "busy" or "away"
const notice = document.getElementById("notice");

function tell(who, trouble) {
  if (trouble) troubled.set(who, trouble);
  else troubled.delete(who);
  const told = [...troubled.values()];
  notice.textContent = told.length ? words()[told.includes("away") ? "away" : "busy"] : "";
}

/** The answer to { path, body }: a GET, or with a body a POST of it as JSON. Null once `stale()`. Throws Refused. */
export async function ask({ path, body, accept }, stale = () => false) {
  const who = {};
  const headers = { ...(body && { "Content-Type": "application/json" }), ...(accept && { Accept: accept }) };
  const options = { headers, ...(body && { method: "POST", body: JSON.stringify(body) }) };
  try {
    for (let pause = PAUSE_MS; ; pause = Math.min(2 * pause, PAUSE_MAX_MS)) {
      const answer = await fetch(path, { ...options, signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
      if (answer?.ok) return answer;
      if (answer && !PASSING.includes(answer.status)) throw new Refused((await answer.json()).detail);
      tell(who, answer ? "busy" : "away");
      for (const until = Date.now() + pause; Date.now() < until; await new Promise((done) => setTimeout(done, 100))) {
        if (stale()) return null;
      }
    }
  } finally {
    tell(who, null);
  }
}

/**
 * A place where answers are seen. One request at a time is in flight; of those wanted meanwhile only the latest is sent.
 * `show(answer, request)` may be async; `refuse(sentence, request)` is told what the service refuses.
 */
export function latest(show, refuse = () => {}) {
  let wanted = null;
  let busy = false;
  return async (request) => {
    wanted = request;
    if (busy) return;
    busy = true;
    try {
      while (wanted) {
        const asked = wanted;
        wanted = null;
        try {
          const answer = await ask(asked, () => wanted);
          if (answer) await show(answer, asked);
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
          refuse(error.message, asked);
        }
      }
    } finally {
      busy = false;
    }
  };
}

const kept = new Map();

/** The JSON at a path that does not change while the page is open. */
export function known(path) {
  if (!kept.has(path)) kept.set(path, ask({ path }).then((answer) => answer.json()));
  return kept.get(path);
}

/** The model that a panel uses: the default one, or, where labels are needed, the first that has them. Null if none does. */
export async function modelFor({ labels }) {
  const { models } = await known("/models");
  const byDefault = models.find((model) => model.default);
  const fit = labels && byDefault.network.classes < 10 ? models.find((model) => model.network.classes >= 10) : byDefault;
  return fit ? { name: fit.name, labels: fit.network.classes >= 10, asked: fit.default ? {} : { model: fit.name } } : null;
}

/** A path with a query, in the form one would type. */
export function pathOf(path, fields) {
  const there = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  return `${path}?${there.map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll("%2C", ",")}`).join("&")}`;
}
