// A model that lives in a worker, so that the page stays smooth: the methods of Kakite, each of which gives a promise.

const ADDRESS = new URL("worker.js", import.meta.url).href;
let worker = null; // one for all models
let count = 0;
const waiting = new Map(); // id -> what is to be told of its answer

// A page may let nothing start scripts but what a policy made. This one makes one address.
let policy = null;

/** Starts the worker, if it does not run yet. */
export function start() {
  if (worker) return;
  policy ??= globalThis.trustedTypes?.createPolicy("kakite-worker", { createScriptURL: () => ADDRESS });
  worker = new Worker(policy?.createScriptURL("") ?? ADDRESS, { type: "module" });
  worker.onmessage = ({ data: { id, result, error } }) => {
    const { done, fail } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) done(result);
    else fail(new Error(error));
  };
  worker.onerror = (event) => {
    event.preventDefault(); // who waits is told instead
    for (const { fail } of waiting.values()) fail(new Error(`The worker cannot be started. ${event.message ?? ""}`));
    waiting.clear();
    worker = null;
  };
}

function ask(message) {
  start();
  return new Promise((done, fail) => {
    count += 1;
    waiting.set(count, { done, fail });
    worker.postMessage({ id: count, ...message });
  });
}

export async function loadAfar(file, options) {
  const place = file instanceof ArrayBuffer ? file : new URL(file, globalThis.document?.baseURI ?? import.meta.url).href;
  const { model, about } = await ask({ method: "load", file: place, options });
  const call = (name) => (...given) => ask({ method: "call", model, name, given });
  return { about: async () => about, digits: call("digits"), z: call("z"), walk: call("walk"), write: call("write") };
}
