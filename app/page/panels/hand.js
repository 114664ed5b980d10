// Your hand: a digit that the reader draws goes to the service, and comes back as z, by which the page then writes.

import { addressOf, whole, write } from "../address.js";
import { enable, labelRadios, modelChoice, onClick } from "../controls.js";
import { pointIn, textOf } from "../hand.js";
import { SIDE, draw, showPicture } from "../ink.js";
import { fileOf, plain, refusalOf, sample } from "../line.js";
import { alone, touched } from "../own.js";
import { paperOn } from "../pen.js";
import { requestBox } from "../request.js";
import { latest, modelsFor, pathOf } from "../service.js";
import { words } from "../words.js";

const CALM_MS = 200; // after a mark, before it is read
const HEIGHT = 192; // pixels of the line, twice as many as it is seen with
const panel = document.getElementById("hand");
const chooser = panel.querySelector(".labels");
const verdict = panel.querySelector(".verdict");
const likeness = panel.querySelector(".likeness");
const told = panel.querySelector(".told");
const [foundCanvas, backCanvas] = panel.querySelectorAll(".pair canvas");
const ten = panel.querySelector(".ten");
const field = panel.querySelector("#hand-text");
const refusal = panel.querySelector(".refusal");
const line = panel.querySelector("#hand-line");
const [undo, clear, download, toWalk, toBench] = ["undo", "clear", "download", "walk", "bench"].map((id) => panel.querySelector(`#hand-${id}`));
const asRequest = requestBox(panel);
let choose = null;
let model = null;
let readers = ""; // the models that read hands
let radios = []; // one a label of the model
let z = null; // the hand, once there is one
let label = 0; // of the digit that is written back
let read = null; // what the service told of the drawing: { label, probability, likeness }
let said = null; // the label that the reader gave, in place of the one that was read
let timer = 0;

const percent = (share) => Math.min(99, Math.round(100 * share)); // nothing is sure
const canRead = () => model?.reads && !alone;

/** What is written in this hand, all digits in one request; the one of its label is seen large, too. */
const show = latest(async ({ content }, { of, label }) => {
  const picture = await createImageBitmap(content);
  [...ten.children].forEach((canvas, column) => draw(canvas, picture, { column, text: of.names[column] }));
  draw(backCanvas, picture, { column: label, text: words().bent(of.called(label)) });
  picture.close();
});

const showLine = latest(
  async ({ content }, { body: { text } }) => {
    await showPicture(line, content, words().inHand(text));
    Object.assign(download, { href: line.src, download: fileOf(text) });
  },
  (sentence) => (refusal.textContent = sentence),
);

/** One line in this hand. */
function writeLine() {
  const text = plain(field.value, model);
  refusal.textContent = refusalOf(text, model);
  panel.classList.toggle("refused", refusal.textContent !== "");
  field.setAttribute("aria-invalid", String(refusal.textContent !== ""));
  keep();
  if (z && text && !refusal.textContent) showLine({ path: "write", body: { text, z, height: HEIGHT, paper: "white", ...model.asked } });
}

/** What is seen stands in the address, and leads on. */
function keep() {
  const hand = z && textOf(z);
  const text = field.value === sample(model) ? null : field.value;
  write("hand", { hand, label: z && label, text: z && text, ...model?.asked });
  if (!z) return;
  toWalk.href = addressOf("walk", { hand, first: label, ...model.asked });
  toBench.href = addressOf("bench", { hand, label, ...model.asked });
}

/** The sentences and controls as things are. */
function tell(trouble = "") {
  panel.classList.toggle("empty", !z);
  panel.classList.toggle("unread", !canRead());
  panel.classList.toggle("drawn", Boolean(read));
  enable(undo, paper.undoable());
  enable(clear, !paper.blank());
  radios.forEach((radio, value) => (radio.checked = value === label));
  verdict.textContent = read ? words().readAs(model.called(read.label), percent(read.probability)) : "";
  likeness.textContent = read ? words().alike(percent(read.likeness)) : "";
  told.textContent = alone ? words().readsNone : !model ? words().unlabelled : model.reads ? trouble : words().unread(model.name, readers);
}

/** A hand, and the digit that it is shown by. */
function become(point, of) {
  z = point;
  label = of;
  tell();
  const body = { z, label: "each", paper: "white", ...model.asked };
  if (!read) asRequest({ path: "generate", body, file: "digits.png" });
  show({ path: "generate", body, of: model, label });
  writeLine();
}

