// Swap the part: the same seeds by each model that is served, its scores, and a film of how three of them learnt.

import { SEED_MAX, anySeed, whole, write } from "../address.js";
import { SIDE, draw, pictureOf } from "../ink.js";
import { requestBox } from "../request.js";
import { known, latest, pathOf } from "../service.js";
import { counted, words } from "../words.js";

const N = 20;
const COLUMNS = 5;
const FRAME_MS = 250; // of the film
const ORDER = ["dense", "dcgan", "cgan", "kakite"]; // as one came from the other
const SCORES = { specks_per_digit: 2, frechet: 2, label_agreement: null }; // and their decimals; null: a share
const panel = document.getElementById("swap");
const cards = panel.querySelector(".models");
const scrubber = panel.querySelector("#seen");
const play = panel.querySelector("#film-play");
const asRequest = requestBox(panel);
let seed = 0;
let at = 0; // of the film's moments
let shows = null; // a function a model

const place = ({ name }) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
const percent = (share) => `${(100 * share).toFixed(2)} %`;

function told(scores, score, ending = "") {
  const value = scores[score + ending];
  return value === undefined ? "–" : SCORES[score] === null ? percent(value) : value.toFixed(SCORES[score]);
}

function card(model) {
  const one = document.getElementById("model").content.cloneNode(true).firstElementChild;
  one.querySelector("h3").textContent = model.name;
  const sentence = [...panel.querySelectorAll(".sentences > span")].find(({ dataset }) => dataset.name === model.name);
  if (sentence) one.querySelector(".swapped").append(...sentence.cloneNode(true).childNodes);
  for (const score of Object.keys(SCORES)) one.querySelector(`[data-score=${score}]`).textContent = told(model.scores, score);
  cards.append(one);
  const canvas = one.querySelector("canvas");
  const show = latest(async (answer, { seed }) => {
    draw(canvas, await pictureOf(answer), { columns: COLUMNS, rows: N / COLUMNS, grain: 4, text: words().model(model.name, seed) });
  });
  return (seed) => show({ path: pathOf("/grid", { n: N, columns: COLUMNS, seed, paper: "white", model: model.name }), seed });
}

async function ask({ step = false } = {}) {
  write("swap", { seed, at }, { step });
  const { models } = await known("/models");
  shows ??= [...models].sort((a, b) => place(a) - place(b)).map(card);
  const real = models.find(({ scores }) => Object.keys(SCORES).every((score) => `${score}_floor` in scores));
  panel.querySelector(".real").textContent = real ? words().real(...Object.keys(SCORES).map((score) => told(real.scores, score, "_floor"))) : "";
  panel.querySelector("#swap-back").disabled = seed === 0;
  asRequest({ path: pathOf("/grid", { n: N, columns: COLUMNS, seed, paper: "white", model: "dense" }), file: "dense.png" });
  for (const show of shows) show(seed);
}

function go(to) {
  seed = Math.min(Math.max(0, to), SEED_MAX - N + 1);
  ask({ step: true });
}
panel.querySelector("#swap-back").addEventListener("click", () => go(seed - N));
panel.querySelector("#swap-next").addEventListener("click", () => go(seed + N));
panel.querySelector("#swap-shuffle").addEventListener("click", () => go(anySeed()));

// The film: one picture a model, a row a moment.
let film = null; // { images: [...], pictures: Map of canvas -> picture }
let playing = 0;

async function load() {
  const images = await known("/page/film/film.json");
  const canvases = [...panel.querySelectorAll(".film canvas")];
  const pictures = await Promise.all(
    canvases.map(async (canvas) => {
      const answer = await fetch(`/page/film/${canvas.dataset.model}.avif`);
      return [canvas, await pictureOf(answer)];
    }),
  );
  film = { images, pictures };
  scrubber.max = images.length - 1;
}

function frame(to) {
  if (!film) return;
  at = Math.min(to, film.images.length - 1);
  scrubber.value = at;
  const images = counted(film.images[at]);
  for (const [canvas, picture] of film.pictures) {
    draw(canvas, picture, { row: at, columns: picture.width / SIDE, grain: 3, text: words().film(canvas.dataset.model, images) });
  }
  panel.querySelector("#images-seen").textContent = words().images(images);
  scrubber.setAttribute("aria-valuetext", words().images(images));
}

function stop() {
  clearInterval(playing);
  playing = 0;
  play.textContent = words().play;
}

play.addEventListener("click", () => {
  if (playing || !film) return stop();
  const last = film.images.length - 1;
  if (at === last) frame(0);
  play.textContent = words().pause;
  playing = setInterval(() => {
    frame(at + 1);
    if (at === last) stop();
  }, FRAME_MS);
});
scrubber.addEventListener("input", () => {
  stop();
  frame(Number(scrubber.value));
});
scrubber.addEventListener("change", () => write("swap", { seed, at }));

export async function enter(fields) {
  seed = whole(fields.seed, 0, SEED_MAX - N + 1, 0);
  at = whole(fields.at, 0, 999, 0);
  stop();
  ask();
  if (!film) await load();
  frame(at);
}

export const leave = stop;
