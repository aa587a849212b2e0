// Numbers that live: asks for a fragment of the same page every few seconds, and only while
// somebody looks. Without this file the page says the same, as of when it was opened.
const EVERY_MS = 4000;
const places = document.querySelectorAll("[data-live]");

async function refresh(place) {
  const answer = await fetch(place.dataset.live, { headers: { Accept: "text/html" } });
  if (answer.ok) place.innerHTML = await answer.text();
}

function tick() {
  if (document.hidden) return;
  places.forEach((place) => refresh(place).catch(() => {}));
}

if (places.length) setInterval(tick, EVERY_MS);
