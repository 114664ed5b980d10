// Walk: from one digit to another. All pictures between come in one strip, so that the slider asks for nothing.

import { SEED_MAX, anySeed, whole, write } from "../address.js";
import { draw, pictureOf } from "../ink.js";
import { requestBox } from "../request.js";
import { latest, modelFor, pathOf } from "../service.js";
import { words } from "../words.js";

const FRAMES = 41;
const SEEN = 9; // of them in the strip
const HANDS = 24;
const COLUMNS = 8;
const panel = document.getElementById("walk");
const canvas = panel.querySelector("#between");
const strip = panel.querySelector("#strip");
const slider = panel.querySelector("#share");
const play = panel.querySelector("#play");
const hands = panel.querySelector(".hands canvas");
const places = panel.querySelector(".places");
const exports = [...panel.querySelectorAll("[data-format]")];
const asRequest = requestBox(panel);
const ends = {
  from: { seed: panel.querySelector("#from"), label: panel.querySelector("#first") },
  to: { seed: panel.querySelector("#to"), label: panel.querySelector("#last") },
};
let model = null;
let picture = null; // the strip
let playing = 0; // a timer
let firstHand = 0; // the seed of the first hand to choose from

const chosen = () => panel.querySelector("[name=end]:checked").value;
const state = () => ({
  from: Number(ends.from.seed.value),
  to: Number(ends.to.seed.value),
  first: Number(ends.from.label.value),
  last: Number(ends.to.label.value),
  at: Number(slider.value),
});

function frame() {
  if (!picture) return;
  const { from, to, first, last, at } = state();
  const [a, b] = model.labels ? [words().digit(first, from), words().digit(last, to)] : [words().digit(null, from), words().digit(null, to)];
  draw(canvas, picture, { column: at, text: words().between(a, b, Math.round((100 * at) / (FRAMES - 1))) });
  slider.setAttribute("aria-valuetext", canvas.getAttribute("aria-label"));
}

const show = latest(async (answer) => {
  picture = await pictureOf(answer);
  strip.replaceChildren(
    ...Array.from({ length: SEEN }, (_, i) => {
      const small = document.createElement("canvas");
      small.className = "ink";
      draw(small, picture, { column: (i * (FRAMES - 1)) / (SEEN - 1), grain: 3, text: "" });
      small.setAttribute("aria-hidden", "true");
      return small;
    }),
  );
  frame();
});

const showHands = latest(async (answer, { seeds, text }) => {
  draw(hands, await pictureOf(answer), { columns: COLUMNS, rows: HANDS / COLUMNS, grain: 3, text });
  places.replaceChildren(
    ...seeds.map((seed) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-label", words().digit(model.labels ? state()[chosen() === "from" ? "first" : "last"] : null, seed));
      button.addEventListener("click", () => {
        ends[chosen()].seed.value = seed;
        ask({ step: true });
      });
      return button;
    }),
  );
});

function askHands() {
  const seeds = Array.from({ length: HANDS }, (_, i) => firstHand + i);
  const label = model.labels ? ends[chosen()].label.value : null;
  const path = pathOf("/grid", { n: HANDS, columns: COLUMNS, seed: firstHand, label, paper: "white", ...model.asked });
  showHands({ path, seeds, text: words().sheet(firstHand, firstHand + HANDS - 1) });
}

function ask({ step = false } = {}) {
  const { from, to, first, last } = state();
  const way = { from, to, frames: FRAMES, label: model.labels ? `${first}..${last}` : null, paper: "white", ...model.asked };
  write("walk", model.labels ? state() : { from, to, at: state().at }, { step });
  const path = pathOf("/walk", way);
  for (const link of exports) {
    link.href = pathOf("/walk", { ...way, format: link.dataset.format, scale: 8, ms: 60 });
    link.download = `walk.${link.dataset.format === "webp" ? "webp" : "png"}`;
  }
  asRequest({ path: pathOf("/walk", { ...way, format: "apng", scale: 8, ms: 60 }), file: "walk.png" });
  show({ path });
}

function stop() {
  clearInterval(playing);
  playing = 0;
  play.textContent = words().play;
}

/** There and back, until it is stopped. */
function start() {
  let step = 1;
  play.textContent = words().pause;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  playing = setInterval(
    () => {
      const at = Number(slider.value);
      if (at + step < 0 || at + step > FRAMES - 1) step = -step;
      slider.value = at + step;
      frame();
    },
    calm ? 500 : 60,
  );
}

play.addEventListener("click", () => {
  if (!playing) return start();
  stop();
  write("walk", state());
});
slider.addEventListener("input", () => {
  stop();
  frame();
});
slider.addEventListener("change", () => ask());
for (const { seed, label } of Object.values(ends)) {
  seed.addEventListener("change", () => {
    seed.value = whole(seed.value, 0, SEED_MAX, 0);
    ask({ step: true });
  });
  label.addEventListener("change", () => {
    ask({ step: true });
    askHands();
  });
}
for (const radio of panel.querySelectorAll("[name=end]")) radio.addEventListener("change", askHands);
panel.querySelector("#other-hands").addEventListener("click", () => {
  firstHand = anySeed();
  askHands();
});

export async function enter(fields) {
  if (!model) {
    slider.max = FRAMES - 1;
    model = await modelFor({ labels: false });
    panel.classList.toggle("unlabelled", !model.labels);
  }
  ends.from.seed.value = whole(fields.from, 0, SEED_MAX, 3);
  ends.to.seed.value = whole(fields.to, 0, SEED_MAX, 3);
  ends.from.label.value = whole(fields.first, 0, 9, 4);
  ends.to.label.value = whole(fields.last, 0, 9, 9);
  slider.value = whole(fields.at, 0, FRAMES - 1, 0);
  stop();
  ask();
  askHands();
}

export const leave = stop;
