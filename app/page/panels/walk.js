// Walk: from one digit to another. All pictures between come in one strip, so that the slider asks for nothing.

import { SEED_MAX, anySeed, whole, write } from "../address.js";
import { modelChoice, player, roving } from "../controls.js";
import { draw, drawSheet } from "../ink.js";
import { touched } from "../own.js";
import { requestBox } from "../request.js";
import { latest, pathOf } from "../service.js";
import { words } from "../words.js";

const FRAMES = 41;
const SEEN = 9; // of them in the strip
const HANDS = 24; // to choose from
const COLUMNS = 8;
const FRAME_MS = 60;
const CALM_MS = 500; // for readers who want little motion
const panel = document.getElementById("walk");
const canvas = panel.querySelector("#between");
const strip = Array.from({ length: SEEN }, () => Object.assign(document.createElement("canvas"), { className: "ink" }));
panel.querySelector("#strip").append(...strip);
const slider = panel.querySelector("#share");
const sheet = panel.querySelector(".hands canvas");
const places = panel.querySelector(".places");
const radios = [...panel.querySelectorAll("[name=end]")];
const exports = [...panel.querySelectorAll("[data-format]")];
const asRequest = requestBox(panel);
const [from, to] = panel.querySelectorAll(".end [name=seed]");
const [first, last] = panel.querySelectorAll(".end [name=label]");
const ends = { from: { seed: from, label: first }, to: { seed: to, label: last } };
let choose = null;
let model = null;
let picture = null; // of all frames
let hands = 0; // the seed of the first hand to choose from

const chosen = () => radios.find((radio) => radio.checked).value;
const labelOf = (end) => (model.labels ? Number(ends[end].label.value) : null);

function fields() {
  const labels = model.labels ? { first: first.value, last: last.value } : {};
  return { from: from.value, to: to.value, ...labels, at: slider.value, end: chosen(), hands, ...model.asked };
}

function frame() {
  if (!picture) return;
  const at = Number(slider.value);
  const [a, b] = ["from", "to"].map((end) => words().digit(model.called(labelOf(end)), ends[end].seed.value));
  const text = words().between(a, b, Math.round((100 * at) / (FRAMES - 1)));
  draw(canvas, picture, { column: at, text });
  slider.setAttribute("aria-valuetext", text);
}

const show = latest(async ({ content }) => {
  const before = picture;
  picture = await createImageBitmap(content);
  before?.close();
  strip.forEach((one, i) => draw(one, picture, { column: (i * (FRAMES - 1)) / (SEEN - 1), grain: 3 }));
  frame();
});

const showHands = latest(async ({ content }, { end, hands }) => {
  await drawSheet(sheet, content, { columns: COLUMNS, rows: HANDS / COLUMNS, grain: 3, text: words().sheet(hands, hands + HANDS - 1) });
  [...places.children].forEach((button, i) => {
    button.setAttribute("aria-label", words().digit(model.called(labelOf(end)), hands + i));
    button.dataset.seed = hands + i;
  });
  mark();
});

/** Which of the hands to choose from is chosen. */
function mark() {
  for (const button of places.children) button.setAttribute("aria-pressed", String(button.dataset.seed === ends[chosen()].seed.value));
}

function askHands() {
  const path = pathOf("grid", { n: HANDS, columns: COLUMNS, seed: hands, label: labelOf(chosen()), paper: "white", ...model.asked });
  showHands({ path, end: chosen(), hands });
}

function ask({ step = false } = {}) {
  if (step) touched(model.name);
  mark();
  write("walk", fields(), { step });
  const label = model.labels ? `${first.value}..${last.value}` : null;
  const way = { from: from.value, to: to.value, frames: FRAMES, label, paper: "white", ...model.asked };
  const film = (format) => pathOf("walk", { ...way, format, scale: 8, ms: FRAME_MS });
  for (const link of exports) {
    link.href = film(link.dataset.format);
    link.download = link.dataset.format === "webp" ? "walk.webp" : "walk.png";
  }
  asRequest({ path: film("apng"), file: "walk.png" });
  show({ path: pathOf("walk", way) });
}

const film = player(panel.querySelector("#play"), {
  step() {
    touched(model.name);
    slider.value = (Number(slider.value) + 1) % FRAMES;
    frame();
  },
  ms: () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? CALM_MS : FRAME_MS),
  stopped: () => panel.hidden || write("walk", fields()),
});
slider.addEventListener("input", () => {
  film.stop();
  touched(model.name);
  frame();
});
slider.addEventListener("change", () => write("walk", fields()));

for (const { seed, label } of Object.values(ends)) {
  seed.addEventListener("change", () => {
    seed.value = whole(seed.value, 0, SEED_MAX, null) ?? seed.dataset.before;
    seed.dataset.before = seed.value;
    ask({ step: true });
  });
  label.addEventListener("change", () => {
    ask({ step: true });
    askHands();
  });
}
for (const radio of radios) {
  radio.addEventListener("change", () => {
    write("walk", fields());
    askHands();
  });
}
places.addEventListener("click", ({ target }) => {
  if (!target.dataset.seed) return;
  const end = ends[chosen()].seed;
  end.value = end.dataset.before = target.dataset.seed;
  ask({ step: true });
});
roving(places, COLUMNS);
panel.querySelector("#other-hands").addEventListener("click", () => {
  hands = anySeed();
  write("walk", fields());
  askHands();
});

/** The labels of a model to choose from; those that were chosen stay, if it has them. */
function fit({ names }) {
  for (const { label } of Object.values(ends)) {
    const before = label.value;
    label.replaceChildren(...names.map((name, value) => new Option(name, value)));
    setLabel(label, Number(before));
  }
}

function setLabel(label, wanted) {
  label.value = Math.min(wanted, label.options.length - 1);
}

export async function prepare(fields) {
  const chosen = (other) => {
    model = other;
    ask({ step: true });
    askHands();
  };
  choose = await modelChoice(panel, {}, chosen, fit);
  choose(fields.model);
  slider.max = FRAMES - 1;
  for (let i = 0; i < HANDS; i += 1) {
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = i ? -1 : 0;
    places.append(button);
  }
}

export function enter(given) {
  film.stop();
  model = choose(given.model);
  for (const [end, label] of [["from", 4], ["to", 9]]) {
    ends[end].seed.value = ends[end].seed.dataset.before = whole(given[end], 0, SEED_MAX, 3);
    setLabel(ends[end].label, whole(given[end === "from" ? "first" : "last"], 0, SEED_MAX, label));
  }
  slider.value = whole(given.at, 0, FRAMES - 1, 0);
  hands = whole(given.hands, 0, SEED_MAX - HANDS + 1, 0);
  radios.find((radio) => radio.value === (given.end === "to" ? "to" : "from")).checked = true;
  ask();
  askHands();
}

export const leave = film.stop;
