// Bench: one hand, its sliders, its numbers, and all that it writes: the ten digits, or each of the model's classes.

import { SEED_MAX, addressOf, anySeed, steps, whole, write } from "../address.js";
import { enable, labelRadios, modelChoice, onClick, roving } from "../controls.js";
import * as hands from "../hand.js";
import { SIDE, draw } from "../ink.js";
import { touched } from "../own.js";
import { copy, requestBox } from "../request.js";
import { known, latest, pathOf } from "../service.js";
import { stencil } from "../stencils.js";
import { words } from "../words.js";

const panel = document.getElementById("bench");
const large = panel.querySelector("#digit");
const sliders = panel.querySelector(".sliders");
const bars = panel.querySelector(".bars");
const chooser = panel.querySelector(".ten");
const seedField = panel.querySelector("#bench-seed");
const [undo, asDrawn] = ["#undo", "#as-drawn"].map((id) => panel.querySelector(id));
const toWalk = panel.querySelector("#to-walk");
const asRequest = requestBox(panel);
const NONE = []; // directions, of a model that has none

let radios = []; // one a label of the model `fitted`
let fitted = null;
let choose = null;
let model = null;
let directions = NONE; // of the model
let hand = hands.drawn(0, 0);
let own = []; // the z of its seed
let coming = null; // another hand, until the service has told its z
let lastKeyed = null; // the control that keys have just moved: all they do to it is one step

const show = latest(async ({ content }, { of, label, text }) => {
  const picture = await createImageBitmap(content);
  draw(large, picture, { column: of.labels ? label : 0, text });
  if (of === fitted) radios.forEach((radio, column) => draw(radio.nextElementSibling, picture, { column, text: of.names[column] }));
  picture.close();
});

/** All that this hand writes in one request; the one of its label is seen large, too, and told as a request. */
function see() {
  const { label, seed, truncation } = hand;
  const bent = !hands.untouched(hand);
  const text = (bent ? words().bent : words().digit)(model.called(model.labels ? label : null), seed);
  const point = bent ? { z: hands.zOf(hand, own, directions) } : { seed };
  const shared = { ...(truncation !== 1 && { truncation }), paper: "white", ...model.asked };
  const request = (fields) => {
    const all = { ...point, ...fields, ...shared };
    return bent ? { path: "generate", body: all } : { path: pathOf("generate", all) };
  };
  asRequest({ ...request({ ...(model.labels && { label }), scale: 8 }), file: "digit.png" });
  show({ ...request(model.labels ? { label: "each" } : {}), of: model, label, text });
}

/** A number of steps, either way. */
const signed = (value) => `${value > 0 ? "+" : ""}${value}`.replace("-", "−");

/** The controls as the hand is. */
function set() {
  seedField.value = hand.seed;
  for (const slider of sliders.querySelectorAll("input")) {
    const value = slider.name === "truncation" ? hand.truncation : (hand.along[slider.name] ?? 0);
    slider.value = value;
    slider.closest(".slider").querySelector(".value").textContent = slider.name === "truncation" ? value : signed(value);
  }
  if (bars.children.length !== own.length) buildBars();
  hands.zOf(hand, own, directions).forEach((value, i) => {
    bars.children[i].value = value;
    bars.children[i].setAttribute("aria-label", words().number(i + 1));
  });
  if (model.labels) radios[hand.label].checked = true;
  enable(undo, steps() > 0);
  enable(asDrawn, !hands.untouched(hand) || hand.truncation !== 1);
  toWalk.href = addressOf("walk", { from: hand.seed, first: model.labels ? hand.label : null, ...model.asked });
}

/** Makes a hand of a model, `made` of its directions, the one on the bench; false if meanwhile a third one is, or the reader has left. */
async function become(made, of = model) {
  const mine = (coming = {});
  try {
    const along = await directionsOf(of);
    const next = made(along);
    const z = await hands.ownZ(next.seed, of);
    if (coming !== mine || panel.hidden) return false;
    follow(along);
    model = choose(of.name);
    own = z;
    const label = model.labels ? Math.min(next.label, model.names.length - 1) : next.label;
    hand = { ...next, label, numbers: new Map([...next.numbers].filter(([i]) => i < own.length)) };
    set();
    see();
    return true;
  } finally {
    if (coming === mine) coming = null;
  }
}

/** What was done stands in the address, and can be undone. */
function done(control = null) {
  if (coming) return;
  const same = control && control === lastKeyed;
  write("bench", { ...hands.fieldsOf(hand, model.labels), ...model.asked }, { step: !same });
  enable(undo, steps() > 0);
}

function bend(next) {
  if (coming) return;
  touched(model.name);
  hand = next;
  set();
  see();
}

