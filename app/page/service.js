// Asking the service. One that is busy or away is asked again until it answers, and the reader is told so meanwhile.
// What the page can draw by itself (own.js) is not asked for.

import { present } from "./address.js";
import { headers, held, signIn } from "./key.js";
import * as own from "./own.js";
import { words } from "./words.js";

const PAUSE_MS = 400; // before the first try again; each further one waits twice as long
const PAUSE_MAX_MS = 4000;
const PATIENCE_MS = 40_000; // with one request; longer than the service's own
const PASSING = [429, 502, 503, 504]; // statuses of a service that will answer later

/** The service's own sentence on why it does not do what it was asked. */
export class Refused extends Error {}

const troubles = new Map(); // what waits, or was refused -> "away", "busy", or the sentence
const notice = document.getElementById("notice");

function tell(who, trouble) {
  if (trouble) troubles.set(who, trouble);
  else troubles.delete(who);
  const told = [...troubles.values()];
  const worst = told.includes("away") ? "away" : (told[0] ?? "");
  notice.textContent = words()[worst] ?? worst;
}

async function sentence(answer) {
  const problem = await answer.json().catch(() => ({}));
  return problem.detail ?? `${answer.status} ${answer.statusText}`;
}

/** Where files stand for the service, their names have an ending, as hosts of files want it. */
const placeOf = (path) => (own.alone && /^models(\/\w[\w-]*\/directions)?$/.test(path) ? `${path}.json` : path);

let watching = false;

/** Tells that the page writes by itself, until the service answers again. */
async function watch() {
  if (watching) return;
  watching = true;
  tell(watch, "alone");
  const answers = () => fetch("livez").then(({ ok }) => ok, () => false);
  while (!(await answers())) await new Promise((done) => setTimeout(done, PAUSE_MAX_MS));
  tell(watch, null);
  watching = false;
}

/**
 * What is answered to { path, body, as }: a GET, or with a body a POST of it as JSON; `as` is "blob" unless it says "json".
 * Gives { content, headers }, or null once `stale()`. Throws Refused.
 */
export async function ask(request, stale = () => false) {
  const { path, body, as = "blob" } = request;
  const who = {};
  const writer = own.writer(request);
  if (own.alone && writer) {
    tell(who, own.isHere(writer) ? null : "coming");
    const come = await own.wake(writer);
    tell(who, null);
    if (!come) throw new Refused(words().cannotWrite);
  }
  const options = body ? { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {};
  try {
    for (let pause = PAUSE_MS; ; pause = Math.min(2 * pause, PAUSE_MAX_MS)) {
      let asked = 0; // milliseconds that the service wants to be left alone
      const made = await own.answer(request);
      if (made) return made;
      try {
        const key = held();
        const sent = { ...options.headers, ...headers() };
        const answer = await fetch(placeOf(path), { ...options, headers: sent, signal: AbortSignal.timeout(PATIENCE_MS) });
        if (answer.status === 401) {
          tell(who, null);
          await signIn(key);
          if (stale()) return null;
          continue;
        }
        if (answer.ok) return { content: await answer[as](), headers: answer.headers };
        if (!PASSING.includes(answer.status)) throw new Refused(await sentence(answer));
        asked = Math.min(1000 * Number(answer.headers.get("Retry-After") ?? 0), PAUSE_MAX_MS);
        tell(who, "busy");
      } catch (error) {
        if (error instanceof Refused) throw error;
        tell(who, "away"); // no connection, or one that broke off
        if (writer) own.wake(writer).then((come) => come && watch());
      }
      for (const until = Date.now() + Math.max(pause, asked); Date.now() < until; await new Promise((done) => setTimeout(done, 100))) {
        if (stale()) return null;
        if (own.isHere(writer)) break;
      }
    }
  } finally {
    tell(who, null);
  }
}

/**
 * A place where answers are seen. One request at a time is in flight; of those wanted meanwhile only the latest is sent.
 * `show({ content, headers }, request)` may be async; `refuse(sentence, request)` is told what the service refuses.
 */
export function latest(show, refuse = null) {
  const place = {};
  let wanted = null;
  let busy = false;
  refuse ??= (sentence) => tell(place, sentence);
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
          if (!answer) continue;
          tell(place, null);
          await show(answer, asked);
          dispatchEvent(new Event("shown"));
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
          if (!wanted) refuse(error.message, asked);
        }
      }
    } finally {
      busy = false;
    }
  };
}

const kept = new Map();

/** The JSON that is answered to a request whose answer does not change while the page is open. */
export function known(request) {
  const key = JSON.stringify(request);
  if (!kept.has(key)) {
    const answer = ask({ ...request, as: "json" }).then(({ content }) => content);
    kept.set(key, answer);
    answer.then(
      () => tell(key, null),
      (error) => {
        kept.delete(key);
        tell(key, error.message);
      },
    );
  }
  return kept.get(key);
}

/** All models, as the service tells them. */
export async function allModels() {
  const { models } = await known({ path: "models" });
  own.introduce(models);
  return models;
}

const DIGITS = 10;

/** A model as the panels know it. `asked` is what names it in a request, and in an address; `names` are those of its labels 0, 1, ... */
function described({ name, network, data, directions, default: first }) {
  const named = data.class_names.length > 0;
  const names = named ? data.class_names : Array.from({ length: network.classes }, (_, label) => String(label));
  const characters = named || names.length >= DIGITS ? names.filter((one) => [...one].length === 1) : []; // that it can write
  const called = (label) => (label === null ? null : named ? names[label] : (words().digits[label] ?? names[label]));
  return { name, named, names, characters, called, labels: names.length > 0, directions, asked: first ? {} : { model: name } };
}

/**
 * The models that the page can play with, or those alone that write characters. First the service's default one, if it is among them, then
 * the best.
 */
export async function modelsFor({ characters }) {
  const models = await allModels();
  const agreement = ({ scores }) => scores.label_agreement ?? 0;
  return [...models]
    .sort((a, b) => b.default - a.default || agreement(b) - agreement(a))
    .map(described)
    .filter((model) => !characters || model.characters.length);
}

/** A path with a query, in the form one would type. */
export function pathOf(path, fields) {
  return `${path}?${present(fields).map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll("%2C", ",")}`).join("&")}`;
}
