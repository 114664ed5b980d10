// What is seen lives in the page's address: ?panel=NAME and that panel's fields. So reload, back and a copied link work.

export const SEED_MAX = 2 ** 53 - 1;

/** The panel's name, or null, and its fields as text. */
export function read() {
  const fields = new URLSearchParams(location.search);
  const panel = fields.get("panel");
  fields.delete("panel");
  return { panel, fields: Object.fromEntries(fields) };
}

/** Those fields that have a value. */
export const present = (fields) => Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);

/** The address of a panel with its fields. */
export const addressOf = (panel, fields) => `?${new URLSearchParams([["panel", panel], ...present(fields)])}`;

/** Writes the address; as a step, the one before is kept to go back to. */
export function write(panel, fields, { step = false } = {}) {
  const address = addressOf(panel, fields);
  if (address !== location.search) {
    if (step) history.pushState({ steps: steps() + 1 }, "", address);
    else history.replaceState(history.state, "", address);
  }
  dispatchEvent(new CustomEvent("written", { detail: { panel, address } }));
}

/** How many steps of this visit can be undone. */
export const steps = () => history.state?.steps ?? 0;

/** A whole number as it was typed, or out of an address, kept to `most`; or what stands in for one that is none. */
export function whole(text, least, most, otherwise) {
  const plain = (text ?? "").normalize("NFKC").trim();
  const number = /^\d{1,16}$/.test(plain) ? Number(plain) : NaN;
  return number >= least ? Math.min(number, most) : otherwise;
}

/** A number out of an address, kept within bounds. */
export function number(text, least, most, otherwise) {
  const read = /^-?\d{1,3}(\.\d{1,4})?$/.test(text ?? "") ? Number(text) : NaN;
  return Number.isNaN(read) ? otherwise : Math.min(most, Math.max(least, read));
}

/** A seed short enough to be told to somebody. */
export const anySeed = () => crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000;
