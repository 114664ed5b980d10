// Write: a line of digits in one hand.

import { SEED_MAX, anySeed, whole, write } from "../address.js";
import { modelChoice } from "../controls.js";
import { requestBox } from "../request.js";
import { latest, pathOf } from "../service.js";
import { words } from "../words.js";

const panel = document.getElementById("write");
const field = panel.querySelector("#text");
const picture = panel.querySelector("#written");
const refusal = panel.querySelector(".refusal");
const download = panel.querySelector("#download");
const asRequest = requestBox(panel);
const MARKS = "-.:/, "; // that every model writes
const FOLDER = /^\.{1,2}$/; // is what a dot or two alone would be to the browser
const SAMPLE = 8; // characters
const HEIGHT = 192; // pixels of the picture, twice as many as it is seen with
let choose = null;
let model = null;
let seed = 8;

/** Characters as A–Z, where they follow each other. */
function inRuns(characters) {
  const runs = [];
  for (const one of characters) {
    const last = runs.at(-1);
    if (last && one.codePointAt() === last.at(-1).codePointAt() + 1) last.push(one);
    else runs.push([one]);
  }
  return runs.map((run) => (run.length > 2 ? `${run[0]}–${run.at(-1)}` : run.join(" "))).join(" ");
}

const writes = (character) => MARKS.includes(character) || Boolean(model?.characters.includes(character));

const today = () => new Date().toLocaleDateString("sv"); // as 2026-11-25, in the reader's own time

/** What stands there at first. */
const sample = () => (!model || [...today()].every(writes) ? today() : model.characters.slice(0, SAMPLE).join(""));

const show = latest(
  async ({ content }, { text, seed }) => {
    const before = picture.src;
    picture.src = URL.createObjectURL(content);
    picture.alt = words().written(text, seed);
    await picture.decode().catch(() => {});
    URL.revokeObjectURL(before);
    picture.dataset.text = text;
  },
  (sentence) => refuse(sentence),
);

function refuse(sentence) {
  refusal.textContent = sentence;
  field.setAttribute("aria-invalid", String(sentence !== ""));
}

/** What was typed as the model writes it: letters of the other case, if it knows those alone. */
const plain = (text) => ([...text].every(writes) ? text : [...folded(text)].map(inItsCase).join(""));
const inItsCase = (one) => [one, one.toUpperCase(), one.toLowerCase()].find(writes) ?? one;

/** Wide digits and marks, as a Japanese keyboard gives them, and dates and postcodes of Japan. */
const folded = (text) =>
  text.normalize("NFKC").replace(/[年月](?=\d)/g, "-").replace(/[年月日〒]/g, "").replace(/[‐-―−ー]/g, "-").replace(/、/g, ",").replace(/。/g, ".");

/** The text in an address, where it stays legible; a slash beside dots would be a folder's. */
function inPath(text) {
  const legible = encodeURIComponent(text).replaceAll("%3A", ":").replaceAll("%2C", ",");
  return /(^|\/)\.{1,2}(\/|$)/.test(text) ? legible : legible.replaceAll("%2F", "/");
}

function ask({ step = false } = {}) {
  const text = plain(field.value);
  write("write", { text, seed, ...model?.asked }, { step });
  panel.classList.toggle("blank", !text);
  refuse(!model ? words().unlabelled : [...text].every(writes) && !FOLDER.test(text) ? "" : words().unwritable(model.named && inRuns(model.characters)));
  panel.classList.toggle("refused", refusal.textContent !== "");
  if (refusal.textContent || !text) return;
  const path = pathOf(`write/${inPath(text)}`, { seed, height: HEIGHT, paper: "white", ...model.asked });
  download.href = path;
  download.download = `${text.trim().replaceAll(/[/: ]/g, "-")}.png`;
  asRequest({ path, file: download.download });
  show({ path, text, seed });
}

field.addEventListener("input", () => ask());
panel.querySelector("#another-hand").addEventListener("click", () => {
  seed = anySeed();
  ask({ step: true });
});

export async function prepare(fields) {
  const chosen = (other) => {
    const untouched = field.value === sample();
    model = other;
    if (untouched) field.value = sample();
    ask({ step: true });
  };
  choose = await modelChoice(panel, { characters: true }, chosen);
  choose(fields.model);
}

export function enter(fields) {
  model = choose(fields.model);
  seed = whole(fields.seed, 0, SEED_MAX, 8);
  const text = (fields.text ?? sample()).slice(0, field.maxLength);
  if (field.value !== text) field.value = text;
  ask();
}
