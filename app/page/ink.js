// From the service's pictures to canvases: a digit, or some of a sheet's.

export const SIDE = 28; // pixels of a digit

/**
 * Draws a part of a picture, in digits from its upper left corner, so that each pixel is a square of `grain` pixels.
 * `text` is what the canvas is called for those who do not see it.
 */
export function draw(canvas, picture, { column = 0, row = 0, columns = 1, rows = 1, grain = 1, text }) {
  const width = columns * SIDE;
  const height = rows * SIDE;
  if (canvas.width !== width * grain || canvas.height !== height * grain) {
    canvas.width = width * grain;
    canvas.height = height * grain;
  }
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(picture, column * SIDE, row * SIDE, width, height, 0, 0, canvas.width, canvas.height);
  if (text) {
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", text);
  } else {
    canvas.setAttribute("aria-hidden", "true");
  }
  canvas.dataset.drawn = Number(canvas.dataset.drawn ?? 0) + 1;
}

/** Draws all of the digits of an answer, `columns` side by side. */
export async function drawSheet(canvas, blob, { columns, rows, grain, text }) {
  const picture = await createImageBitmap(blob);
  draw(canvas, picture, { columns, rows, grain, text });
  picture.close();
}

/** Shows a picture in an <img>, with `text` as what it is called. */
export async function showPicture(image, blob, text) {
  const before = image.src;
  image.src = URL.createObjectURL(blob);
  image.alt = text;
  await image.decode().catch(() => {});
  URL.revokeObjectURL(before);
}
