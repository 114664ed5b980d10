// Sheet: 64 digits of 64 seeds.

import { SEED_MAX, addressOf, anySeed, whole, write } from "../address.js";
import { draw, pictureOf } from "../ink.js";
import { requestBox } from "../request.js";
import { latest, modelFor, pathOf } from "../service.js";
import { words } from "../words.js";

const N = 64;
const COLUMNS = 8;
const panel = document.getElementById("sheet");
const canvas = panel.querySelector("canvas");
const places = panel.querySelector(".places");
const hint = panel.querySelector(".hint");
const radios = [...panel.querySelectorAll("[name=sheet-label]")];
const asRequest = requestBox(panel);
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
places.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -COLUMNS, ArrowDown: COLUMNS }[event.key];
  const to = links.indexOf(document.activeElement) + step;
  if (!links[to]) return;
  event.preventDefault();
  for (const link of links) link.tabIndex = link === links[to] ? 0 : -1;
  links[to].focus();
});

const show = latest(async (answer, { seed, label }) => {
  const labels = answer.headers.get("Kakite-Labels")?.split(",").map(Number);
  draw(canvas, await pictureOf(answer), { columns: COLUMNS, rows: N / COLUMNS, grain: 4, text: words().sheet(seed, seed + N - 1) });
  links.forEach((link, i) => {
    const drawn = labels?.[i] ?? label;
    link.setAttribute("aria-label", words().digit(drawn, seed + i));
    link.href = addressOf("bench", { seed: seed + i, label: drawn });
  });
  hint.textContent = words().sheet(seed, seed + N - 1);
});

async function ask({ step = false } = {}) {
  write("sheet", { seed, label }, { step });
  const model = await modelFor({ labels: label !== null });
  const path = pathOf("/grid", { n: N, seed, label, paper: "white", ...model?.asked });
  asRequest({ path, file: "sheet.png" });
  panel.querySelector("#back").disabled = seed === 0;
  show({ path, seed, label });
}

function go(to) {
  seed = Math.min(Math.max(0, to), SEED_MAX - N + 1);
  ask({ step: true });
}

panel.querySelector("#back").addEventListener("click", () => go(seed - N));
panel.querySelector("#next").addEventListener("click", () => go(seed + N));
panel.querySelector("#shuffle").addEventListener("click", () => go(anySeed()));
for (const radio of radios) {
  radio.addEventListener("change", () => {
    label = radio.value === "" ? null : Number(radio.value);
    ask({ step: true });
  });
}

export function enter(fields) {
  seed = whole(fields.seed, 0, SEED_MAX - N + 1, 0);
  label = whole(fields.label, 0, 9, null);
  radios.find((radio) => radio.value === String(label ?? "")).checked = true;
  ask();
}
