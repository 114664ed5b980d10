// A line of writing: how a model writes what was typed. Knows nothing of hands.

import { words } from "./words.js";

const MARKS = "-.:/, "; // that every model writes
const SAMPLE = 8; // characters

const writer = (model) => (character) => MARKS.includes(character) || Boolean(model?.characters.includes(character));

const today = () => new Date().toLocaleDateString("sv"); // as 2026-11-25, in the reader's own time

/** What stands there at first. */
export const sample = (model) => (!model || [...today()].every(writer(model)) ? today() : model.characters.slice(0, SAMPLE).join(""));

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

/** What was typed as the model writes it: letters of the other case, if it knows those alone. */
export function plain(text, model) {
  const writes = writer(model);
  const inItsCase = (one) => [one, one.toUpperCase(), one.toLowerCase()].find(writes) ?? one;
  return [...text].every(writes) ? text : [...folded(text)].map(inItsCase).join("");
}

/** Wide digits and marks, as a Japanese keyboard gives them, and dates and postcodes of Japan. */
const folded = (text) =>
  text.normalize("NFKC").replace(/[年月](?=\d)/g, "-").replace(/[年月日〒]/g, "").replace(/[‐-―−ー]/g, "-").replace(/、/g, ",").replace(/。/g, ".");

/** Why a model cannot write it, as a sentence; empty if it can. */
export function refusalOf(text, model, refused = false) {
  if (!model) return words().unlabelled;
  return [...text].every(writer(model)) && !refused ? "" : words().unwritable(model.named && inRuns(model.characters));
}

/** The name of a file with the line. */
export const fileOf = (text) => `${text.trim().replaceAll(/[/: ]/g, "-")}.png`;
