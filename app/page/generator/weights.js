// A weights file: safetensors whose header holds the card, read and checked. Runs no network. docs/arithmetic.md defines the layers.

import { SIDE } from "./pixels.js";

const SMALL_SIDE = 7; // of the image that a convolutional generator's dense layers give
const ARITHMETIC = 1;
const STREAM = 1;
const SUM_LIMIT = 2 ** 24; // up to here float32 holds every whole number
const WEIGHT_MAX = 127;
const ACTIVATION_MAX = 255;
const SHIFT_MAX = 24;
const LEAKY_SHIFT_MAX = 16;
const HEADER_MAX = 1 << 20; // bytes
const TYPES = { I8: Int8Array, U8: Uint8Array, I32: Int32Array };

/** A file that cannot be used. The message says why. */
export class WeightsError extends Error {}

function check(condition, sentence) {
  if (!condition) throw new WeightsError(`These weights cannot be used: ${sentence}.`);
}

/**
 * An ArrayBuffer with a weights file -> { card, zDim, classes, leaky, layers }. A layer is { weight Int8Array, inputs, outputs, isConv,
 * bias Int32Array, shift Uint8Array, side, channels, doubles }: side (1 for rows) and channels are those of its input.
 */
export function read(file) {
  const { header, texts, data } = opened(file);
  const card = JSON.parse(texts.card);
  check(card.integers, "they are of a float generator");
  check(card.integers.stream === STREAM && card.integers.arithmetic === ARITHMETIC, "they are for another version of the arithmetic");
  const { kind, z_dim: zDim, classes, channels = 1 } = card.network;
  check(channels === 1, "they give pictures in colour");
  const leaky = kind === "dense";
  const layers = [];
  for (let i = 0; `${i}.weight` in header; i += 1) {
    const [weight, bias, shift] = ["I8 weight", "I32 bias", "U8 shift"].map((part) => {
      const [type, name] = part.split(" ");
      return tensor(header, data, `${i}.${name}`, type);
    });
    const [outputs, inputs, ...kernel] = weight.shape;
    check(["", "3,3"].includes(`${kernel}`) && inputs > 0 && outputs > 0, `layer ${i} has the shape ${weight.shape}`);
    check([bias, shift].every(({ shape }) => `${shape}` === `${outputs}`), `layer ${i} lacks a part of its outputs`);
    layers.push({ weight: weight.values, bias: bias.values, shift: shift.values, inputs, outputs, isConv: kernel.length > 0 });
  }
  check(layers.length > 0 && Object.keys(header).length === 3 * layers.length, "their tensors are no layers");
  let [side, channelsHere] = [1, zDim + classes];
  layers.forEach((layer, i) => {
    if (layer.isConv && side === 1) [side, channelsHere] = [SMALL_SIDE, channelsHere / SMALL_SIDE ** 2];
    const doubles = layer.isConv && side < SIDE;
    Object.assign(layer, { side, channels: channelsHere, doubles });
    check(layer.inputs === channelsHere && (layer.isConv || side === 1), `layer ${i} does not follow on the one before`);
    check(!doubles || layer.outputs % 4 === 0, `layer ${i} has no four phases`);
    const shiftMax = leaky && i + 1 < layers.length ? LEAKY_SHIFT_MAX : SHIFT_MAX;
    check(!layer.weight.includes(-WEIGHT_MAX - 1), `layer ${i} has a weight of -128`);
    check(layer.shift.every((shift) => shift <= shiftMax), `layer ${i} has a shift of more than ${shiftMax}`);
    const bound = boundOf(layer);
    check(bound <= SUM_LIMIT && bound === card.integers.bounds[i], `the sums of layer ${i} can reach ${bound}`);
    if (doubles) [side, channelsHere] = [2 * side, layer.outputs / 4];
    else channelsHere = layer.outputs;
  });
  check([`1 ${SIDE ** 2}`, `${SIDE} 1`].includes(`${side} ${channelsHere}`), "the last layer gives no picture");
  return { card, zDim, classes, leaky, layers };
}

/** The parts of a safetensors file: what its header says of tensors and in words, and the bytes after it. */
function opened(file) {
  check(file.byteLength > 8, "the file is cut off");
  const length = Number(new DataView(file).getBigUint64(0, true));
  check(length <= Math.min(HEADER_MAX, file.byteLength - 8), "this is no safetensors file");
  let header;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(file, 8, length)));
  } catch {
    check(false, "this is no safetensors file");
  }
  const { __metadata__: texts, ...tensors } = header;
  check(texts?.card, "they have no card");
  return { header: tensors, texts, data: file.slice(8 + length) };
}

function tensor(header, data, name, type) {
  const { dtype, shape, data_offsets: [start, end] } = header[name] ?? { data_offsets: [] };
  check(dtype === type, `${name} is not there, or no ${type}`);
  const { BYTES_PER_ELEMENT: size } = TYPES[type];
  const count = shape.reduce((product, length) => product * length, 1);
  check(end - start === count * size && start % size === 0 && end <= data.byteLength, `${name} is cut off`);
  return { shape, values: new TYPES[type](data, start, count) };
}

/** The largest magnitude that any sum or partial sum of a layer can have, in any order of adding. */
function boundOf({ weight, bias, outputs }) {
  const width = weight.length / outputs;
  let bound = 0;
  for (let output = 0; output < outputs; output += 1) {
    let [above, below] = [0, 0];
    for (let i = output * width; i < (output + 1) * width; i += 1) {
      if (weight[i] > 0) above += weight[i];
      else below -= weight[i];
    }
    bound = Math.max(bound, ACTIVATION_MAX * above + Math.max(bias[output], 0), ACTIVATION_MAX * below - Math.min(bias[output], 0));
  }
  return bound;
}
