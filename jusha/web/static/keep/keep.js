// On every page: keeps the receipt of a gift that was just proven, shows what an earlier check
// found wrong and, when the browser has nothing else to do, lets it check what it keeps.
import { keep, load, update } from "./store.js";

const EVERY_MS = 10 * 60 * 1000;
const REPORT = "/kept/report";
const CHINA_MS = 8 * 3600000;

/** Keep the receipt of the gift that this page proves, and say so where it happens. */
async function keepFrom(place) {
  const state = load();
  const number = Number(place.dataset.keep);
  const show = (name) => {
    place.hidden = false;
    place.querySelectorAll("[data-when]").forEach((each) => {
      each.hidden = each.dataset.when !== name;
    });
  };
  if (state === null) return show("refused");
  if (!state.on) return show("off");
  if (!state.receipts.some((each) => each.n === number)) {
    const answer = await fetch(`/d/${number}.tlog-proof`, { credentials: "omit" });
    if (!answer.ok || !keep(number, await answer.text())) return show("refused");
  }
  return show("kept");
}

export function showTrouble() {
  const state = load();
  document.querySelectorAll("[data-kept-trouble]").forEach((each) => {
    each.hidden = !state?.troubles.length;
  });
}

function today() {
  return new Date(Date.now() + CHINA_MS).toISOString().slice(0, 10);
}

/** Tell the site how many receipts were checked: two numbers, once a receipt and day. */
async function report() {
  const day = today();
  const isDue = (each) => ["there", "missing"].includes(each.result?.verdict) && each.told !== day;
  const due = (load()?.receipts ?? []).filter(isDue);
  if (due.length === 0) return;
  const missing = due.filter((each) => each.result.verdict === "missing").length;
  const answer = await fetch(REPORT, {
    method: "POST", credentials: "omit", keepalive: true,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ checked: due.length, missing }),
  });
  if (!answer.ok) return;
  const told = new Set(due.map((each) => each.n));
  update((state) => state.receipts.forEach((each) => {
    if (told.has(each.n)) each.told = day;
  }));
}

/** Check what is kept, one tab at a time. Returns look's word, or "nothing". */
export async function checkNow() {
  const state = load();
  if (!state?.on || state.receipts.length === 0) return "nothing";
  const { look } = await import("./look.js");
  const word = await look(state);
  showTrouble();
  if (word === "done" || word === "trouble") await report().catch(() => {});
  document.dispatchEvent(new CustomEvent("jusha:kept", { detail: word }));
  return word;
}

function isDue() {
  const state = load();
  if (!state?.on) return false;
  return state.receipts.some((each) => each.result === null) || Date.now() - state.looked > EVERY_MS;
}

function whenIdle(work) {
  if ("requestIdleCallback" in window) requestIdleCallback(work, { timeout: 30000 });
  else setTimeout(work, 3000);
}

async function alone(work) {
  if (!navigator.locks) return work();
  return navigator.locks.request("jusha-kept", { ifAvailable: true }, (lock) => lock && work());
}

async function begin() {
  showTrouble();
  const places = [...document.querySelectorAll("[data-keep]")];
  await Promise.all(places.map((place) => keepFrom(place).catch(() => {})));
  if (isDue()) whenIdle(() => alone(() => isDue() && checkNow()).catch(() => {}));
}

begin();
