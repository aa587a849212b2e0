// Looks whether an order has come further, and shows the page anew only then; without this file
// the page looks again by itself, from a noscript element.
const here = document.querySelector("[data-again]");

async function look(times) {
  if (!document.hidden) {
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    const state = found.querySelector("[data-state]");
    if (answer.ok && state && state.dataset.state !== here.dataset.state) {
      location.replace(location.pathname);
      return;
    }
  }
  wait(times + 1);
}

function wait(times) {
  if (times > 200) return;
  setTimeout(() => look(times).catch(() => wait(times + 1)), 1500 + Math.min(times, 20) * 400);
}

if (here) wait(0);
