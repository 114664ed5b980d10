// A hand: a point in the latent space, as a seed's own z, or one that is given, with single numbers replaced, plus some steps along each
// direction, times a truncation. A hand does not change; another one is made of it. Knows nothing of the page.

import { SEED_MAX, number, whole } from "./address.js";
import { known } from "./service.js";

export const STEPS = 3.5; // along a direction, either way
export const REACH = 3.5; // of a single number as it is shown

const round = (value) => Math.round(value * 1e4) / 1e4;

/** As a seed draws it: { seed, given: z or null, label, truncation, along: { direction: steps }, numbers: Map of place -> value }. */
export const drawn = (seed, label, given = null) => ({ seed, given, label, truncation: 1, along: {}, numbers: new Map() });

/** Out of the fields of an address. */
export function read(fields, directions, zDim) {
  const along = directions.map(({ name }) => [name, number(fields[name], -STEPS, STEPS, 0)]).filter(([, steps]) => steps);
  const numbers = [...(fields.z ?? "").matchAll(/(\d{1,4}):(-?\d{1,3}(?:\.\d{1,4})?)/g)];
  return {
    seed: whole(fields.seed, 0, SEED_MAX, 3),
    given: pointIn(fields.hand, zDim),
    label: whole(fields.label, 0, SEED_MAX, 4), // which there are, the model says
    truncation: number(fields.truncation, 0, 1, 1),
    along: Object.fromEntries(along),
    numbers: new Map(numbers.map(([, i, value]) => [Number(i), Number(value)])),
  };
}

/** The fields of its address. */
export function fieldsOf({ seed, given, label, truncation, along, numbers }, labels) {
  const moved = Object.entries(along).filter(([, steps]) => steps);
  return {
    ...(given ? { hand: textOf(given) } : { seed }),
    label: labels ? label : null,
    ...Object.fromEntries(moved),
    truncation: truncation === 1 ? null : truncation,
    z: numbers.size ? [...numbers].map(([i, value]) => `${i}:${value}`).join(",") : null,
  };
}

/** Whether it is at the z it began with, but for truncation. */
export const untouched = ({ numbers, along }) => !numbers.size && Object.values(along).every((steps) => !steps);

/** The z it begins with [z_dim]: the given one, or the seed's own. */
export async function ownZ({ seed, given }, model) {
  if (given) return given;
  const body = { plus: [seed], ...(model.labels && { label: 0 }), ...model.asked };
  return (await known({ path: "arithmetic", body })).z;
}

/** Its z before truncation [z_dim], from the one it begins with. */
export function zOf({ numbers, along }, own, directions) {
  const values = own.map((value, i) => numbers.get(i) ?? value);
  for (const { name, vector } of directions) {
    const steps = along[name] ?? 0;
    if (steps) vector.forEach((value, i) => (values[i] += steps * value));
  }
  return values.map(round);
}

/** What the service makes of z and truncation: z comes onto its grid, and what is left of it once more. */
export const truncated = (z, truncation) => z.map((value) => onGrid(onGrid(value) * truncation));

const GRID = { steps: 32, limit: 127 }; // steps a standard deviation, and how many there are to either side
const onGrid = (value) => Math.max(-GRID.limit, Math.min(GRID.limit, halfToEven(value * GRID.steps))) / GRID.steps;
const halfToEven = (value) => (Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value)) + 0; // no -0

/** The same with one number of its z at a value, whatever the directions add to it. */
export function withNumber(hand, i, value, own, directions) {
  const before = hand.numbers.get(i) ?? own[i];
  const numbers = new Map(hand.numbers).set(i, round(before + value - zOf(hand, own, directions)[i]));
  return { ...hand, numbers };
}

/** A z for an address: a byte of each number's steps, in base64url. */
export function textOf(z) {
  const steps = Uint8Array.from(z, (value) => onGrid(value) * GRID.steps);
  return btoa(String.fromCharCode(...steps)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The z [zDim] of such a text; null of any other. */
export function pointIn(text, zDim) {
  if (text?.length !== Math.ceil((zDim * 4) / 3) || !/^[\w-]+$/.test(text)) return null;
  const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const z = Array.from(Int8Array.from(bytes, (one) => one.charCodeAt()), (step) => step / GRID.steps);
  return textOf(z) === text ? z : null;
}
