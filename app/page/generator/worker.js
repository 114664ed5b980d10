// A worker in which models live: { id, method, ... } comes in, { id, result } or { id, error } goes out. afar.js is at its other end.

import { Kakite } from "./kakite.js";

const models = [];

const METHODS = {
  async load({ file, options }) {
    const model = await Kakite.load(file, options);
    return { model: models.push(model) - 1, about: { ...model.about() } };
  },
  call: ({ model, name, given }) => models[model][name](...given),
};

addEventListener("message", async ({ data: { id, method, ...message } }) => {
  try {
    const result = await METHODS[method](message);
    postMessage({ id, result }, result?.pixels ? [result.pixels.buffer] : []);
  } catch (error) {
    postMessage({ id, error: error.message });
  }
});
