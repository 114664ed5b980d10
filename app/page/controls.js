// Controls that several panels have.

import { SEED_MAX, anySeed } from "./address.js";
import { modelsFor } from "./service.js";
import "./stencils.js";
import { words } from "./words.js";

/** Whether a button can be used; one that cannot keeps the focus it has. */
export function enable(button, able) {
  button.setAttribute("aria-disabled", String(!able));
}

/** What a button does, while it can be used. */
export function onClick(button, act) {
  button.addEventListener("click", () => button.getAttribute("aria-disabled") !== "true" && act());
}

/** Arrow keys go from one child to another, up and down too where there are `columns`; Tab comes to one of them, and leaves. */
export function roving(container, columns = null) {
  const steps = { ArrowLeft: -1, ArrowRight: 1, ...(columns && { ArrowUp: -columns, ArrowDown: columns }) };
  container.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    const children = [...container.children];
    const to = children[children.indexOf(event.target) + step];
    if (!to) return;
    event.preventDefault();
    for (const child of children) child.tabIndex = child === to ? 0 : -1;
    to.focus();
  });
}

/** The buttons that go through the seeds, n at a time. `go(seed)` is told where; what it returns tells them where that is. */
export function browse(panel, n, go) {
  const back = panel.querySelector(".back");
  let seed = 0;
  const at = (first) => {
    seed = first;
    enable(back, seed > 0);
  };
  const to = (first) => go(Math.min(Math.max(0, first), SEED_MAX - n + 1));
  onClick(back, () => to(seed - n));
  onClick(panel.querySelector(".forth"), () => to(seed + n));
  onClick(panel.querySelector(".shuffle"), () => to(anySeed()));
  return at;
}

/**
 * The choice of a model in a panel, where there is one; `chosen(model)` is told of the reader's. The function it gives chooses by a name
 * out of an address, and gives the model: the first for a name that none has, null if there is no model. `fit(model)` makes the panel's
 * controls those of another model.
 */
export async function modelChoice(panel, needed, chosen, fit = () => {}) {
  let fitted = null;
  const models = await modelsFor(needed);
  const select = panel.querySelector("[name=model]");
  select.replaceChildren(...models.map(({ name }) => new Option(name)));
  select.parentElement.hidden = models.length < 2;
  const choose = (name) => {
    const model = models.find((one) => one.name === name) ?? models[0] ?? null;
    select.value = model?.name;
    panel.classList.toggle("unlabelled", !model?.labels);
    panel.classList.toggle("named", Boolean(model?.named));
    if (model && model !== fitted) fit(model);
    fitted = model;
    return model;
  };
  select.onchange = () => chosen(choose(select.value));
  return choose;
}

/** A radio button for each label of a model, in place of those before, around what `made(label)` gives. */
export function labelRadios(fieldset, group, { names }, made) {
  for (const before of fieldset.querySelectorAll("label:has([value]:not([value='']))")) before.remove();
  return names.map((_, value) => {
    const radio = Object.assign(document.createElement("input"), { type: "radio", name: group, value });
    const label = document.createElement("label");
    label.append(radio, ...made(value));
    fieldset.append(label);
    return radio;
  });
}

/** A button that plays until it is pressed again, or `step()` returns false. `stop()` does what it says; `stopped` is told of it. */
export function player(button, { step, ms, stopped }) {
  let timer = 0;
  const stop = () => {
    if (timer) stopped();
    clearInterval(timer);
    timer = 0;
    button.textContent = words().play;
  };
  button.addEventListener("click", () => {
    if (timer) return stop();
    button.textContent = words().pause;
    timer = setInterval(() => step() === false && stop(), ms());
  });
  return { stop };
}
