// Swap the part: the same seeds by each model that is served, its scores, and a film of how three of them learnt.

import { SEED_MAX, whole, write } from "../address.js";
import { browse, player } from "../controls.js";
import { SIDE, draw, drawSheet } from "../ink.js";
import { requestBox } from "../request.js";
import { allModels, ask as asked, known, latest, pathOf } from "../service.js";
import { stencil } from "../stencils.js";
import { counted, words } from "../words.js";

const N = 20;
const COLUMNS = 5;
const FRAME_MS = 250; // of the film
const ORDER = ["dense", "dcgan", "cgan", "kakite"]; // as one came from the other
const SCORES = { specks_per_digit: 2, frechet: 2, label_agreement: null }; // and their decimals; null: a share
const panel = document.getElementById("swap");
const cards = panel.querySelector(".models");
const scrubber = panel.querySelector("#seen");
const asRequest = requestBox(panel);
let models = [];
let shows = []; // a function a model
let seed = 0;

const place = ({ name }) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
const percent = (share) => `${(100 * share).toFixed(2)} %`;

function told(scores, score, ending = "") {
  const value = scores[score + ending];
  return value === undefined ? "–" : SCORES[score] === null ? percent(value) : value.toFixed(SCORES[score]);
}

function card(model) {
  const one = stencil("card").firstElementChild;
  one.querySelector("h3").textContent = model.name;
  const sentence = [...panel.querySelectorAll(".sentences > span")].find(({ dataset }) => dataset.name === model.name);
  if (sentence) one.querySelector(".swapped").append(...sentence.cloneNode(true).childNodes);
  for (const score of Object.keys(SCORES)) one.querySelector(`[data-score=${score}]`).textContent = told(model.scores, score);
  cards.append(one);
  const canvas = one.querySelector("canvas");
  return latest(({ content }, { seed }) =>
    drawSheet(canvas, content, { columns: COLUMNS, rows: N / COLUMNS, grain: 4, text: words().model(model.name, seed) }),
  );
}

function ask({ step = false } = {}) {
  write("swap", { seed, at: film.at }, { step });
  const real = models.find(({ scores }) => Object.keys(SCORES).every((score) => `${score}_floor` in scores));
  panel.querySelector(".real").textContent = real ? words().real(...Object.keys(SCORES).map((score) => told(real.scores, score, "_floor"))) : "";
  at(seed);
  const paths = models.map(({ name }) => pathOf("grid", { n: N, columns: COLUMNS, seed, paper: "white", model: name }));
  asRequest({ path: paths[0], file: `${models[0].name}.png` });
  shows.forEach((show, i) => show({ path: paths[i], seed }));
}

const at = browse(panel, N, (to) => {
  seed = to;
  ask({ step: true });
});

/** How they learnt: a strip a model, a row a moment, and the moment that is seen. */
const film = { moments: [], strips: [], at: 0 };

async function load() {
  const canvases = [...panel.querySelectorAll(".film canvas")];
  const [moments, ...strips] = await Promise.all([
    known({ path: "page/film/film.json" }),
    ...canvases.map(async (canvas) => {
      const { content } = await asked({ path: `page/film/${canvas.dataset.model}.avif` });
      return [canvas, await createImageBitmap(content)];
    }),
  ]);
  Object.assign(film, { moments, strips });
  scrubber.max = moments.length - 1;
}

function frame(moment) {
  film.at = Math.min(moment, film.moments.length - 1);
  scrubber.value = film.at;
  const images = counted(film.moments[film.at]);
  for (const [canvas, strip] of film.strips) {
    draw(canvas, strip, { row: film.at, columns: strip.width / SIDE, grain: 3, text: words().film(canvas.dataset.model, images) });
  }
  panel.querySelector("#images-seen").textContent = words().images(images);
  scrubber.setAttribute("aria-valuetext", words().images(images));
}

const playing = player(panel.querySelector("#film-play"), {
  step() {
    frame((film.at + 1) % film.moments.length);
    return film.at < film.moments.length - 1;
  },
  ms: () => FRAME_MS,
  stopped: () => panel.hidden || write("swap", { seed, at: film.at }),
});
scrubber.addEventListener("input", () => {
  const moment = Number(scrubber.value);
  playing.stop();
  frame(moment);
});
scrubber.addEventListener("change", () => write("swap", { seed, at: film.at }));

export async function prepare() {
  models = [...(await allModels())].sort((a, b) => place(a) - place(b));
  await load();
  shows = models.map(card);
}

export function enter(fields) {
  playing.stop();
  seed = whole(fields.seed, 0, SEED_MAX - N + 1, 0);
  const end = film.moments.length - 1; // what they came to, not the noise they began with
  frame(whole(fields.at, 0, end, end));
  ask();
}

export const leave = playing.stop;
