// A sheet of paper to draw on, with mouse, finger or pen, or to lay a picture on. Lengths are in sides of the sheet. Knows nothing of
// what is read there.

const SIDE_SENT = 336; // pixels of the picture that is made of it, at most
const SIDE_KEPT = 1024; // pixels of a picture laid on it, at most
const WIDTH = 0.055; // of a stroke
const NEAREST = 0.004; // from one point of a stroke to the next
const SPEED = 150; // how much of its width a stroke loses for a side a millisecond
const SLOW = 1.15; // widths of a stroke drawn slowly,
const FAST = 0.75; // and fast
const EASE = 0.3; // how soon the width follows

const middle = (a, b) => [(a.x + b.x) / 2, (a.y + b.y) / 2];

/** Draws a stroke from its point number `from` on: curves from the middle of two points to the middle of the next two. */
function trace(context, stroke, from = 0) {
  for (let i = from; i < stroke.length; i += 1) {
    const to = stroke[i];
    const by = stroke[i - 1] ?? to;
    context.beginPath();
    if (i === 0) {
      context.arc(to.x, to.y, to.width / 2, 0, 2 * Math.PI);
      context.fill();
    } else {
      context.lineWidth = (by.width + to.width) / 2;
      context.moveTo(...middle(stroke[i - 2] ?? by, by));
      context.quadraticCurveTo(by.x, by.y, ...middle(by, to));
      context.stroke();
    }
  }
}

/** All marks on white paper. `scale` is how many pixels a side has. */
function paint(context, marks, scale) {
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = "#fff";
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  context.scale(scale, scale);
  Object.assign(context, { fillStyle: "#000", strokeStyle: "#000", lineCap: "round", imageSmoothingQuality: "high" });
  for (const { stroke, picture, x, y, width, height } of marks) {
    if (stroke) trace(context, stroke);
    else context.drawImage(picture, x, y, width, height);
  }
}

/** The paper of a canvas. `began()` is told of a stroke's first point, `changed()` of every mark that came or went. */
export function paperOn(canvas, { began, changed }) {
  const context = canvas.getContext("2d");
  const past = []; // the marks before each change
  let marks = []; // { stroke: [{ x, y, width, at }] } or { picture, x, y, width, height }, the first below the others
  let drawing = null; // the stroke that is being drawn, and its pointer

  function show() {
    const side = Math.round(canvas.clientWidth * devicePixelRatio);
    if (!side) return;
    if (canvas.width !== side) canvas.width = canvas.height = side;
    paint(context, marks, side);
    canvas.classList.toggle("ink", !marks.some(({ picture }) => picture)); // a picture keeps its own colours
    canvas.dataset.drawn = Number(canvas.dataset.drawn ?? 0) + 1;
  }

  function become(next) {
    past.push(marks);
    marks = next;
    show();
    changed();
  }

  function add(event) {
    const { stroke } = drawing;
    const box = canvas.getBoundingClientRect();
    const point = { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height, at: event.timeStamp };
    const last = stroke.at(-1);
    const way = last ? Math.hypot(point.x - last.x, point.y - last.y) : 0;
    if (last && way < NEAREST) return;
    const speed = last ? way / Math.max(point.at - last.at, 1) : 0;
    const wanted = event.pointerType === "pen" && event.pressure ? 0.5 + event.pressure : Math.max(FAST, SLOW - SPEED * speed);
    point.width = last ? last.width + EASE * (WIDTH * wanted - last.width) : WIDTH * Math.min(wanted, 1);
    stroke.push(point);
    trace(context, stroke, stroke.length - 1);
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button || drawing) return;
    canvas.setPointerCapture(event.pointerId);
    drawing = { stroke: [], pointer: event.pointerId };
    add(event);
    began();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (drawing?.pointer !== event.pointerId) return;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const one of all.length ? all : [event]) add(one);
  });
  canvas.addEventListener("lostpointercapture", (event) => {
    if (drawing?.pointer !== event.pointerId) return;
    const { stroke } = drawing;
    drawing = null;
    become([...marks, { stroke: [...stroke, stroke.at(-1)] }]); // so that the last curve ends where the pointer did
  });
  new ResizeObserver(() => drawing || show()).observe(canvas);

  return {
    blank: () => !marks.length,
    undoable: () => past.length > 0,
    undo() {
      marks = past.pop() ?? [];
      show();
      changed();
    },
    clear: () => marks.length && become([]),

    /** Lays the picture of a file on it, in place of all that is there. Fails if it is none. */
    async lay(file) {
      let picture = await createImageBitmap(file);
      const longer = Math.max(picture.width, picture.height);
      if (longer > SIDE_KEPT) {
        const resizeWidth = Math.max(1, Math.round((picture.width * SIDE_KEPT) / longer));
        picture = await createImageBitmap(picture, { resizeWidth, resizeQuality: "high" });
      }
      const [width, height] = [picture.width / longer, picture.height / longer].map((side) => side * Math.max(1, longer / SIDE_KEPT));
      become([{ picture, x: (1 - width) / 2, y: (1 - height) / 2, width, height }]);
    },

    /** What is on it, as a PNG: the whole sheet, or as much of it as a picture covers. */
    picture() {
      const laid = marks.find(({ picture }) => picture);
      const { x, y, width, height } = laid ?? { x: 0, y: 0, width: 1, height: 1 };
      const scale = laid ? Math.min(SIDE_SENT, Math.max(laid.picture.width, laid.picture.height)) : SIDE_SENT;
      const sheet = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
      const moved = marks.map((mark) =>
        mark.stroke ? { stroke: mark.stroke.map((point) => ({ ...point, x: point.x - x, y: point.y - y })) } : { ...mark, x: 0, y: 0 },
      );
      paint(sheet.getContext("2d"), moved, scale);
      return sheet.convertToBlob();
    },
  };
}
