// Paper to draw on, with mouse, finger or pen, or to lay a picture on. Lengths are in its sides. Does not know what is read there.

const SENT = 336; // pixels of a side of the picture that is made of it, at most
const WIDTH = 0.055; // of a stroke
const NEAREST = 0.004; // from one point of a stroke to the next
const [SLOW, FAST] = [1.15, 0.75]; // widths of a stroke, drawn slowly and fast
const SPEED = 150; // widths that it loses for a side a millisecond
const EASE = 0.3; // how soon the width follows

const middle = (a, b) => [(a.x + b.x) / 2, (a.y + b.y) / 2];

/** Draws a stroke from its point number `from` on, as curves between the middles of neighbours. */
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

/** All marks on white paper of which a side has `scale` pixels, as seen from a corner. */
function paint(context, marks, scale, left = 0, top = 0) {
  context.setTransform(scale, 0, 0, scale, -left * scale, -top * scale);
  context.fillStyle = "#fff";
  context.fillRect(0, 0, 1, 1);
  Object.assign(context, { fillStyle: "#000", strokeStyle: "#000", lineCap: "round", imageSmoothingQuality: "high" });
  for (const { stroke, picture, x, y, width, height } of marks) {
    if (stroke) trace(context, stroke);
    else context.drawImage(picture, x, y, width, height);
  }
}

/** A canvas as paper. `began()` is told of a stroke's first point, `changed()` of every mark that came or went. */
export function paperOn(canvas, { began, changed }) {
  const context = canvas.getContext("2d");
  const past = []; // the marks before each change
  let marks = []; // { stroke: [{ x, y, width, at }] } or { picture, x, y, width, height }
  let drawing = null; // { stroke, pointer }

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
      const picture = await createImageBitmap(file);
      const longer = Math.max(picture.width, picture.height);
      const [width, height] = [picture.width / longer, picture.height / longer];
      become([{ picture, x: (1 - width) / 2, y: (1 - height) / 2, width, height }]);
    },

    /** What is on it, as a PNG: all of it, or as much as a picture covers. */
    picture() {
      const laid = marks.find(({ picture }) => picture);
      const { x, y, width, height } = laid ?? { x: 0, y: 0, width: 1, height: 1 };
      const scale = laid ? Math.min(SENT, Math.max(laid.picture.width, laid.picture.height)) : SENT;
      const sheet = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
      paint(sheet.getContext("2d"), marks, scale, x, y);
      return sheet.convertToBlob();
    },
  };
}
