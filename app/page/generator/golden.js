// Golden bytes: by which a generator proves that it is computed right here; and the fastest way that does. Knows no file.

import { sha256 } from "./digest.js";
import * as plain from "./plain.js";
import * as simd from "./simd.js";
import { draw } from "./stream.js";

export const WAYS = { simd, plain }; // the fastest first
const FIRST = 64; // seeds whose pixels every start computes
const SIZES = [1, 2, 3, 5, 8, 13, 21, 11]; // in which they are computed

/** No way gives the golden bytes. The message says which were tried. */
export class InexactError extends Error {}

/** Rows of z, Int8Array in steps, and labels as [n] or as shares [n][classes] of 255 -> Uint8Array [n, zDim + classes]. */
export function rowsOf({ zDim, classes }, zs, labels) {
  const width = zDim + classes;
  const rows = new Uint8Array(zs.length * width);
  zs.forEach((z, i) => {
    for (let k = 0; k < zDim; k += 1) rows[i * width + k] = z[k] + 128;
    if (!classes) return;
    if (typeof labels[i] === "number") rows[i * width + zDim + labels[i]] = 255;
    else rows.set(labels[i], i * width + zDim);
  });
  return rows;
}

/** The rows of the seeds 0 to n - 1, with all labels in turn. */
export function goldenRows(generator, n) {
  const seeds = Array.from({ length: n }, (_, seed) => seed);
  return rowsOf(generator, seeds.map((seed) => draw(seed, generator.zDim).z), seeds.map((seed) => seed % Math.max(generator.classes, 1)));
}

/** The first of the named ways that gives the golden bytes here: { name, compute, wrong }, where `wrong` names those that did not. */
export async function choose(generator, names = Object.keys(WAYS), ways = WAYS) {
  const wrong = [];
  for (const name of names) {
    try {
      const compute = ways[name].prepare(generator);
      if (await agrees(compute, generator)) return { name, compute, wrong };
    } catch {
      // this browser has no such instructions, or too little memory
    }
    wrong.push(name);
  }
  throw new InexactError(`The golden bytes of ${generator.card.name} do not come out here (${wrong.join(", ")}): its file or this browser is wrong.`);
}

async function agrees(compute, generator) {
  const rows = goldenRows(generator, FIRST);
  const width = rows.length / FIRST;
  const parts = [];
  let first = 0;
  for (const size of SIZES) {
    parts.push(...compute(rows.subarray(first * width, (first + size) * width)));
    first += size;
  }
  return (await sha256(Uint8Array.from(parts))) === generator.card.integers.golden_first;
}
