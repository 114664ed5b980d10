// Bench: one digit, and what it is made of. z is the seed's own, with single numbers replaced, plus some steps along each direction.

import { SEED_MAX, addressOf, anySeed, number, steps, whole, write } from "../address.js";
import { draw, pictureOf } from "../ink.js";
import { copy, requestBox } from "../request.js";
import { ask as asked, known, latest, modelFor, pathOf } from "../service.js";
import { words } from "../words.js";

const STEPS = 3.5; // along a direction, either way
const REACH = 3.5; // of a single number
const panel = document.getElementById("bench");
const large = panel.querySelector("#digit");
const sliders = panel.querySelector(".sliders");
const bars = panel.querySelector(".bars");
const ten = [...panel.querySelectorAll("[name=bench-label]")];
const seedField = panel.querySelector("#bench-seed");
const asRequest = requestBox(panel);

let model = null;
let directions = []; // of the model
let drawn = { seed: null, z: [] }; // the seed's own z
let state = { seed: 7, label: 4, truncation: 1, numbers: new Map(), along: {} };

const round = (value) => Math.round(value * 1e4) / 1e4;

/** [z_dim], before truncation. */
function z() {
  const values = drawn.z.map((value, i) => state.numbers.get(i) ?? value);
  for (const { name, vector } of directions) {
    const step = state.along[name] ?? 0;
    if (step) vector.forEach((value, i) => (values[i] += step * value));
  }
  return values.map(round);
}

const untouched = () => !state.numbers.size && Object.values(state.along).every((step) => !step);

const show = latest(async (answer, { label, text }) => {
  const picture = await pictureOf(answer);
  const columns = picture.width / 28;
  draw(large, picture, { column: columns > 1 ? label : 0, text });
  if (columns > 1) for (const radio of ten) draw(radio.nextElementSibling, picture, { column: Number(radio.value), text: radio.value });
});

/** All ten digits of this hand in one request; those of the label are the large one. */
function see() {
  const { seed, label, truncation } = state;
  const shared = { ...(truncation !== 1 && { truncation }), paper: "white", ...model.asked };
  const text = untouched() ? words().digit(model.labels ? label : null, seed) : words().bent(model.labels ? label : null);
  const labels = model.labels ? { label } : {};
  const each = model.labels ? { label: "each" } : {};
  if (untouched()) {
    asRequest({ path: pathOf("/generate", { seed, ...labels, scale: 8, ...shared }), file: "digit.png" });
    show({ path: pathOf("/generate", { seed, ...each, ...shared }), label, text });
  } else {
    asRequest({ path: "/generate", body: { z: z(), ...labels, scale: 8, ...shared }, file: "digit.png" });
    show({ path: "/generate", body: { z: z(), ...each, ...shared }, label, text });
  }
}

function fields() {
  const { seed, label, truncation, numbers, along } = state;
  const moved = Object.entries(along).filter(([, step]) => step);
  return {
    seed,
    label: model.labels ? label : null,
    ...Object.fromEntries(moved),
    truncation: truncation === 1 ? null : truncation,
    z: numbers.size ? [...numbers].map(([i, value]) => `${i}:${value}`).join(",") : null,
  };
}

/** What was done is done: it stands in the address, and can be undone. */
function done() {
  write("bench", fields(), { step: true });
  panel.querySelector("#undo").disabled = !steps();
}

/** The controls as the state is. */
function set() {
  seedField.value = state.seed;
  for (const slider of sliders.querySelectorAll("input")) slider.value = slider.name === "truncation" ? state.truncation : (state.along[slider.name] ?? 0);
  const values = z();
  [...bars.children].forEach((bar, i) => (bar.value = values[i]));
  for (const radio of ten) radio.checked = Number(radio.value) === state.label;
  panel.querySelector("#undo").disabled = !steps();
  panel.querySelector("#to-walk").href = addressOf("walk", { from: state.seed, first: model.labels ? state.label : null });
  panel.querySelector("#as-drawn").disabled = untouched() && state.truncation === 1;
}

function update() {
  set();
  see();
}

sliders.addEventListener("input", ({ target }) => {
  if (target.name === "truncation") state.truncation = Number(target.value);
  else state.along[target.name] = Number(target.value);
  update();
});
sliders.addEventListener("change", done);

