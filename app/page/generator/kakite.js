// Kakite in a page: handwritten digits from a seed, computed here, the same bytes as the service gives.
//
//   import { Kakite } from "./kakite.js";
//   const kakite = await Kakite.load("kakite.safetensors");
//   const { pixels, labels } = kakite.digits({ seed: 7, n: 64 }); // Uint8Array [64 * 784], 0 is paper and 255 ink; and what they are
//
// README.md tells the rest.

import { loadAfar } from "./afar.js";
import { choose, rowsOf } from "./golden.js";
import { SEED_MAX, STEPS, draw, onGrid } from "./stream.js";
import { journey, mixed } from "./walk.js";
import { read } from "./weights.js";
import { HEIGHT_MIN, MARKS, compose } from "./writing.js";

export { drawOn, inked, sheet } from "./pixels.js";

const DIGITS = "0123456789";

function demand(condition, sentence) {
  if (!condition) throw new RangeError(sentence);
}

export class Kakite {
  /**
   * The model of a weights file, at an address or as an ArrayBuffer. It is checked, and so is what it computes here. `ways`: the names of
   * those to try, "simd" and "plain". With `worker: true` it lives in a worker, and each method gives a promise of what it gives here.
   * `headers` and `cache` are those of `fetch`.
   */
  static async load(file, { worker = false, ways, headers, cache } = {}) {
    if (worker) return loadAfar(file, { ways, headers, cache });
    const content = file instanceof ArrayBuffer ? file : await fetched(file, { headers, cache });
    const generator = read(content);
    return new Kakite(generator, await choose(generator, ways));
  }

  constructor(generator, chosen) {
    this.generator = generator;
    this.chosen = chosen;
  }

  /** What is known of it: the file's card, and the way in which it is computed here. */
  about() {
    return { card: this.generator.card, way: this.chosen.name, wrong: this.chosen.wrong };
  }

  /**
   * Digits: { pixels Uint8Array [n * 784], labels [n], or null where the model has none }. Either of `seed` and the n - 1 that follow, or of
   * `z`, a list of points: numbers in standard deviations, or an Int8Array of steps of 1/32. `labels`: what to write, one for all, a
   * list, or "each", with which every seed or z writes all classes in turn; without it each seed writes its own. `truncation`, 0 to 1,
   * multiplies z.
   */
  digits({ seed, n = 1, z, labels = null, truncation = 1 }) {
    const { zDim, classes } = this.generator;
    demand((seed === undefined) !== (z === undefined), "Give either seed or z.");
    const drawn = z ? null : seedsOf(seed, n).map((one) => draw(one, zDim, classes));
    demand(truncation >= 0 && truncation <= 1, "truncation lies from 0 to 1.");
    let points = drawn ? drawn.map((one) => one.z) : z.map((point) => this.steps(point));
    let own = drawn && drawn.map(({ label }) => label);
    if (labels === "each" && classes) {
      own = points.flatMap(() => Array.from({ length: classes }, (_, label) => label));
      points = points.flatMap((point) => Array(classes).fill(point));
    }
    const written = this.labels(labels === "each" && classes ? null : labels, own, points.length);
    return { pixels: this.compute(points.map((point) => shrunk(point, truncation)), written), labels: written };
  }

  /** The z that a seed draws, in standard deviations. */
  z(seed) {
    return Array.from(draw(...seedsOf(seed, 1), this.generator.zDim).z, (step) => step / STEPS);
  }

  /** The digits on the way from one seed to another, `frames` of them, from one label to another: as `digits`. */
  walk({ from, to, frames = 41, labels = null, truncation = 1 }) {
    const { zDim, classes } = this.generator;
    demand(frames >= 2, "A walk has two frames or more.");
    const ends = [...seedsOf(from, 1), ...seedsOf(to, 1)].map((seed) => draw(seed, zDim, classes));
    const [first, last] = this.labels(labels, ends.map(({ label }) => label), 2) ?? [];
    const points = journey(ends[0].z, ends[1].z, frames).map((point) => shrunk(point, truncation));
    return { pixels: this.compute(points, classes ? mixed(first, last, frames, classes) : null), labels: classes ? [first, last] : null };
  }

  /** The characters that it writes, each with its label: its classes whose names are one character, or the ten digits. */
  characters() {
    const { card, classes } = this.generator;
    const named = card.data.class_names ?? [];
    const names = named.length || classes < DIGITS.length ? named : Array.from({ length: classes }, (_, label) => String(label));
    return new Map(names.map((name, label) => [name, label]).filter(([name]) => [...name].length === 1));
  }

  /** Its characters, blanks and - . : / , in the hand of a seed: a picture { pixels, width, height }. */
  write(text, { seed = 0, height = 64 } = {}) {
    const characters = this.characters();
    const all = [...text];
    const writable = all.every((one) => characters.has(one) || MARKS.includes(one));
    demand(characters.size && all.length && writable, `Only ${[...characters.keys()].join("")}, blanks and - . : / , can be written.`);
    demand(height >= HEIGHT_MIN && height <= 1024, `height is a whole number of pixels, ${HEIGHT_MIN} to 1024.`);
    const needed = [...characters.keys()].filter((one) => all.includes(one));
    const [z] = seedsOf(seed, 1).map((one) => draw(one, this.generator.zDim).z);
    const { pixels } = needed.length ? this.digits({ z: needed.map(() => z), labels: needed.map((one) => characters.get(one)) }) : {};
    return compose(text, new Map(needed.map((one, i) => [one, pixels.subarray(i * 784, (i + 1) * 784)])), seed, height);
  }

  /** Points as whole steps, and labels as `rowsOf` has them -> pixels. */
  compute(points, labels) {
    return this.chosen.compute(rowsOf(this.generator, points, labels));
  }

  /** A point on z's grid. */
  steps(point) {
    const { zDim } = this.generator;
    demand(point.length === zDim && Array.from(point).every(Number.isFinite), `z is a list of points of ${zDim} finite numbers.`);
    return point instanceof Int8Array ? onGrid(point) : onGrid(Array.from(point, (number) => number * STEPS));
  }

  /** [n], those given, else the seeds' own; null for a model without labels. */
  labels(given, own, n) {
    const { card, classes } = this.generator;
    demand(given === null || classes, `${card.name} has no labels and cannot be told what to write.`);
    demand(given !== null || own || !classes, `${card.name} writes what it is told to: give labels with z.`);
    if (!classes) return null;
    const labels = given === null ? own : Array.isArray(given) ? given : Array(n).fill(given);
    const known = labels.every((label) => Number.isInteger(label) && label >= 0 && label < classes);
    demand(labels.length === n && known, `labels are one for all or ${n}, each from 0 to ${classes - 1}.`);
    return labels;
  }
}

function seedsOf(seed, n) {
  demand(Number.isSafeInteger(seed) && seed >= 0 && Number.isInteger(n) && n >= 0 && seed <= SEED_MAX - n + 1, `A seed lies from 0 to ${SEED_MAX}.`);
  return Array.from({ length: n }, (_, i) => seed + i);
}

const shrunk = (point, truncation) => (truncation === 1 ? point : onGrid(Array.from(point, (step) => step * truncation)));

async function fetched(address, options) {
  const answer = await fetch(address, options);
  if (!answer.ok) throw new Error(`${address}: ${answer.status} ${answer.statusText}`);
  return answer.arrayBuffer();
}
