// A way to compute a generator: WebAssembly's vectors. Eight products of 16 bits are added in 32 (`i32x4.dot_i16x8_s`), which is exact;
// float32 holds each sum exactly, so dividing it by a power of two and rounding it is exact, too. For each layer a function of a few
// hundred bytes is assembled here, in which the layer's measures are constants.

import { assembled, op } from "./assembler.js";
import { LAST_MAX, SIDE, TANH } from "./pixels.js";

const QUAD = 4; // outputs that are computed at once
const DIGITS = 8; // that go through a dense layer together
const PIXELS = 7; // of an image's row that are computed together: a row has 7, 14 or 28
const PAGE = 1 << 16;
const BOUNDS = { hidden: [0, 255], last: [-LAST_MAX, LAST_MAX - 1] };
const LEAKY = { middle: 64, slope: 0.25 };
const CONSTANT_BYTES = 32; // of four outputs: their biases, int32, and 2^-k, float32

export const name = "simd";

const padded = (count) => Math.ceil(count / QUAD) * QUAD;

/** A function from rows Uint8Array [n, zDim + classes] to pixels Uint8Array [n, 28, 28]. Throws where there is no WebAssembly with vectors. */
export function prepare({ zDim, classes, layers, leaky }) {
  let size = 0;
  const place = (bytes) => {
    const start = size;
    size += Math.ceil(bytes / 16) * 16;
    return start;
  };
  const functions = [];
  const add = (made) => functions.push(made) - 1;
  const steps = layers.map((layer, i) => {
    const next = layers[i + 1];
    const order = orderOf(layer, next);
    const rowBytes = layer.isConv ? 0 : 2 * padded(layer.inputs);
    const pixelBytes = 2 * padded(layer.channels);
    const activation = { bounds: next ? BOUNDS.hidden : BOUNDS.last, ...(leaky && next && LEAKY) };
    const step = {
      ...layer,
      order,
      pixelBytes,
      rowBytes,
      quads: order.length / QUAD / (layer.doubles ? 4 : 1),
      // Digits of a dense layer, one after the other; or an image with a pixel of zeros all around.
      input: place(layer.isConv ? (layer.side + 2) ** 2 * pixelBytes : DIGITS * rowBytes),
      weights: place(order.length * (layer.isConv ? 9 * padded(layer.channels) : padded(layer.inputs))),
      constants: place((order.length / QUAD) * CONSTANT_BYTES),
    };
    if (layer.isConv) {
      const outBytes = 2 * (layer.doubles ? order.length / 4 : order.length);
      Object.assign(step, { outBytes, outSide: layer.doubles ? 2 * layer.side : layer.side });
      const pairs = (3 * pixelBytes) / 4;
      step.several = add(kernel({ pairs, segments: 3, segmentBytes: (layer.side + 2) * pixelBytes, count: PIXELS, strideBytes: pixelBytes, outStrideBytes: layer.doubles ? 2 * outBytes : outBytes, ...activation }));
    } else {
      const measures = { pairs: rowBytes / 4, segments: 1, segmentBytes: 0, strideBytes: rowBytes, outStrideBytes: 2 * order.length, ...activation };
      step.outBytes = 2 * order.length;
      step.several = add(kernel({ ...measures, count: DIGITS }));
      step.one = add(kernel({ ...measures, count: 1 }));
    }
    return step;
  });
  const last = steps.at(-1);
  const images = steps.filter(({ isConv }) => isConv);
  const rows = steps.filter(({ isConv }) => !isConv);
  const flat = place(DIGITS * rows.at(-1).outBytes); // what the dense layers give
  const result = last.isConv ? place((SIDE + 2) ** 2 * last.outBytes) : flat;

  const bytes = assembled(functions, Math.ceil(size / PAGE));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const memory = exports.memory.buffer;
  const numbers = new Int16Array(memory);
  for (const step of steps) load(memory, step);

  /** Up to DIGITS rows through the dense layers, together. */
  function dense(part, width, n) {
    for (let i = 0; i < n; i += 1) numbers.set(part.subarray(i * width, (i + 1) * width), (rows[0].input + i * rows[0].rowBytes) / 2);
    rows.forEach((step, i) => {
      const run = exports[`f${n > 1 ? step.several : step.one}`];
      run(step.input, rows[i + 1]?.input ?? flat, step.weights, step.constants, step.quads);
    });
  }

  /** One of them through the convolutions. */
  function convolutions(i) {
    const { side, pixelBytes, input } = images[0];
    for (let y = 0; y < side; y += 1) {
      const start = (flat + i * rows.at(-1).outBytes + y * side * pixelBytes) / 2;
      numbers.copyWithin((input + ((y + 1) * (side + 2) + 1) * pixelBytes) / 2, start, start + (side * pixelBytes) / 2);
    }
    images.forEach((step, k) => convolve(step, images[k + 1]?.input ?? result));
  }

  function convolve(step, output) {
    const run = exports[`f${step.several}`];
    const wide = step.outSide + 2;
    const [phases, scale] = step.doubles ? [4, 2] : [1, 1];
    const [weightBytes, constantBytes] = [step.quads * QUAD * 9 * (step.pixelBytes / 2), step.quads * CONSTANT_BYTES];
    for (let phase = 0; phase < phases; phase += 1) {
      for (let y = 0; y < step.side; y += 1) {
        for (let x = 0; x < step.side; x += PIXELS) {
          const corner = (1 + scale * y + (phase >> 1)) * wide + 1 + scale * x + (phase & 1);
          const from = step.input + (y * (step.side + 2) + x) * step.pixelBytes;
          run(from, output + corner * step.outBytes, step.weights + phase * weightBytes, step.constants + phase * constantBytes, step.quads);
        }
      }
    }
  }

  /** The last layer's numbers as grey levels, into `pixels`. */
  function read(i, pixels) {
    if (!last.isConv) {
      const start = (flat + i * last.outBytes) / 2;
      for (let k = 0; k < SIDE ** 2; k += 1) pixels[k] = TANH[LAST_MAX + numbers[start + k]];
      return;
    }
    for (let y = 0; y < SIDE; y += 1) {
      for (let x = 0; x < SIDE; x += 1) {
        pixels[y * SIDE + x] = TANH[LAST_MAX + numbers[(result + ((y + 1) * (SIDE + 2) + x + 1) * last.outBytes) / 2]];
      }
    }
  }

  const width = zDim + classes;
  return (given) => {
    const n = given.length / width;
    const pixels = new Uint8Array(n * SIDE ** 2);
    for (let first = 0; first < n; first += DIGITS) {
      const together = Math.min(DIGITS, n - first);
      dense(given.subarray(first * width), width, together);
      for (let i = 0; i < together; i += 1) {
        if (images.length) convolutions(i);
        read(i, pixels.subarray((first + i) * SIDE ** 2));
      }
    }
    return pixels;
  };
}

