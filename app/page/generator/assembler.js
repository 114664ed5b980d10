// A small assembler of WebAssembly: enough for functions of whole numbers without results. Knows nothing of generators.
// The bytes are those of https://webassembly.github.io/spec/core/binary/

/** A whole number in LEB128, unsigned. */
function unsigned(number) {
  const bytes = [];
  for (; number > 127; number >>>= 7) bytes.push((number & 127) | 128);
  return [...bytes, number];
}

/** The same, signed. */
function signed(number) {
  const bytes = [];
  for (; number < -64 || number > 63; number >>= 7) bytes.push((number & 127) | 128);
  return [...bytes, number & 127];
}

const I32 = 0x7f;
const V128 = 0x7b;
const simd = (code, ...rest) => [0xfd, ...unsigned(code), ...rest];
const at = (offset) => [0, ...unsigned(offset)]; // where in memory, from an address on; 0: no alignment is promised

/** Instructions, named as in the text format. */
export const op = {
  get: (local) => [0x20, ...unsigned(local)],
  set: (local) => [0x21, ...unsigned(local)],
  constant: (number) => [0x41, ...signed(number)],
  add: [0x6a],
  subtract: [0x6b],
  notEqual: [0x47],
  /** What is done again as long as the number that it leaves is not 0. */
  loop: (...body) => [0x03, 0x40, ...body.flat(), 0x0d, 0, 0x0b],
  v128: {
    load: (offset) => simd(0x00, ...at(offset)),
    load8x8: (offset) => simd(0x01, ...at(offset)), // eight signed bytes, as 16 bits each
    load32Splat: (offset) => simd(0x09, ...at(offset)), // 32 bits, four times
    storeHalf: (offset) => simd(0x5b, ...at(offset), 0), // the lower 64 bits
  },
  i32x4: {
    splat: simd(0x11),
    add: simd(0xae),
    min: simd(0xb6),
    max: simd(0xb8),
    dot: simd(0xba), // of 16 bits: lane i is the sum of the products 2 i and 2 i + 1
    truncated: simd(0xf8),
  },
  i16x8: { narrow: simd(0x85) }, // of four and four numbers of 32 bits
  f32x4: {
    splat: simd(0x13),
    nearest: simd(0x6a), // a half to the even one
    multiply: simd(0xe6),
    max: simd(0xeb),
    converted: simd(0xfa),
  },
  f32: (number) => [0x43, ...new Uint8Array(Float32Array.of(number).buffer)],
};

const section = (id, content) => [id, ...unsigned(content.length), ...content];
const list = (items) => [...unsigned(items.length), ...items.flat()];
const text = (name) => list([...name].map((letter) => [letter.charCodeAt(0)]));

/**
 * A module of functions f0, f1, ... and its `memory` of so many pages of 64 KiB. A function is { parameters, numbers, vectors, body }: how
 * many parameters and further locals of i32 it has, then how many of v128, and its instructions.
 */
export function assembled(functions, pages) {
  const types = functions.map(({ parameters }) => [0x60, ...list(Array(parameters).fill([I32])), 0]);
  const names = [...functions.map((_, i) => [...text(`f${i}`), 0, ...unsigned(i)]), [...text("memory"), 2, 0]];
  const bodies = functions.map(({ numbers, vectors, body }) => {
    const code = [...list([[...unsigned(numbers), I32], [...unsigned(vectors), V128]]), ...body.flat(), 0x0b];
    return [...unsigned(code.length), ...code];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(types)),
    ...section(3, list(functions.map((_, i) => unsigned(i)))),
    ...section(5, [1, 0, ...unsigned(pages)]),
    ...section(7, list(names)),
    ...section(10, list(bodies)),
  ]);
}
