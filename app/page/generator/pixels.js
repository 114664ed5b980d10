// From the last layer's numbers to grey levels, by a table of tanh; and from grey levels to a canvas.

export const SIDE = 28; // pixels of a digit
export const LAST_MAX = 2048; // of the last layer's numbers, which lie from -2048 to 2047

// How many of the 4,096 give the grey level 0, 1, ..., 255.
const TANH_WORDS = [
  1251, 141, 66, 43, 33, 26, 22, 19, 16, 15, 14, 12, 11, 10, 10, 9, 9, 8, 7, 8, 7, 6, 7, 6, 6, 5, 6, 5, 5, 5, 5, 5, 4, 5, 4, 4, 4, 4, 4,
  4, 4, 4, 3, 4, 4, 3, 3, 4, 3, 3, 3, 4, 3, 3, 3, 3, 3, 3, 2, 3, 3, 3, 3, 2, 3, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 2, 3, 2, 2, 3, 2, 2,
  3, 2, 2, 2, 3, 2, 2, 2, 2, 3, 2, 2, 2, 2, 2, 2, 2, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3,
  2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 2, 2, 2, 2, 2, 2, 3, 2, 2, 2, 2, 3, 2, 2, 2, 3, 2, 2,
  3, 2, 2, 3, 2, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 3, 2, 3, 3, 3, 3, 2, 3, 3, 3, 3, 3, 3, 4, 3, 3, 3, 4, 3, 3, 4, 4, 3, 4, 4, 4, 4, 4,
  4, 4, 4, 5, 4, 5, 5, 5, 5, 5, 6, 5, 6, 6, 7, 6, 7, 8, 7, 8, 9, 9, 10, 10, 11, 12, 14, 15, 16, 19, 22, 26, 33, 43, 66, 141, 1250,
];

/** TANH[y + 2048] is the grey level of y: 0 is paper, 255 is ink. */
export const TANH = new Uint8Array(2 * LAST_MAX);
let filled = 0;
TANH_WORDS.forEach((words, level) => TANH.fill(level, filled, (filled += words)));

/** Digits [n * 784] side by side, `columns` in a row, as one picture { pixels, width, height }. */
export function sheet(digits, columns) {
  const n = digits.length / SIDE ** 2;
  const [width, height] = [columns * SIDE, Math.ceil(n / columns) * SIDE];
  const pixels = new Uint8Array(width * height);
  for (let i = 0; i < n; i += 1) {
    const corner = Math.floor(i / columns) * SIDE * width + (i % columns) * SIDE;
    for (let y = 0; y < SIDE; y += 1) pixels.set(digits.subarray((i * SIDE + y) * SIDE, (i * SIDE + y + 1) * SIDE), corner + y * width);
  }
  return { pixels, width, height };
}

/** A picture as an ImageData: dark ink on white paper. */
export function inked({ pixels, width, height }) {
  const image = new ImageData(width, height);
  const colours = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i += 1) colours[i] = 0xff000000 | (0x010101 * (255 - pixels[i])); // the same in either order of bytes but for alpha
  return image;
}

/** Draws a picture on a canvas, which takes its size. */
export function drawOn(canvas, picture) {
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d").putImageData(inked(picture), 0, 0);
}
