// Ways through latent space, on z's grid. Knows no generator.

import { onGrid, round } from "./stream.js";

const ONE = 2 ** 20; // shares are rounded to it
const WHOLE = 255; // of a label

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

/** The weighted sum of two points, in whole steps. */
function combined(share, a, other, b) {
  const [first, second] = [round(share * ONE), round(other * ONE)];
  return a.map((value, i) => round((first * value + second * b[i]) / ONE));
}

/** Spherical interpolation with linear length (Shoemake 1985) between points of whole steps, t from 0 to 1. */
function between(a, b, t) {
  const [aa, bb, ab] = [dot(a, a), dot(b, b), dot(a, b)];
  const across = aa * bb - ab * ab;
  if (!aa || !bb || (!across && ab > 0)) return combined(1 - t, a, t, b);
  const angle = Math.atan2(Math.sqrt(across), ab);
  const length = (1 - t) * Math.sqrt(aa) + t * Math.sqrt(bb);
  if (across) {
    const whole = Math.sqrt(across) / Math.sqrt(aa * bb);
    const [start, end] = [Math.sin((1 - t) * angle), Math.sin(t * angle)];
    return combined((length * start) / whole / Math.sqrt(aa), a, (length * end) / whole / Math.sqrt(bb), b);
  }
  // Opposite points: the arc bends towards the axis that is farthest from them.
  const least = Math.min(...a.map(Math.abs));
  const axis = a.map(() => 0);
  axis[a.findIndex((value) => Math.abs(value) === least)] = 1;
  const along = dot(a, axis);
  const aside = Math.sqrt(1 - (along * along) / aa);
  const end = (length * Math.sin(t * angle)) / aside;
  return combined((length * Math.cos(t * angle)) / Math.sqrt(aa) - (end * along) / aa, a, end, axis);
}

/** `frames` points from one to the other, Int8Array in steps, both included. */
export function journey(from, to, frames) {
  const [a, b] = [Array.from(from), Array.from(to)];
  return Array.from({ length: frames }, (_, i) => onGrid(i === frames - 1 ? b : between(a, b, i / (frames - 1))));
}

/** The labels on the way from one to another: `frames` times a share of 255 for each class. */
export function mixed(first, last, frames, classes) {
  return Array.from({ length: frames }, (_, i) => {
    const later = round((i * WHOLE) / Math.max(frames - 1, 1));
    const shares = new Uint8Array(classes);
    shares[first] += WHOLE - later;
    shares[last] += later;
    return shares;
  });
}
