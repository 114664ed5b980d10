// The page: which panel is seen, in which language. Each panel is a module that knows its own part of the page and nothing of the others.

import { read } from "./address.js";
import * as bench from "./panels/bench.js";
import * as sheet from "./panels/sheet.js";
import * as swap from "./panels/swap.js";
import * as walk from "./panels/walk.js";
import * as write from "./panels/write.js";
import { held } from "./key.js";
import { keep } from "./memory.js";
import * as own from "./own.js";
import { copy } from "./request.js";
import { latest } from "./service.js";
import { language, words } from "./words.js";

const PANELS = { write, sheet, bench, walk, swap };
const links = [...document.querySelectorAll("nav a")];
const ready = {}; // name -> the promise of a panel that was prepared
let seen = null;
let visits = 0;

async function show() {
  const { panel, fields } = read();
  visits += 1;
  const visit = visits;
  const name = Object.hasOwn(PANELS, panel ?? "") ? panel : "write";
  for (const other of Object.keys(PANELS)) document.getElementById(other).hidden = other !== name;
  if (seen && seen !== name) PANELS[seen].leave?.();
  seen = name;
  for (const link of links) {
    if (link.dataset.panel === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const heading = document.querySelector(`#${name} h2`);
  document.title = `${[...heading.children].find((child) => child.lang === language()).textContent} · Kakite, ${words().title}`;
  document.documentElement.classList.add("ready");
  try {
    await (ready[name] ??= PANELS[name].prepare(fields));
  } catch {
    delete ready[name]; // the reader has been told why, and may come again
    return;
  }
  document.getElementById(name).dataset.ready = "yes";
  if (visit === visits) PANELS[name].enter(fields);
}

/** Links within the page lead to a panel without a new page. */
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-panel]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (link.search === location.search) return;
  history.pushState({ steps: 0 }, "", link.href);
  show();
  if (!link.closest("nav")) {
    scrollTo({ top: 0 });
    document.querySelector(`#${seen} h2`).focus({ preventScroll: true });
  }
});

/** A link carries no key, and cannot tell of a service that is away, so what leads there is then fetched, and saved or seen from here. */
const save = latest(({ content }, { name }) => {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(content) });
  if (name) link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-keyed]");
  if (!link || !(held() || own.anyHere())) return;
  event.preventDefault();
  save({ path: link.href, name: link.download });
});

addEventListener("popstate", show);
const idle = globalThis.requestIdleCallback ?? ((act) => setTimeout(act, 1000));
addEventListener("shown", () => idle(() => own.prepare().catch(() => {})), { once: true });
addEventListener("written", ({ detail }) => {
  // A panel that is come back to is as it was left.
  const link = links.find((link) => link.dataset.panel === detail.panel);
  link.href = detail.address;
});

const other = document.getElementById("language");
other.addEventListener("click", () => {
  PANELS[seen].leave?.();
  document.documentElement.lang = language() === "ja" ? "en" : "ja";
  keep("language", language());
  show();
});

for (const button of document.querySelectorAll(".copy-link")) {
  button.addEventListener("click", () => {
    PANELS[seen].leave?.(); // what plays stops, so that the link leads to what is seen
    copy(location.href, button);
  });
}

show();
