// Runs before anything is seen: the page in the reader's language, English or Japanese; and whether he is signed in. The words of both stand side by side in
// index.html; style/paper.css shows those of the root's language.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("language");
    const key = `kakite-key ${new URL(".", document.baseURI).pathname}`;
    if (sessionStorage.getItem(key) ?? localStorage.getItem(key)) document.documentElement.className = "signed-in";
  } catch {
    // a browser that keeps nothing
  }
  const spoken = navigator.languages.find((tag) => /^(en|ja)\b/.test(tag)) ?? "en";
  document.documentElement.lang = chosen === "ja" || chosen === "en" ? chosen : spoken.slice(0, 2);
})();
