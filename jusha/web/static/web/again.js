// Looks whether an order has come further, and shows the page anew only then; without this file
// the page looks again by itself, from a noscript element. Who has just followed a link or pressed
// a button is let go there: showing this page anew would undo what they asked for.
const here = document.querySelector("[data-again]");
const FIRST_MS = 200;
const QUICK_MS = 500;
const QUICK_TIMES = 120;
const SLOW_MS = 5000;
const TIMES_MAX = 400;
const LEAVING_MS = 10000;
let left = -Infinity;

async function look(times) {
  if (!document.hidden) {
    const answer = await fetch(here.dataset.again, { headers: { Accept: "application/json" } });
    const found = answer.ok ? await answer.json() : null;
    if (found && found.state !== here.dataset.state && performance.now() - left > LEAVING_MS) {
      location.replace(location.pathname + location.search.replace(/[?&]look=\d+/, ""));
      return;
    }
  }
  wait(times + 1);
}

function wait(times) {
  if (times > TIMES_MAX) return;
  const quick = times ? QUICK_MS : FIRST_MS;
  const after = times < QUICK_TIMES ? quick : SLOW_MS;
  setTimeout(() => look(times).catch(() => wait(times + 1)), after);
}

if (here) {
  addEventListener("beforeunload", () => {
    left = performance.now();
  });
  wait(0);
}