/** No hand: nothing was drawn yet, or all of it was taken back. */
function forget() {
  z = read = said = null;
  for (const each of [foundCanvas, backCanvas, ...ten.children, line]) each.dataset.drawn ??= 0; // there is nothing to wait for
  tell();
  keep();
}

const reading = latest(
  async ({ content: { z: point, digits: [digit] } }, { from }) => {
    if (from !== model) return;
    read = digit;
    const bytes = Uint8Array.from(atob(digit.read), (one) => one.charCodeAt());
    const found = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    draw(foundCanvas, found, { text: model.called(digit.label) });
    found.close();
    become(point, digit.label);
  },
  (sentence) => tell(sentence),
  true,
);

async function readNow() {
  if (!canRead()) return;
  const body = await paper.picture();
  if (paper.blank()) return;
  const request = { path: pathOf("hand", { label: said, paper: "white", ...model.asked }), body };
  asRequest({ ...request, file: "hand.json" });
  reading({ ...request, as: "json", from: model });
}

const paper = paperOn(panel.querySelector("#drawing"), {
  began: () => {
    panel.classList.add("marked");
    clearTimeout(timer);
    touched(model.name);
  },
  changed() {
    clearTimeout(timer);
    panel.classList.toggle("marked", !paper.blank());
    if (paper.blank()) {
      reading(null);
      forget();
    } else {
      tell();
      timer = setTimeout(readNow, CALM_MS);
    }
  },
});

onClick(undo, paper.undo);
onClick(clear, paper.clear);
document.addEventListener("keydown", (event) => {
  const { key, ctrlKey, metaKey, target } = event;
  if (panel.hidden || key !== "z" || !(ctrlKey || metaKey) || target === field || !paper.undoable()) return;
  event.preventDefault();
  paper.undo();
});

/** Pictures come as a file that is chosen, dropped or pasted. */
async function lay([file]) {
  if (!file || panel.hidden || !canRead()) return;
  said = null;
  try {
    await paper.lay(file);
    touched(model.name);
  } catch {
    tell(words().noPicture);
  }
}
const chosen = panel.querySelector("#hand-file");
chosen.addEventListener("change", async () => {
  await lay(chosen.files);
  chosen.value = ""; // so that the same can be chosen again
});
const sheet = panel.querySelector(".paper");
sheet.addEventListener("dragover", (event) => event.preventDefault());
sheet.addEventListener("drop", (event) => {
  event.preventDefault();
  lay(event.dataTransfer.files);
});
document.addEventListener("paste", ({ clipboardData }) => lay(clipboardData.files));

chooser.addEventListener("change", ({ target }) => {
  if (paper.blank()) return become(z, Number(target.value));
  said = Number(target.value);
  readNow();
});
field.addEventListener("input", writeLine);

function fit(model) {
  const made = (tag, properties) => Object.assign(document.createElement(tag), properties);
  radios = labelRadios(chooser, "hand-label", model, (value) => [made("span", { textContent: model.names[value] })]);
  ten.replaceChildren(...model.names.map(() => made("canvas", { className: "ink", width: SIDE, height: SIDE })));
}

export async function prepare(fields) {
  readers = (await modelsFor({ characters: true })).filter(({ reads }) => reads).map(({ name }) => name).join(", ");
  const taken = (other) => {
    const untouched = field.value === sample(model);
    model = other;
    if (untouched) field.value = sample(model);
    forget(); // a point of another model's space
    readNow();
  };
  choose = await modelChoice(panel, { characters: true }, taken, fit);
  choose(fields.model);
}

export function enter(fields) {
  const before = model;
  model = choose(fields.model);
  const given = model && pointIn(fields.hand, model.zDim);
  if (fields.text !== undefined || !field.value) field.value = (fields.text ?? sample(model)).slice(0, field.maxLength);
  const wanted = Math.min(whole(fields.label, 0, Infinity, 0), Math.max(0, (model?.names.length ?? 1) - 1));
  if (z && model === before && (!given || textOf(given) === textOf(z))) return become(z, fields.label === undefined ? label : wanted);
  if (!paper.blank()) paper.clear();
  if (!given) return forget();
  foundCanvas.dataset.drawn ??= 0;
  become(given, wanted);
}
