// Sheet: 64 digits of 64 seeds.

import { SEED_MAX, addressOf, whole, write } from "../address.js";
import { browse, labelRadios, modelChoice, roving } from "../controls.js";
import { drawSheet } from "../ink.js";
import { requestBox } from "../request.js";
import { latest, pathOf } from "../service.js";
import { words } from "../words.js";

const N = 64;
const COLUMNS = 8;
const panel = document.getElementById("sheet");
const canvas = panel.querySelector("canvas");
const places = panel.querySelector(".places");
const hint = panel.querySelector(".hint");
const chooser = panel.querySelector(".labels");
const all = chooser.querySelector("input");
const asRequest = requestBox(panel);
let radios = []; // one a label
let choose = null;
let model = null;
let seed = 0;
let label = null; // null: each seed's own

const links = Array.from({ length: N }, (_, i) => {
  const link = document.createElement("a");
  link.dataset.panel = "bench";
  link.tabIndex = i ? -1 : 0;
  for (const event of ["mouseenter", "focus"]) link.addEventListener(event, () => (hint.textContent = link.getAttribute("aria-label")));
  return link;
});
places.append(...links);
places.addEventListener("mouseleave", () => (hint.textContent = words().sheet(seed, seed + N - 1)));
roving(places, COLUMNS);

const show = latest(async ({ content, headers }, { seed, label, model }) => {
  const labels = headers.get("Kakite-Labels")?.split(",").map(Number);
  const text = words().sheet(seed, seed + N - 1);
  await drawSheet(canvas, content, { columns: COLUMNS, rows: N / COLUMNS, grain: 4, text });
  links.forEach((link, i) => {
    const drawn = labels?.[i] ?? label;
    link.setAttribute("aria-label", words().digit(model.called(drawn), seed + i));
    link.href = addressOf("bench", { seed: seed + i, label: drawn, ...model.asked });
  });
  hint.textContent = text;
});

function ask({ step = false } = {}) {
  write("sheet", { seed, label, ...model.asked }, { step });
  const path = pathOf("grid", { n: N, seed, label, paper: "white", ...model.asked });
  asRequest({ path, file: "sheet.png" });
  at(seed);
  show({ path, seed, label, model });
}

const at = browse(panel, N, (to) => {
  seed = to;
  ask({ step: true });
});
chooser.addEventListener("change", ({ target }) => {
  label = target.value === "" ? null : Number(target.value);
  ask({ step: true });
});

export async function prepare(fields) {
  const chosen = (other) => {
    model = other;
    setLabel(label);
    ask({ step: true });
  };
  const spanned = (text) => Object.assign(document.createElement("span"), { textContent: text });
  choose = await modelChoice(panel, {}, chosen, (model) => {
    radios = labelRadios(chooser, all.name, model, (label) => [spanned(model.names[label])]);
  });
  choose(fields.model);
}

/** The label that is asked for: none that the model does not have. */
function setLabel(wanted) {
  label = wanted < radios.length ? wanted : null;
  (radios[label] ?? all).checked = true;
}

export function enter(fields) {
  seed = whole(fields.seed, 0, SEED_MAX - N + 1, 0);
  model = choose(fields.model);
  setLabel(whole(fields.label, 0, SEED_MAX, null));
  ask();
}
