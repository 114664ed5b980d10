// Steps through sheets of 64 seeds; the sheet's first seed lives in the address, so that reload and back work.
const N = 64;
const place = (id) => document.getElementById(id);

function firstSeed() {
  const seed = Number(new URLSearchParams(location.search).get("seed"));
  return Number.isSafeInteger(seed) && seed >= 0 ? Math.min(seed, Number.MAX_SAFE_INTEGER - N + 1) : 0;
}

function show() {
  const seed = firstSeed();
  place("sheet").src = `/grid?n=${N}&seed=${seed}&scale=3`;
  place("first").value = seed;
  place("last").value = seed + N - 1;
  place("url").textContent = `${location.origin}/grid?n=${N}&seed=${seed}&scale=3`;
  place("back").disabled = seed === 0;
}

function go(step) {
  history.pushState(null, "", `?seed=${Math.max(0, firstSeed() + step)}`);
  show();
}

place("back").addEventListener("click", () => go(-N));
place("next").addEventListener("click", () => go(N));
addEventListener("popstate", show);
show();