/** A layer's outputs in the order in which they are computed, -1 for one that is always 0: channels padded to whole quads. */
function orderOf({ outputs, isConv, doubles }, next) {
  const pixels = !isConv && next?.isConv ? next.side ** 2 : 1;
  const channels = doubles ? outputs / 4 : outputs / pixels;
  const across = Array.from({ length: padded(channels) }, (_, channel) => (channel < channels ? channel : -1));
  if (doubles) return [0, 1, 2, 3].flatMap((phase) => across.map((channel) => (channel < 0 ? -1 : 4 * channel + phase)));
  return Array.from({ length: pixels }, (_, pixel) => across.map((channel) => (channel < 0 ? -1 : pixel * channels + channel))).flat();
}

/** Writes a layer's weights, biases and shifts into memory. Of four outputs, two weights each lie together, then the next two. */
function load(memory, { weight, bias, shift, order, isConv, inputs, weights, constants }) {
  const packed = new Int8Array(memory, weights);
  const [wide, taps] = [padded(inputs), isConv ? 9 : 1];
  // Of one output: where the weights lie, tap after tap, each with all channels.
  const places = Int32Array.from({ length: taps * wide }, (_, i) => (i % wide < inputs ? (i % wide) * taps + Math.floor(i / wide) : -1));
  order.forEach((output, place) => {
    const lane = place % QUAD;
    const start = (place - lane) * places.length + 2 * lane;
    const constant = constants + (place - lane) * (CONSTANT_BYTES / QUAD);
    new Int32Array(memory, constant, QUAD)[lane] = output < 0 ? 0 : bias[output];
    new Float32Array(memory, constant + 16, QUAD)[lane] = output < 0 ? 0 : 2 ** -shift[output];
    if (output < 0) return;
    const first = output * inputs * taps;
    for (let i = 0; i < places.length; i += 1) {
      if (places[i] >= 0) packed[start + (i >> 1) * 2 * QUAD + (i & 1)] = weight[first + places[i]];
    }
  });
}

