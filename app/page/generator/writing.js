// Sets digits and marks as a line of writing, upright and at least 32 pixels high, to the pixel as the service does. Knows no generator.
// Lengths are in 1/65,536 of a digit's pixels (ONE) unless they are said to be in pixels.

import { SIDE } from "./pixels.js";
import { STEPS, hand, round } from "./stream.js";

export const HEIGHT_MIN = 32; // of a line, in pixels of a digit too
const ONE = 1 << 16;
const LINE = HEIGHT_MIN;
const BASELINE = 26; // pixels from the top
const MARGIN = LINE - BASELINE;
const BASELINE_SPREAD = round((0.7 * ONE) / STEPS); // for one step of the hand's number
const GAP_SPREAD = round((0.9 * ONE) / STEPS);
const BLANK = 9; // pixels
const INK = 48; // grey levels from which a pixel counts as ink
const PEN = 2.6; // pixels of a plain stroke's width
const FINE = 8; // a plain stroke is drawn this many times larger, then averaged
// Of each mark its width, and its strokes from [x, y] to [x, y], from the baseline up.
const STROKES = {
  "-": [10, [[2, 9, 8, 9]]],
  ".": [5, [[2.5, 1.4, 2.5, 1.4]]],
  ":": [5, [[2.5, 3, 2.5, 3], [2.5, 13, 2.5, 13]]],
  ",": [5, [[3, 1.4, 2, -3]]],
  "/": [13, [[2, -1, 11, 20]]],
};
export const MARKS = `${Object.keys(STROKES).join("")} `; // that every model writes

/** Bicubic weights (Keys 1981) of the four pixels around each of 256 places between two, in 1/1,024. */
const TAPS = Array.from({ length: 256 }, (_, phase) => {
  const t = phase / 256;
  const shares = [((-t + 2) * t - 1) * t, (3 * t - 5) * t * t + 2, ((-3 * t + 4) * t + 1) * t, (t - 1) * t * t].map((share) => round((share / 2) * 1024));
  shares[shares.indexOf(Math.max(...shares))] += 1024 - shares.reduce((sum, share) => sum + share);
  return shares;
});
const EDGE = 4; // pixels of paper around a digit, so that every place has neighbours

/** A line: { pixels, width, height }, dark ink as 255. `digits` is a Map of its characters but marks to their pixels [784]. */
export function compose(text, digits, seed, height) {
  const placed = [...layout(text, digits, seed)];
  const margin = (MARGIN * ONE) / 2;
  const end = placed.at(-1);
  const length = end.x + end.width * ONE + 2 * margin;
  const width = Math.ceil((length * height) / (LINE * ONE));
  const pixels = new Uint8Array(width * height);
  for (const one of placed) if (one.ink) place(pixels, width, height, one, margin);
  return { pixels, width, height };
}

/** Where each character lies: { ink, width, foot, x, y }, from left to right. Blanks have no ink. */
function* layout(text, digits, seed) {
  const numbers = hand(seed, 2 * [...text].length);
  let x = 0;
  for (const [i, character] of [...text].entries()) {
    const [gap, drop] = numbers.subarray(2 * i);
    if (character === " ") {
      yield { ink: null, width: BLANK, x };
      x += BLANK * ONE;
    } else {
      const one = digits.has(character) ? digit(digits.get(character)) : mark(character);
      yield { ...one, x, y: BASELINE * ONE + BASELINE_SPREAD * drop };
      x += one.width * ONE + Math.max(-ONE, GAP_SPREAD * gap);
    }
  }
}

/** A digit without its empty columns, but with one of faint ink on each side; and its baseline, in pixels from the top. */
function digit(pixels) {
  const dark = (x, y) => pixels[y * SIDE + x] >= INK;
  const all = Array.from({ length: SIDE }, (_, i) => i);
  const [rows, columns] = [all.filter((y) => all.some((x) => dark(x, y))), all.filter((x) => all.some((y) => dark(x, y)))];
  const [left, right] = rows.length ? [Math.max(0, columns[0] - 1), Math.min(SIDE, columns.at(-1) + 2)] : [0, SIDE];
  const width = right - left;
  const ink = new Uint8Array(SIDE * width);
  for (const y of all) ink.set(pixels.subarray(y * SIDE + left, y * SIDE + right), y * width);
  return { ink, width, foot: rows.length ? rows.at(-1) + 1 : SIDE };
}

/** A punctuation mark. */
function mark(character) {
  const [width, strokes] = STROKES[character];
  const foot = SIDE - MARGIN;
  const ink = new Uint8Array(SIDE * width);
  const covered = (x, y) =>
    strokes.some(([x0, y0, x1, y1]) => {
      const [across, down] = [(x1 - x0) * FINE, (y0 - y1) * FINE];
      const [right, below] = [x - x0 * FINE, y - (foot - y0) * FINE];
      const along = Math.min(1, Math.max(0, (right * across + below * down) / Math.max(across ** 2 + down ** 2, 1)));
      return (right - along * across) ** 2 + (below - along * down) ** 2 <= ((PEN * FINE) / 2) ** 2;
    });
  for (let i = 0; i < ink.length; i += 1) {
    let sum = 0;
    for (let k = 0; k < FINE ** 2; k += 1) {
      if (covered((i % width) * FINE + (k % FINE) + 0.5, Math.floor(i / width) * FINE + Math.floor(k / FINE) + 0.5)) sum += 255;
    }
    ink[i] = Math.floor((sum + FINE ** 2 / 2) / FINE ** 2);
  }
  return { ink, width, foot };
}

/** Draws a character into the line. Where ink overlaps, the darker one stays. */
function place(pixels, width, height, { ink, width: wide, foot, x, y }, margin) {
  const start = x + margin;
  const first = Math.max(0, Math.floor(((start - ONE) * height) / (LINE * ONE)));
  const last = Math.min(width, Math.ceil(((start + wide * ONE + ONE) * height) / (LINE * ONE)));
  const centre = (pixel) => Math.floor(((2 * pixel + 1) * LINE * ONE) / (2 * height));
  const paddedWidth = wide + 2 * EDGE;
  const padded = new Int32Array((SIDE + 2 * EDGE) * paddedWidth);
  for (let row = 0; row < SIDE; row += 1) padded.set(ink.subarray(row * wide, (row + 1) * wide), (row + EDGE) * paddedWidth + EDGE);
  const columns = Array.from({ length: Math.max(0, last - first) }, (_, i) => neighbours(centre(first + i) - start, wide));
  const mixed = new Int32Array(paddedWidth);
  for (let down = 0; down < height; down += 1) {
    const [above, shares] = neighbours(centre(down) + foot * ONE - y, SIDE);
    for (let i = 0; i < paddedWidth; i += 1) {
      mixed[i] = 0;
      for (let k = 0; k < 4; k += 1) mixed[i] += shares[k] * padded[(above + k) * paddedWidth + i];
    }
    columns.forEach(([before, weights], i) => {
      let sum = 0;
      for (let k = 0; k < 4; k += 1) sum += weights[k] * mixed[before + k];
      const dark = Math.min(255, Math.max(0, (sum + (1 << 19)) >> 20));
      const to = down * width + first + i;
      if (dark > pixels[to]) pixels[to] = dark;
    });
  }
}

/** Of a place: the first of its four pixels, with the edge around, and their weights. */
function neighbours(place, length) {
  const fromMiddle = place - ONE / 2;
  return [Math.min(length + 1, Math.max(1 - EDGE, fromMiddle >> 16)) + EDGE - 1, TAPS[(fromMiddle >> 8) & 255]];
}
