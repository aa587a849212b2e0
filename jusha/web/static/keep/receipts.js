// The page of the receipts that this browser keeps: shown, checked, downloaded, deleted.
import { checkNow, showTrouble } from "./keep.js";
import { keep, load, update } from "./store.js";

const byId = (id) => document.getElementById(id);

/** A copy of a template of this page, its [data-fill] places filled with texts. */
function piece(name, facts) {
  const copy = byId(name).content.firstElementChild.cloneNode(true);
  for (const place of copy.querySelectorAll("[data-fill]")) {
    place.textContent = facts[place.dataset.fill] ?? "";
  }
  return copy;
}

function choose(element, attribute, value) {
  for (const each of element.querySelectorAll(`[data-${attribute}]`)) {
    each.hidden = !each.dataset[attribute].split(" ").includes(value);
  }
}

function when(ms) {
  const at = new Date(ms + 8 * 3600000).toISOString();
  return `${at.slice(0, 10)} ${at.slice(11, 19)}`;
}

function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

function save(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function onClick(element, name, act) {
  const button = element.querySelector(`[data-do="${name}"]`);
  if (button) button.addEventListener("click", act);
  return button;
}

function change(work) {
  update(work);
  show();
}

function receiptItem(receipt) {
  const { result } = receipt;
  const item = piece("receipt-item", {
    n: grouped(receipt.n), kept: when(receipt.kept), at: result ? when(result.at) : "",
    size: result ? grouped(result.under.split(" ")[0]) : "", reason: result?.reason ?? "",
  });
  choose(item, "verdict", result?.verdict ?? "new");
  item.dataset.state = result?.verdict ?? "new";
  item.querySelector("[data-link]").href = `/d/${receipt.n}`;
  onClick(item, "download", () => save(`jusha-${receipt.n}.tlog-proof`, receipt.text));
  onClick(item, "delete", () => change((state) => {
    state.receipts = state.receipts.filter((each) => each.n !== receipt.n);
  }));
  return item;
}

/** Send evidence that proves itself to the site, which checks it and shows it to everyone. */
async function hand(trouble, item) {
  let word = "unsent";
  try {
    const answer = await fetch("/kept/evidence", {
      method: "POST", credentials: "omit", headers: { "Content-Type": "application/json" },
      body: JSON.stringify(trouble.evidence),
    });
    if (answer.ok) word = "sent";
    else if (answer.status === 422) word = "refused";
  } catch {
    word = "unsent";
  }
  choose(item, "sent", word);
}

function troubleItem(trouble) {
  const [before, now] = trouble.sizes ?? ["", ""];
  const item = piece("trouble-item", {
    at: when(trouble.at), n: grouped(trouble.n ?? ""), detail: trouble.detail ?? "",
    before: grouped(before), now: grouped(now),
  });
  choose(item, "kind", trouble.kind);
  choose(item, "sent", "");
  const saveAs = (name, text) => () => save(name, text);
  const has = {
    older: trouble.older, newer: trouble.newer,
    evidence: trouble.evidence && JSON.stringify(trouble.evidence, null, 1),
  };
  for (const [name, text] of Object.entries(has)) {
    const button = onClick(item, name, saveAs(`jusha-${name}.${name === "evidence" ? "json" : "txt"}`, text));
    button.hidden = !text;
  }
  onClick(item, "send", () => hand(trouble, item)).hidden = !trouble.evidence;
  onClick(item, "believe", () => change((state) => {
    if (trouble.kind === "key") { // another key's log is another log
      state.seen = null;
      state.receipts.forEach((each) => { each.result = null; });
    }
    state.trust = trouble.newer;
    state.troubles = state.troubles.filter((each) => each.at !== trouble.at);
  })).hidden = !["key", "policy"].includes(trouble.kind);
  onClick(item, "close", () => change((state) => {
    state.troubles = state.troubles.filter((each) => each.at !== trouble.at);
  }));
  return item;
}

function show() {
  const state = load();
  choose(document.body, "page", state === null ? "refused" : "works");
  if (state === null) return;
  byId("receipts").replaceChildren(...state.receipts.map(receiptItem));
  byId("troubles").replaceChildren(...state.troubles.map(troubleItem));
  byId("trouble").hidden = state.troubles.length === 0;
  byId("some").hidden = state.receipts.length === 0;
  byId("none").hidden = state.receipts.length > 0;
  byId("keeping").checked = state.on;
  const seen = byId("seen");
  seen.hidden = state.seen === null;
  if (state.seen) {
    seen.querySelector("[data-fill=size]").textContent = grouped(state.seen.size);
    seen.querySelector("[data-fill=at]").textContent = when(state.seen.at);
  }
  showTrouble();
}

async function check() {
  choose(byId("checking"), "word", "busy");
  let word = "away";
  try {
    word = await checkNow();
  } finally {
    choose(byId("checking"), "word", word);
    show();
  }
}

/** Keep a proof file that the visitor chose, if it looks like one; the check judges it. */
async function add(file) {
  const text = file.size < 1000000 ? await file.text() : "";
  const found = /^c2sp\.org\/tlog-proof@v1\n(?:extra .*\n)?index (0|[1-9][0-9]{0,14})\n/.exec(text);
  byId("not-a-proof").hidden = found !== null;
  if (found) keep(Number(found[1]), text);
  show();
}

byId("keeping").addEventListener("change", (event) => change((state) => {
  state.on = event.target.checked;
}));
byId("delete-all").addEventListener("click", () => change((state) => {
  state.receipts = [];
}));
byId("download-all").addEventListener("click", () => {
  for (const each of load().receipts) save(`jusha-${each.n}.tlog-proof`, each.text);
});
byId("check").addEventListener("click", check);
byId("add").addEventListener("change", (event) => event.target.files[0] && add(event.target.files[0]));
document.addEventListener("jusha:kept", show);
show();
