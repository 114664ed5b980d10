// A way to compute a generator: plain JavaScript, on whole numbers. This is the reference: layer after layer as docs/arithmetic.md has them.

import { LAST_MAX, TANH } from "./pixels.js";
import { SIDE } from "./weights.js";

const ACTIVATION_MAX = 255;
const LEAKY_MIDDLE = 64;
const LEAKY_SHIFT = 2; // negative sums of a leaky layer are divided by 4 more

export const name = "plain";

/** A function from rows Uint8Array [n, zDim + classes] to pixels Uint8Array [n, 28, 28]. */
export function prepare(generator) {
  const { zDim, classes, layers, leaky } = generator;
  const width = zDim + classes;
  const kernels = layers.map(inFours);
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
  const sums = new Int32Array(4);
  for (let first = 0; first < outputs; first += 4) {
    sums.set(bias.subarray(first, first + 4));
    addFour(sums, weight, first * inputs, inputs, x, 0, inputs);
    for (let i = 0; i < 4 && first + i < outputs; i += 1) y[first + i] = activate(sums[i], shift[first + i]);
  }
  return y;
}

/** x [side, side, channels] -> [side, side, outputs], or of twice the side, whose phases the outputs are. */
function convolved(x, weight, { side, channels, outputs, bias, shift, doubles }, activate) {
  const wide = (side + 2) * channels; // numbers in a row of the image with zeros all around
  const padded = new Uint8Array((side + 2) * wide);
  for (let row = 0; row < side; row += 1) padded.set(x.subarray(row * side * channels, (row + 1) * side * channels), (row + 1) * wide + channels);
  const y = new Uint8Array(side * side * outputs);
  const [scale, across] = doubles ? [2, outputs / 4] : [1, outputs]; // of the image that is given: its scale, and its channels
  const length = 3 * channels;
  const sums = new Int32Array(4);
  for (let first = 0; first < outputs; first += 4) {
    const biases = bias.subarray(first, first + 4);
    const places = Array.from(biases, (_, i) => {
      const output = first + i;
      return doubles ? (((output >> 1) & 1) * side * scale + (output & 1)) * across + (output >> 2) : output;
    });
    for (let row = 0; row < side; row += 1) {
      for (let column = 0; column < side; column += 1) {
        sums.set(biases);
        for (let tap = 0; tap < 3; tap += 1) {
          addFour(sums, weight, (3 * first + tap) * length, 3 * length, padded, (row + tap) * wide + column * channels, length);
        }
        const corner = (row * scale * side * scale + column * scale) * across;
        for (let i = 0; i < places.length; i += 1) y[corner + places[i]] = activate(sums[i], shift[first + i]);
      }
    }
  }
  return y;
}

/** Adds to four outputs' sums the products of `length` of their weights and x. */
function addFour(sums, weight, w, stride, x, at, length) {
  let a = sums[0];
  let b = sums[1];
  let c = sums[2];
  let d = sums[3];
  for (let i = 0; i < length; i += 1) {
    const one = x[at + i];
    a = (a + Math.imul(weight[w + i], one)) | 0;
    b = (b + Math.imul(weight[w + stride + i], one)) | 0;
    c = (c + Math.imul(weight[w + 2 * stride + i], one)) | 0;
    d = (d + Math.imul(weight[w + 3 * stride + i], one)) | 0;
  }
  sums[0] = a;
  sums[1] = b;
  sums[2] = c;
  sums[3] = d;
}

/** A layer's weights [outputs, taps, channels], as an image lies, with outputs of zeros up to a whole four. */
function inFours({ weight, outputs, inputs, isConv }) {
  const taps = isConv ? 9 : 1;
  const turned = new Int8Array(Math.ceil(outputs / 4) * 4 * taps * inputs);
  for (let output = 0; output < outputs; output += 1) {
    for (let channel = 0; channel < inputs; channel += 1) {
      for (let tap = 0; tap < taps; tap += 1) turned[(output * taps + tap) * inputs + channel] = weight[(output * inputs + channel) * taps + tap];
    }
  }
  return turned;
}
