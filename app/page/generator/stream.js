// The stream: what a seed draws, z and label and the hand of a line. Philox4x64-10 (Salmon et al. 2011) in pieces of 32 bits, then a
// table of the normal distribution. Knows no network.

export const SEED_MAX = 2 ** 53 - 1;
export const STEPS = 32; // of z's grid, a standard deviation
export const LIMIT = 127; // of |z|, in steps

const TWO_32 = 2 ** 32;
const BLOCK_LANES = 16; // numbers of 16 bits in a block
const ROUNDS = 10;

// Of 65,536 numbers of 16 bits, how many give z = 0, 1, ..., 127 steps; as many give -1, ..., -127.
const WORDS_A_STEP = [
  818, 816, 816, 813, 811, 807, 802, 798, 792, 785, 778, 771, 761, 752, 743, 732, 721, 709, 698, 685, 672, 658, 646, 631, 616, 602, 588,
  572, 557, 542, 527, 511, 495, 480, 465, 449, 434, 419, 403, 389, 374, 360, 345, 331, 318, 304, 291, 278, 265, 253, 241, 229, 219, 207,
  197, 186, 177, 167, 158, 149, 141, 133, 125, 118, 110, 104, 98, 91, 85, 80, 75, 70, 65, 60, 57, 52, 49, 45, 42, 39, 36, 33, 30, 29, 26,
  24, 22, 20, 19, 17, 16, 14, 13, 12, 11, 10, 9, 8, 8, 7, 6, 5, 5, 5, 4, 4, 3, 3, 3, 3, 2, 2, 2, 1, 2, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0,
  3,
];
const NORMAL = new Int8Array(65536);
let filled = 0;
for (let step = -LIMIT; step <= LIMIT; step += 1) {
  const end = filled + WORDS_A_STEP[Math.abs(step)];
  NORMAL.fill(step, filled, end);
  filled = end;
}

// Philox's constants, each as [low 32 bits, high 32 bits].
const MULTIPLIERS = [[0xe14c6c93, 0xd2e7470e], [0x95121157, 0xca5a8263]];
const WEYL = [[0x7f4a7c15, 0x9e3779b9], [0x84caa73b, 0xbb67ae85]];

/** The upper 32 bits of a product of two numbers of 32 bits. */
function high(a, b) {
  const [a0, a1, b0, b1] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  return a1 * b1 + Math.floor(middle / 65536) + Math.floor((a0 * b1 + (middle & 0xffff)) / 65536);
}

const low = (a, b) => Math.imul(a, b) >>> 0;

/** [x0, x1] times [m0, m1], each of 64 bits: the product's four pieces, the lowest first. */
function product(x0, x1, [m0, m1]) {
  const second = high(x0, m0) + low(x0, m1) + low(x1, m0); // below 2^34
  const third = Math.floor(second / TWO_32) + high(x0, m1) + high(x1, m0) + low(x1, m1);
  return [low(x0, m0), second >>> 0, third >>> 0, (Math.floor(third / TWO_32) + high(x1, m1)) >>> 0];
}

/** The block of a counter whose upper two words are 0: eight pieces of 32 bits, in order. Counters and key as [low, high]. */
export function block([a0, a1], [b0, b1], key) {
  let [c0, c1, d0, d1] = [0, 0, 0, 0];
  let [k0, k1, l0, l1] = [key, 0, 0, 0];
  for (let round = 0; round < ROUNDS; round += 1) {
    const p = product(a0, a1, MULTIPLIERS[0]);
    const q = product(c0, c1, MULTIPLIERS[1]);
    [a0, a1, b0, b1, c0, c1, d0, d1] = [q[2] ^ b0 ^ k0, q[3] ^ b1 ^ k1, q[0], q[1], p[2] ^ d0 ^ l0, p[3] ^ d1 ^ l1, p[0], p[1]];
    [k0, k1] = sum(k0, k1, WEYL[0]);
    [l0, l1] = sum(l0, l1, WEYL[1]);
  }
  return [a0 >>> 0, a1 >>> 0, b0, b1, c0 >>> 0, c1 >>> 0, d0, d1];
}

function sum(x0, x1, [y0, y1]) {
  const first = x0 + y0;
  return [first >>> 0, (x1 + y1 + Math.floor(first / TWO_32)) >>> 0];
}

/** The normal numbers of a block, in steps of 1/32, into `z` from `at` on, as far as it goes. */
function fill(z, at, pieces) {
  for (let i = 0; i < BLOCK_LANES && at + i < z.length; i += 1) {
    z[at + i] = NORMAL[i & 1 ? pieces[i >> 1] >>> 16 : pieces[i >> 1] & 0xffff];
  }
}

const pair = (number) => [number % TWO_32, Math.floor(number / TWO_32)];

/** What a seed draws: z Int8Array [zDim] in steps of 1/32, and its label, 0 where there are no classes. */
export function draw(seed, zDim, classes = 0) {
  const blocks = 1 + Math.ceil(zDim / BLOCK_LANES);
  const [lower, upper] = pair(seed);
  const drawn = (j) => {
    const [first, carried] = pair(lower * blocks + j + 1);
    return block([first, upper * blocks + carried], [0, 0], 0);
  };
  const z = new Int8Array(zDim);
  for (let j = 1; j < blocks; j += 1) fill(z, (j - 1) * BLOCK_LANES, drawn(j));
  return { z, label: Math.floor((drawn(0)[1] * classes) / TWO_32) };
}

/** [n] normal numbers in steps of 1/32, for how a seed sets a line of writing. */
export function hand(seed, n) {
  const numbers = new Int8Array(n);
  for (let j = 0; j * BLOCK_LANES < n; j += 1) fill(numbers, j * BLOCK_LANES, block([j + 1, 0], pair(seed), 1));
  return numbers;
}

/** To the nearest whole number, and a half to the even one. */
export const round = (number) => (Math.abs(number % 1) === 0.5 ? 2 * Math.round(number / 2) : Math.round(number)) + 0; // no -0

/** Numbers of steps, whole or not -> z on its grid, Int8Array. */
export const onGrid = (steps) => Int8Array.from(steps, (step) => Math.max(-LIMIT, Math.min(LIMIT, round(step))));
