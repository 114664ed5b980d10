// What the browser keeps of the reader's choices, if it keeps anything. language.js, which comes before all modules, reads its own.

export function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // a browser that keeps nothing
  }
}