/** A number is set so that z holds what the bar shows, the directions' steps included. */
function setNumber(i, value) {
  state.numbers.set(i, round((state.numbers.get(i) ?? drawn.z[i]) + value - z()[i]));
  update();
}
bars.addEventListener("input", ({ target }) => setNumber([...bars.children].indexOf(target), Number(target.value)));
bars.addEventListener("change", done);
bars.addEventListener("keydown", (event) => {
  const all = [...bars.children];
  const to = all[all.indexOf(event.target) + { ArrowLeft: -1, ArrowRight: 1 }[event.key]];
  if (!to) return;
  event.preventDefault(); // left and right go from bar to bar; up and down move one
  for (const bar of all) bar.tabIndex = bar === to ? 0 : -1;
  to.focus();
});
/** A drag across the bars draws them all. */
function paint(event) {
  const box = bars.getBoundingClientRect();
  const i = Math.floor(((event.clientX - box.left) / box.width) * bars.children.length);
  const height = 1 - (event.clientY - box.top) / box.height;
  if (bars.children[i]) setNumber(i, round(Math.min(1, Math.max(0, height)) * 2 * REACH - REACH));
}
bars.addEventListener("pointerdown", (event) => {
  event.preventDefault();
  bars.setPointerCapture(event.pointerId);
  paint(event);
});
bars.addEventListener("pointermove", (event) => bars.hasPointerCapture(event.pointerId) && paint(event));
bars.addEventListener("pointerup", done);

for (const radio of ten) {
  radio.addEventListener("change", () => {
    state.label = Number(radio.value);
    update();
    done();
  });
}

async function take(seed) {
  const before = state.seed;
  state = { ...state, seed, numbers: new Map(), along: {}, truncation: 1 };
  if (seed !== before) await drawZ();
  update();
  done();
}
panel.querySelector("#another").addEventListener("click", () => take(anySeed()));
panel.querySelector("#as-drawn").addEventListener("click", () => take(state.seed));
seedField.addEventListener("change", () => take(whole(seedField.value, 0, SEED_MAX, state.seed)));
panel.querySelector("#undo").addEventListener("click", () => history.back());
panel.querySelector("#copy-z").addEventListener("click", ({ target }) => {
  copy(JSON.stringify(z().map((value) => round(value * state.truncation))), target.closest("button"));
});
async function drawZ() {
  const { seed } = state;
  const body = { plus: [seed], ...(model.labels && { label: 0 }), ...model.asked };
  const answer = await asked({ path: "/arithmetic", body });
  drawn = { seed, z: (await answer.json()).z };
}

/** A slider a direction that the model has, before that of truncation; a bar a number of z. */
async function build() {
  const { directions: found } = await known(`/models/${model.name}/directions`).catch(() => ({ directions: [] }));
  directions = found;
  panel.classList.toggle("undirected", !directions.length);
  const template = document.getElementById("slider").content;
  for (const { name } of directions) {
    const row = template.cloneNode(true).firstElementChild;
    const input = row.querySelector("input");
    Object.assign(input, { name, min: -STEPS, max: STEPS, step: 0.05, value: 0 });
    const named = panel.querySelector(`.names [data-name="${name}"]`);
    if (named) row.prepend(...named.cloneNode(true).childNodes);
    else row.prepend(name);
    sliders.querySelector(".truncation").before(row);
  }
}

function buildBars() {
  bars.replaceChildren(
    ...drawn.z.map((_, i) => {
      const bar = document.createElement("input");
      Object.assign(bar, { type: "range", min: -REACH, max: REACH, step: 0.01, tabIndex: i ? -1 : 0 });
      bar.setAttribute("aria-label", words().number(i + 1));
      bar.setAttribute("aria-orientation", "vertical");
      return bar;
    }),
  );
}

export async function enter(given) {
  if (!model) {
    model = await modelFor({ labels: false });
    panel.classList.toggle("unlabelled", !model.labels);
    await build();
  }
  const numbers = [...(given.z ?? "").matchAll(/(\d{1,4}):(-?\d{1,3}(?:\.\d{1,4})?)/g)].map(([, i, value]) => [Number(i), Number(value)]);
  state = {
    seed: whole(given.seed, 0, SEED_MAX, 3),
    label: whole(given.label, 0, 9, 4),
    truncation: number(given.truncation, 0, 1, 1),
    along: Object.fromEntries(directions.map(({ name }) => [name, number(given[name], -STEPS, STEPS, 0)])),
    numbers: new Map(numbers),
  };
  if (state.seed !== drawn.seed) await drawZ();
  state.numbers = new Map(numbers.filter(([i]) => i < drawn.z.length));
  if (bars.children.length !== drawn.z.length) buildBars();
  write("bench", fields());
  update();
}
