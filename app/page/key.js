// The key of a service that has keys. It is asked for when the service wants one, and goes as a header with each request: no other site can
// make a browser send that, as it could a cookie. It stands in no address and in no request that is shown.

import { words } from "./words.js";

const NAME = `kakite-key ${new URL(".", document.baseURI).pathname}`; // as in language.js; others may lie at this host
const form = document.getElementById("sign-in");
const field = document.getElementById("key");
const refusal = document.getElementById("unknown-key");
let key = null;
let asking = null; // the promise of a key, while the reader is asked for one

/** Does something with a place where the browser keeps things; there may be none. */
function each(act) {
  try {
    for (const place of [sessionStorage, localStorage]) act(place);
  } catch {
    // a browser that keeps nothing
  }
}
each((place) => (key ??= place.getItem(NAME)));

export const held = () => key;

/** A key as a header's bytes, UTF-8. */
export const headers = () => (key ? { Authorization: `Bearer ${String.fromCharCode(...new TextEncoder().encode(key))}` } : {});

/** Asks the reader, unless there is another key by now than the one that was refused. */
export async function signIn(refused) {
  if (refused !== key) return;
  asking ??= new Promise((done) => {
    refusal.textContent = key ? words().unknownKey : "";
    document.documentElement.classList.remove("signed-in");
    form.hidden = false;
    field.focus();
    form.onsubmit = (event) => {
      event.preventDefault();
      const given = field.value.trim();
      if (!given) return;
      key = given;
      each((place) => place.removeItem(NAME));
      each((place) => (place === sessionStorage || form.keep.checked) && place.setItem(NAME, key));
      field.value = "";
      form.hidden = true;
      document.documentElement.classList.add("signed-in");
      document.querySelector("nav [aria-current]").focus();
      asking = null;
      dispatchEvent(new Event("signed"));
      done();
    };
  });
  await asking;
}

document.getElementById("sign-out").addEventListener("click", () => {
  each((place) => place.removeItem(NAME));
  location.reload();
});
