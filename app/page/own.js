// The page's own hand: what the service would answer, drawn in this browser. The generator lives in a worker, and comes once it is wanted.
// Of a page without a service (`kakite page`) everything comes from here.

import { headers } from "./key.js";

/** Whether no service stands behind this page, but files alone. */
export const alone = document.documentElement.dataset.service === "none";

let parts = null; // the promise of the modules that compute, which nobody needs before the first pictures have come
let known = null; // name -> what the service tells of a model
const coming = new Map(); // name -> the promise of a model
const here = new Map(); // name -> a model that can write

/** Gets ready, so that models can still come when the service has gone, if the browser has kept them. */
export function prepare() {
  parts ??= Promise.all([import("./generator/afar.js"), import("./generator/pixels.js")]).then(([afar, pixels]) => {
    afar.start();
    return { ...afar, ...pixels };
  });
  parts.catch(() => (parts = null));
  return parts;
}

/** Tells which models there are. */
export const introduce = (models) => (known ??= new Map(models.map((model) => [model.name, model])));

/** Has a model come, unless it is here. Gives a promise of whether it is. */
export async function wake(name) {
  if (here.has(name)) return true;
  const model = known?.get(name);
  if (!model) return false;
  if (!coming.has(name)) coming.set(name, load(model));
  try {
    here.set(name, await coming.get(name));
    return true;
  } catch {
    coming.delete(name); // the next who wants it tries again
    return false;
  }
}

async function load({ name, version }) {
  const { loadAfar } = await prepare();
  const address = alone ? `models/${name}/weights.safetensors` : `models/${name}@${version}/weights`; // which never changes
  return loadAfar(address, { headers: headers() });
}

/** The reader has begun to play with a model. Its weights come, unless he wants to save data. */
export const touched = (name) => navigator.connection?.saveData || wake(name);

/** The model that a request names, and its fields. */
function read({ path, body }) {
  const { pathname, searchParams } = new URL(path, document.baseURI);
  const [route, ...rest] = pathname.slice(new URL(".", document.baseURI).pathname.length).split("/");
  const fields = body ?? Object.fromEntries(searchParams);
  const name = fields.model ?? [...(known?.values() ?? [])].find((model) => model.default)?.name;
  return { route, name, fields, text: decodeURIComponent(rest.join("/")) };
}

/** The name of the model by which a request can be answered here; null if none can. */
export function writer(request) {
  const { route, name, fields } = read(request);
  return Object.hasOwn(ROUTES, route) && known?.has(name) && (fields.format ?? "png") === "png" && Number(fields.scale ?? 1) === 1 ? name : null;
}

export const isHere = (name) => here.has(name);
export const anyHere = () => alone || here.size > 0;

/** What the service would answer, as an image or as JSON; null where the model is not here, or fails. */
export async function answer(request) {
  const name = writer(request);
  const model = here.get(name);
  if (!model) return null;
  const { route, fields, text } = read(request);
  try {
    return await ROUTES[route](model, fields, await prepare(), text);
  } catch {
    here.delete(name);
    coming.delete(name);
    return null;
  }
}

const number = (field, otherwise) => (field === undefined ? otherwise : Number(field));
const label = (field) => (field === undefined || field === "each" ? (field ?? null) : Number(field));

/** As the service tells the labels. */
const told = (labels) => new Headers(labels ? { "Kakite-Labels": labels.join(",") } : {});

async function digits(model, { seed, n, z, label: written, truncation, columns }, { inked, sheet }, many) {
  const point = z ? { z: [z] } : { seed: Number(seed), n: number(n, many) };
  const { pixels, labels } = await model.digits({ ...point, labels: label(written), truncation: number(truncation, 1) });
  const drawn = pixels.length / 784;
  const across = number(columns, written === "each" ? drawn / (point.n ?? 1) : Math.ceil(Math.sqrt(drawn)));
  return { content: inked(sheet(pixels, across)), headers: told(labels) };
}

const ROUTES = {
  grid: (model, fields, parts) => digits(model, fields, parts, 64),
  generate: (model, fields, parts) => digits(model, fields, parts, 1),
  async walk(model, { from, to, frames, label: ends }, { inked, sheet }) {
    const { pixels } = await model.walk({ from: Number(from), to: Number(to), frames: Number(frames), labels: ends?.split("..").map(Number) });
    return { content: inked(sheet(pixels, Number(frames))), headers: new Headers() };
  },
  async write(model, { seed, height }, { drawOn }, text) {
    const canvas = new OffscreenCanvas(1, 1);
    drawOn(canvas, await model.write(text, { seed: Number(seed), height: Number(height) }));
    return { content: await canvas.convertToBlob(), headers: new Headers() };
  },
  async arithmetic(model, { plus: [seed] }) {
    return { content: { z: await model.z(seed) }, headers: new Headers() };
  },
};