sliders.addEventListener("input", ({ target: { name, value } }) => {
  bend(name === "truncation" ? { ...hand, truncation: Number(value) } : { ...hand, along: { ...hand.along, [name]: Number(value) } });
});
bars.addEventListener("input", ({ target }) => {
  bend(hands.withNumber(hand, [...bars.children].indexOf(target), Number(target.value), own, directions));
});
for (const controls of [sliders, bars]) {
  controls.addEventListener("change", ({ target }) => done(target));
  controls.addEventListener("keyup", ({ target }) => (lastKeyed = target));
  for (const event of ["pointerdown", "focusin"]) controls.addEventListener(event, () => (lastKeyed = null));
}
roving(bars);

/** A drag across the bars draws them all: those between where it was and where it is get what lies on the way. */
let from = null;
function paint(event) {
  const box = bars.getBoundingClientRect();
  const n = bars.children.length;
  const i = Math.min(n - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * n)));
  const height = Math.min(1, Math.max(0, 1 - (event.clientY - box.top) / box.height));
  const to = { i, value: (2 * height - 1) * hands.REACH };
  const start = from ?? to;
  const across = Math.abs(to.i - start.i);
  let next = hand;
  for (let k = 0; k <= across; k += 1) {
    const share = across ? k / across : 1;
    const value = start.value + share * (to.value - start.value);
    next = hands.withNumber(next, start.i + k * Math.sign(to.i - start.i), value, own, directions);
  }
  from = to;
  bend(next);
}
bars.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  event.preventDefault();
  bars.setPointerCapture(event.pointerId);
  paint(event);
});
bars.addEventListener("pointermove", (event) => bars.hasPointerCapture(event.pointerId) && paint(event));
bars.addEventListener("lostpointercapture", () => {
  from = null;
  done();
});

chooser.addEventListener("change", ({ target }) => {
  bend({ ...hand, label: Number(target.value) });
  done();
});

const take = async (seed, of = model) => (await become(() => hands.drawn(seed, hand.label), of)) && done();
onClick(panel.querySelector("#another"), () => take(anySeed()));
onClick(asDrawn, () => take(hand.seed));
onClick(undo, () => history.back());
seedField.addEventListener("change", () => {
  const seed = whole(seedField.value, 0, SEED_MAX, null);
  if (seed === null) seedField.value = hand.seed;
  else take(seed);
});
panel.querySelector("#copy-z").addEventListener("click", ({ currentTarget }) => {
  const z = hands.truncated(hands.zOf(hand, own, directions), hand.truncation);
  copy(JSON.stringify(z), currentTarget);
});

function buildBars() {
  bars.replaceChildren(
    ...own.map((_, i) => {
      const bar = document.createElement("input");
      Object.assign(bar, { type: "range", min: -hands.REACH, max: hands.REACH, step: 0.01, tabIndex: i ? -1 : 0 });
      bar.setAttribute("aria-orientation", "vertical");
      return bar;
    }),
  );
}

const directionsOf = async ({ name, directions }) => (directions.length ? (await known({ path: `models/${name}/directions` })).directions : NONE);

/** A slider for each of the directions, before that of truncation. */
function follow(others) {
  if (others === directions) return;
  directions = others;
  for (const before of sliders.querySelectorAll(".direction")) before.remove();
  for (const { name } of directions) {
    const row = stencil("slider").firstElementChild;
    Object.assign(row.querySelector("input"), { name, min: -hands.STEPS, max: hands.STEPS, step: 0.05 });
    const named = [...panel.querySelectorAll(".names > div")].find(({ dataset }) => dataset.name === name);
    const [title, least, most] = named ? named.cloneNode(true).children : [name, signed(-hands.STEPS), signed(hands.STEPS)].map(spanned);
    row.querySelector("label").prepend(title);
    row.append(least, most);
    sliders.querySelector(".truncation").before(row);
  }
}

const spanned = (text) => Object.assign(document.createElement("span"), { textContent: text });

/** What is seen of a label: its digit, and below it the name of its class if that is not the digit. */
function labelled(label, { named, names }) {
  const canvas = Object.assign(document.createElement("canvas"), { className: "ink", width: SIDE, height: SIDE });
  const name = spanned(names[label]);
  name.setAttribute("aria-hidden", "true"); // the canvas is called so already
  return named ? [canvas, name] : [canvas];
}

function fit(model) {
  radios = labelRadios(chooser, "bench-label", model, (label) => labelled(label, model));
  fitted = model;
  panel.querySelector(".count").textContent = `(${model.names.length})`;
}

export async function prepare(fields) {
  choose = await modelChoice(panel, {}, (chosen) => take(hand.seed, chosen), fit);
  model = choose(fields.model);
  follow(await directionsOf(model));
}

export async function enter(fields) {
  lastKeyed = null;
  const of = choose(fields.model);
  const entered = await become((directions) => hands.read(fields, directions), of);
  if (entered) write("bench", { ...hands.fieldsOf(hand, model.labels), ...model.asked });
}