/**
 * The function (x, y, weights, constants, quads): of `count` neighbours, `strideBytes` from each other at x, all outputs, to y. What they
 * are computed from are `segments` runs of `pairs` of numbers of 16 bits.
 */
function kernel({ pairs, segments, segmentBytes, count, strideBytes, outStrideBytes, bounds, middle = 0, slope = 1 }) {
  const [x, y, weights, constants, quads, at, end] = [0, 1, 2, 3, 4, 5, 6];
  const sums = Array.from({ length: count }, (_, i) => 7 + i);
  const [four, factor, least, most] = [0, 1, 2, 3].map((i) => 7 + count + i);
  const unrolled = [6, 4, 2].find((times) => pairs % times === 0);
  const step = (local, by) => [...op.get(local), ...op.constant(by), ...op.add, ...op.set(local)];
  const pair = (k) => [
    [...op.get(weights), ...op.v128.load8x8(8 * k), ...op.set(four)],
    ...sums.map((sum, i) => [
      ...op.get(sum), ...op.get(four), ...op.get(at), ...op.v128.load32Splat(4 * k + i * strideBytes), ...op.i32x4.dot, ...op.i32x4.add, ...op.set(sum),
    ]),
  ].flat();
  const segment = (k) => [
    ...op.get(x), ...op.constant(k * segmentBytes), ...op.add, ...op.set(at),
    ...op.get(at), ...op.constant(4 * pairs), ...op.add, ...op.set(end),
    ...op.loop(
      Array.from({ length: unrolled }, (_, i) => pair(i)).flat(),
      step(weights, 8 * unrolled),
      step(at, 4 * unrolled),
      [...op.get(at), ...op.get(end), ...op.notEqual],
    ),
  ];
  const scaled = (sum) => [...op.get(sum), ...op.f32x4.converted, ...op.get(factor), ...op.f32x4.multiply, ...op.set(sum)];
  const bent = (sum) => [...op.get(sum), ...op.get(sum), ...op.f32(slope), ...op.f32x4.splat, ...op.f32x4.multiply, ...op.f32x4.max, ...op.set(sum)];
  const finished = (sum, i) => [
    ...scaled(sum),
    ...(slope === 1 ? [] : bent(sum)),
    ...op.get(y),
    ...op.get(sum), ...op.f32x4.nearest, ...op.i32x4.truncated,
    ...op.constant(middle), ...op.i32x4.splat, ...op.i32x4.add,
    ...op.get(least), ...op.i32x4.max, ...op.get(most), ...op.i32x4.min, ...op.set(sum),
    ...op.get(sum), ...op.get(sum), ...op.i16x8.narrow, ...op.v128.storeHalf(i * outStrideBytes),
  ];
  const body = [
    [...op.constant(bounds[0]), ...op.i32x4.splat, ...op.set(least), ...op.constant(bounds[1]), ...op.i32x4.splat, ...op.set(most)],
    op.loop(
      sums.flatMap((sum) => [...op.get(constants), ...op.v128.load(0), ...op.set(sum)]),
      Array.from({ length: segments }, (_, k) => segment(k)).flat(),
      [...op.get(constants), ...op.v128.load(16), ...op.set(factor)],
      sums.flatMap(finished),
      step(constants, CONSTANT_BYTES),
      step(y, 2 * QUAD),
      [...op.get(quads), ...op.constant(1), ...op.subtract, ...op.set(quads), ...op.get(quads)],
    ),
  ];
  return { parameters: 5, numbers: 2, vectors: count + 4, body };
}
