// A way to compute a generator: plain JavaScript, on whole numbers, layer after layer as docs/arithmetic.md has them.

import { LAST_MAX, SIDE, TANH } from "./pixels.js";

const ACTIVATION_MAX = 255;
// A float64 holds two sums at once, as sum + UPPER * another: each is at most 2^24, so no bit of the 53 is lost. That is twice as fast.
const UPPER = 2 ** 26;
const PAIRS = 4;
const TOGETHER = 2 * PAIRS; // outputs that are computed in one loop
const LEAKY_MIDDLE = 64;
const LEAKY_SHIFT = 2; // negative sums of a leaky layer are divided by 4 more

export const name = "plain";

/** A function from rows Uint8Array [n, zDim + classes] to pixels Uint8Array [n, 28, 28]. */
export function prepare(generator) {
  const { zDim, classes, layers, leaky } = generator;
  const width = zDim + classes;
  const kernels = layers.map(inPairs);
  const last = layers.length - 1;
  return (rows) => {
    const n = rows.length / width;
    const pixels = new Uint8Array(n * SIDE ** 2);
    for (let i = 0; i < n; i += 1) {
      let x = rows.subarray(i * width, (i + 1) * width);
      layers.forEach((layer, k) => {
        const activate = k === last ? grey : leaky ? leakyActivation : activation;
        x = (layer.isConv ? convolved : multiplied)(x, kernels[k], layer, activate);
      });
      pixels.set(x, i * SIDE ** 2);
    }
    return pixels;
  };
}

/** sum / 2^shift, to the nearest whole number, and a half to the even one. */
const shifted = (sum, shift) => (shift ? (sum + (1 << (shift - 1)) - 1 + ((sum >> shift) & 1)) >> shift : sum);
const clamped = (y, least, most) => (y < least ? least : y > most ? most : y);

const activation = (sum, shift) => clamped(shifted(sum, shift), 0, ACTIVATION_MAX);
const leakyActivation = (sum, shift) => clamped(LEAKY_MIDDLE + shifted(sum, sum < 0 ? shift + LEAKY_SHIFT : shift), 0, ACTIVATION_MAX);
const grey = (sum, shift) => TANH[LAST_MAX + clamped(shifted(sum, shift), -LAST_MAX, LAST_MAX - 1)];

/** x [inputs] -> [outputs] */
function multiplied(x, weight, { inputs, outputs, bias, shift }, activate) {
  const y = new Uint8Array(outputs);
  const sums = new Float64Array(PAIRS);
  const numbers = new Float64Array(x);
  for (let first = 0; first < outputs; first += TOGETHER) {
    sums.fill(0);
    addProducts(sums, weight, (first >> 1) * inputs, numbers, 0, inputs);
    const last = Math.min(first + TOGETHER, outputs);
    for (let output = first; output < last; output += 1) y[output] = activate(bias[output] + sumOf(sums, output - first), shift[output]);
  }
  return y;
}

/** x [side, side, channels] -> [side, side, outputs], or of twice the side, whose phases the outputs are. */
function convolved(x, weight, { side, channels, outputs, bias, shift, doubles }, activate) {
  const wide = (side + 2) * channels; // numbers in a row of the image with zeros all around
  const padded = new Float64Array((side + 2) * wide);
  for (let row = 0; row < side; row += 1) padded.set(x.subarray(row * side * channels, (row + 1) * side * channels), (row + 1) * wide + channels);
  const y = new Uint8Array(side * side * outputs);
  const [scale, across] = doubles ? [2, outputs / 4] : [1, outputs]; // of the image that is given: its scale, and its channels
  const places = Int32Array.from(bias, (_, output) =>
    doubles ? (((output >> 1) & 1) * side * scale + (output & 1)) * across + (output >> 2) : output,
  );
  const length = 3 * channels;
  const sums = new Float64Array(PAIRS);
  for (let first = 0; first < outputs; first += TOGETHER) {
    const last = Math.min(first + TOGETHER, outputs);
    for (let row = 0; row < side; row += 1) {
      for (let column = 0; column < side; column += 1) {
        sums.fill(0);
        for (let tap = 0; tap < 3; tap += 1) {
          addProducts(sums, weight, (3 * (first >> 1) + tap * PAIRS) * length, padded, (row + tap) * wide + column * channels, length);
        }
        const corner = (row * scale * side * scale + column * scale) * across;
        for (let output = first; output < last; output += 1) {
          y[corner + places[output]] = activate(bias[output] + sumOf(sums, output - first), shift[output]);
        }
      }
    }
  }
  return y;
}

/** Adds to the sums of eight outputs, two in each, the products of `length` of their weights and x. */
function addProducts(sums, weight, w, x, at, length) {
  let a = sums[0];
  let b = sums[1];
  let c = sums[2];
  let d = sums[3];
  for (let i = 0; i < length; i += 1) {
    const one = x[at + i];
    a += weight[w + 4 * i] * one;
    b += weight[w + 4 * i + 1] * one;
    c += weight[w + 4 * i + 2] * one;
    d += weight[w + 4 * i + 3] * one;
  }
  sums[0] = a;
  sums[1] = b;
  sums[2] = c;
  sums[3] = d;
}

/** One of the eight sums. */
function sumOf(sums, i) {
  const both = sums[i >> 1];
  const upper = Math.round(both / UPPER);
  return i & 1 ? upper : both - upper * UPPER;
}

/** A layer's weights [outputs / 8, taps, channels, 4], as an image lies: each number holds the weights of two outputs. */
function inPairs({ weight, outputs, inputs, isConv }) {
  const taps = isConv ? 9 : 1;
  const paired = new Float64Array(Math.ceil(outputs / TOGETHER) * PAIRS * taps * inputs);
  for (let output = 0; output < outputs; output += 1) {
    const first = Math.floor(output / TOGETHER) * PAIRS * taps * inputs + ((output % TOGETHER) >> 1);
    const unit = output & 1 ? UPPER : 1;
    for (let channel = 0; channel < inputs; channel += 1) {
      for (let tap = 0; tap < taps; tap += 1) {
        paired[first + (tap * inputs + channel) * PAIRS] += unit * weight[(output * inputs + channel) * taps + tap];
      }
    }
  }
  return paired;
}
