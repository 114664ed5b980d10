// Write: a line of digits in one hand.

import { SEED_MAX, anySeed, whole, write } from "../address.js";
import { modelChoice } from "../controls.js";
import { showPicture } from "../ink.js";
import { fileOf, plain, refusalOf, sample } from "../line.js";
import { requestBox } from "../request.js";
import { latest, pathOf } from "../service.js";
import { words } from "../words.js";

const panel = document.getElementById("write");
const field = panel.querySelector("#text");
const picture = panel.querySelector("#written");
const refusal = panel.querySelector(".refusal");
const download = panel.querySelector("#download");
const asRequest = requestBox(panel);
const FOLDER = /^\.{1,2}$/; // is what a dot or two alone would be to the browser
const HEIGHT = 192; // pixels of the picture, twice as many as it is seen with
let choose = null;
let model = null;
let seed = 8;

const show = latest(
  async ({ content }, { text, seed }) => {
    await showPicture(picture, content, words().written(text, seed));
    picture.dataset.text = text;
  },
  (sentence) => refuse(sentence),
);

function refuse(sentence) {
  refusal.textContent = sentence;
  field.setAttribute("aria-invalid", String(sentence !== ""));
}

/** The text in an address, where it stays legible; a slash beside dots would be a folder's. */
function inPath(text) {
  const legible = encodeURIComponent(text).replaceAll("%3A", ":").replaceAll("%2C", ",");
  return /(^|\/)\.{1,2}(\/|$)/.test(text) ? legible : legible.replaceAll("%2F", "/");
}

function ask({ step = false } = {}) {
  const text = plain(field.value, model);
  write("write", { text, seed, ...model?.asked }, { step });
  panel.classList.toggle("blank", !text);
  refuse(refusalOf(text, model, FOLDER.test(text)));
  panel.classList.toggle("refused", refusal.textContent !== "");
  if (refusal.textContent || !text) return;
  const path = pathOf(`write/${inPath(text)}`, { seed, height: HEIGHT, paper: "white", ...model.asked });
  download.href = path;
  download.download = fileOf(text);
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
    const untouched = field.value === sample(model);
    model = other;
    if (untouched) field.value = sample(model);
    ask({ step: true });
  };
  choose = await modelChoice(panel, { characters: true }, chosen);
  choose(fields.model);
}

export function enter(fields) {
  model = choose(fields.model);
  seed = whole(fields.seed, 0, SEED_MAX, 8);
  const text = (fields.text ?? sample(model)).slice(0, field.maxLength);
  if (field.value !== text) field.value = text;
  ask();
}
