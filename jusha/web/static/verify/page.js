// What the visitor sees and does. Nothing leaves the page: its policy forbids every request.
"use strict";

const SLOW_MS = 200;
const WORDS = JSON.parse(document.getElementById("words").textContent);
const BUILT_IN = JSON.parse(document.getElementById("built-in").textContent);
const byId = (id) => document.getElementById(id);

/** What is shown now, so that another language or key can show it again. */
const now = { language: "zh-Hans", name: "", data: null, outcome: null, run: 0 };

// --- words ---------------------------------------------------------------------------------------

function fill(text, facts = {}) {
  return text.replace(/%\((\w+)\)s/g, (_, name) => show(facts[name]));
}

function say(group, name, facts) {
  const text = WORDS[now.language][group][name];
  return text === undefined ? "" : fill(text, facts);
}

/** Text safe to show: nothing invisible that could turn text around, and not endless. */
function show(value) {
  if (!["string", "number", "bigint"].includes(typeof value)) return "?";
  return visible([...String(value)].slice(0, 200).join(""));
}

function visible(text) {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, "\ufffd");
}

function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

const SIGNS = { CNY: "¥", USD: "US$", HKD: "HK$" };

/** An amount as {sign, whole, part}; other units than money keep their code. */
function amountParts(amount, currency) {
  if (!Number.isSafeInteger(amount) || amount < 0) return { sign: "", whole: "?", part: "" };
  if (!Object.hasOwn(SIGNS, currency)) {
    return { sign: "", whole: grouped(amount), part: ` ${show(currency)}` };
  }
  const part = `.${String(amount % 100).padStart(2, "0")}`;
  return { sign: SIGNS[currency], whole: grouped(Math.floor(amount / 100)), part };
}

/** An amount inside a sentence, as the site writes it. */
function money(amount, currency) {
  const { whole, part } = amountParts(amount, currency);
  const number = whole + (part === ".00" ? "" : part);
  if (currency === "CNY") return fill(WORDS[now.language].why.yuan, { amount: number });
  return Object.hasOwn(SIGNS, currency) ? `${number} ${currency}` : number;
}

/** The one sentence that says why a gift was matched so, or not. */
function whyMatched(match, currency) {
  const { matched, nothing, claimed } = WORDS[now.language].why;
  const by = show(match.by);
  if (match.c) return fill(claimed[by === "rule" ? by : "bound"], { claim: money(match.c, currency) });
  const text = match.amt ? matched[by] : nothing[by];
  return text === undefined ? by : fill(text, { matched: money(match.amt, currency) });
}

/** A leaf's minute in Beijing time, which has been eight hours before UTC in every year since 1991. */
function beijing(minute) {
  const found = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)Z$/.exec(minute);
  const at = found ? Date.parse(`${found[1]}:00Z`) : NaN;
  if (Number.isNaN(at)) return show(minute);
  const text = new Date(at + 8 * 3600000).toISOString().slice(0, 16).replace("T", " ");
  return say("page", "beijing", { at: text });
}

function utcSeconds(seconds) {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime())
    ? String(seconds) : `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

function refusalText({ verdict, reason, facts }) {
  return say("page", verdict, { why: say("reasons", reason, facts) });
}

// --- building ------------------------------------------------------------------------------------

/** An element. Texts become text, never markup. */
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

function amountElement(amount, currency) {
  const { sign, whole, part } = amountParts(amount, currency);
  return make("span", { class: "amount" },
    make("span", { class: "amount-sign" }, sign), whole,
    make("span", { class: "amount-part" }, part));
}

function fact(name, value) {
  return make("div", {}, make("dt", {}, name), make("dd", {}, value));
}

/** A seal is Chinese in every language, in the reader's characters. */
function stampLanguage() {
  return now.language === "zh-Hant" ? "zh-Hant" : "zh-Hans";
}

function verdictElement(outcome) {
  const { verdict } = outcome;
  const words = verdict === "proven" ? say("page", "proven") : refusalText(outcome);
  const more = verdict === "proven" ? "" : say("meanings", outcome.reason, outcome.facts);
  return make("div", { class: `seal verdict is-${verdict}` },
    make("span", { class: "seal-stamp", "aria-hidden": "true", lang: stampLanguage() },
      say("stamps", verdict)),
    make("div", {},
      now.name ? make("p", { class: "quiet verdict-name" }, show(now.name)) : null,
      make("h2", { class: "verdict-words" }, words),
      more ? make("p", { class: "verdict-more" }, more) : null,
      outcome.detail ? make("p", { class: "quiet" }, `${say("page", "detail")}: `,
        make("code", {}, outcome.detail)) : null));
}

function stepElement(step, { state, facts }) {
  const word = { passed: step, absent: `${step}_absent`, "not-asked": `${step}_not_asked` }[state];
  const texts = word ? [say("passed", word, facts)]
    : [say("passed", state === "broken" ? "broken" : "not_reached")];
  if (facts.unknown) texts.push(say("passed", "unknown", { n: facts.unknown }));
  return make("li", { class: `step is-${state}` },
    make("p", { class: "step-name" }, say("steps", step)),
    ...texts.map((text) => make("p", { class: "step-facts" }, text)));
}

function witnessElements(witnesses) {
  return [...witnesses].map(([name, at]) =>
    make("p", { class: "step-facts step-witness" }, `${show(name)} · ${utcSeconds(at)}`));
}

function stepsElement({ steps, proven }) {
  const list = make("ol", { class: "steps-done" });
  for (const step of STEPS) {
    const item = stepElement(step, steps.get(step) ?? { state: "not-reached", facts: {} });
    if (step === "witnesses" && proven) item.append(...witnessElements(proven.witnesses));
    if (step === "signature" && proven) {
      item.append(make("p", { class: "step-facts" }, say("page", proven.browser ? "twice" : "once")));
    }
    list.append(item);
  }
  return make("section", {}, make("h3", {}, say("page", "steps")), list);
}

function matchElement(match, currency) {
  if (!isObject(match)) return make("li", {}, show(match));
  const named = say("page", "rule_pool", { rule: match.r, pool: match.pool });
  return make("li", {},
    make("p", { class: "match-sum" }, `${say("page", "match")} `, amountElement(match.amt, currency)),
    match.by === undefined ? null : make("p", {}, whyMatched(match, currency)),
    match.for === undefined ? null : make("p", {}, say("page", "match_for", { n: match.for })),
    make("p", { class: "quiet" }, match.r === undefined ? show(match.pool) : named));
}

function matchesElement(leaf) {
  const matches = Array.isArray(leaf.m) ? leaf.m.filter(isObject) : [];
  if (matches.length === 0) {
    return leaf.k === "don" ? make("p", { class: "quiet" }, say("page", "no_match")) : null;
  }
  return make("ul", { class: "matches" }, ...matches.map((match) => matchElement(match, leaf.cur)));
}

/** What the record says, in words. */
function recordElement({ leaf, index, size, origin }) {
  const kind = Object.hasOwn(WORDS[now.language].kinds, leaf.k) ? say("kinds", leaf.k) : show(leaf.k);
  const plain = [["prj", "project"], ["rd", "campaign"], ["ch", "channel"]];
  const facts = plain.filter(([name]) => name in leaf)
    .map(([name, word]) => fact(say("page", word), show(leaf[name])));
  if ("ref" in leaf) facts.push(fact(say("page", "ref"), say("page", "entry_no", { n: leaf.ref })));
  if ("t" in leaf) facts.push(fact(say("page", "minute"), beijing(leaf.t)));
  const place = { n: grouped(index), size: grouped(size) };
  facts.push(fact(say("page", "place"), say("page", "place_of", place)),
    fact(say("page", "log"), show(origin)));
  return make("section", { class: "record" },
    make("h3", { class: "visually-hidden" }, say("page", "what")),
    make("p", { class: "deed-kind" }, make("span", { class: `tag tag-${show(leaf.k)}` }, kind)),
    "amt" in leaf ? make("p", { class: "deed-sum" }, amountElement(leaf.amt, leaf.cur)) : null,
    matchesElement(leaf),
    make("dl", { class: "facts facts-list" }, ...facts));
}

function privateElement(secret) {
  const facts = Object.entries(secret).map(([name, value]) => {
    const known = Object.hasOwn(WORDS[now.language].page, `private_${name}`);
    return fact(known ? say("page", `private_${name}`) : show(name),
      typeof value === "string" ? show(value) : visible(canonicalJson(value)));
  });
  return make("details", { class: "plain" },
    make("summary", {}, say("page", "private")),
    make("dl", { class: "facts facts-list" }, ...facts));
}

function limitsElement(proven, policy) {
  const limits = ["limit_money"];
  if (policy.quorum === "none") limits.push("limit_split");
  if (proven.secret === null) limits.push("limit_private");
  return make("section", { class: "limits" }, make("h3", {}, say("page", "limits")),
    make("ul", {}, ...limits.map((name) => make("li", {}, say("page", name)))));
}

function rawElement({ entry }) {
  return make("details", { class: "plain" }, make("summary", {}, say("page", "raw")),
    make("pre", { class: "raw" }, make("code", {}, visible(readUtf8(entry)))));
}

/** What to type to check the very same file with verify.py; its download's name where it has none. */
function command() {
  const index = now.outcome?.proven?.index;
  const name = now.name || `jusha-${index ?? "N"}.tlog-proof`;
  const word = /^[\w.-]+$/.test(name) ? name : `"${show(name).replace(/["\\$`]/g, "\\$&")}"`;
  return `python verify.py ${word} --vkey "${BUILT_IN.vkey}"`;
}

/** Show the outcome; what was there before goes. */
function render() {
  const { outcome } = now;
  byId("command").textContent = command();
  byId("which-file").hidden = Boolean(outcome?.proven || now.name);
  byId("verdict").replaceChildren(...outcome ? [verdictElement(outcome)] : []);
  const sides = [];
  if (outcome?.proven) {
    const { proven, policy } = outcome;
    sides.push([recordElement(proven), proven.secret && privateElement(proven.secret),
      rawElement(proven)]);
    sides.push([stepsElement(outcome), limitsElement(proven, policy)]);
  } else if (outcome?.steps.size) {
    sides.push([stepsElement(outcome)]);
  }
  byId("found").replaceChildren(...sides.map((parts) =>
    make("div", { class: "found-side" }, ...parts.filter((part) => part))));
  byId("result").hidden = !outcome;
}

// --- checking ------------------------------------------------------------------------------------

/** The trust that the visitor gave: a policy file, a key alone, or nothing (the built-in one). */
function trusted() {
  const given = byId("trust").value.trim();
  if (given === "") return BUILT_IN.policy || `log ${BUILT_IN.vkey}\nquorum none\n`;
  return /^\S+$/.test(given) ? `log ${given}\nquorum none\n` : `${given}\n`;
}

/** Judge a proof file under a policy's text: an outcome to show, never an exception. */
async function judge(data, trust) {
  const outcome = { verdict: "unable", steps: new Map(), facts: {}, detail: "" };
  const tell = async (step, state, facts) => {
    outcome.steps.set(step, { state, facts });
    await breathe();
  };
  try {
    outcome.policy = parsePolicy(utf8(trust));
    outcome.proven = await checkReceipt(data, outcome.policy, tell);
    outcome.verdict = "proven";
  } catch (error) {
    if (!(error instanceof NotProven || error instanceof CannotCheck)) throw error;
    const { reason, facts, detail, step } = error;
    Object.assign(outcome, { reason, facts, detail });
    if (step) {
      outcome.verdict = "refused";
      outcome.steps.set(step, { state: "broken", facts: {} });
    }
  }
  return outcome;
}

/** Check the newest input. Only the last of several that overlap is shown. */
async function check() {
  if (now.data === null) return;
  now.run += 1;
  const { run } = now;
  const slow = setTimeout(() => { byId("busy").hidden = false; }, SLOW_MS);
  byId("result").setAttribute("aria-busy", "true");
  const outcome = await judge(now.data, trusted());
  clearTimeout(slow);
  if (run !== now.run) return;
  byId("busy").hidden = true;
  byId("result").removeAttribute("aria-busy");
  now.outcome = outcome;
  render();
  byId("result").scrollIntoView({ block: "start", behavior: "auto" });
}

function checkBytes(data, name = "") {
  Object.assign(now, { data, name });
  return check();
}

/** A pasted proof: blank lines around it are not its own, its last newline is. */
function checkText(text) {
  return checkBytes(utf8(`${text.trim()}\n`));
}

async function checkFile(file) {
  try {
    const data = await file.slice(0, MAX_FILE_BYTES + 1).arrayBuffer();
    await checkBytes(new Uint8Array(data), file.name);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // the file is gone, or may not be read
    now.outcome = { verdict: "unable", reason: "unreadable", steps: new Map(), facts: {} };
    render();
  }
}

/** A proof in the address, behind #proof=, in base64url: servers never see that part. */
function checkAddress() {
  const found = /^#proof=([A-Za-z0-9_-]+)$/.exec(location.hash);
  if (!found) return;
  const text = found[1].replaceAll("-", "+").replaceAll("_", "/");
  const padding = "=".repeat((4 - (text.length % 4)) % 4);
  let bytes = new Uint8Array(); // what cannot be read proves nothing
  try {
    bytes = decode64(text + padding);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
  }
  checkBytes(bytes);
}

// --- the page itself -----------------------------------------------------------------------------

function speak(language) {
  now.language = language;
  document.documentElement.lang = language;
  for (const place of document.querySelectorAll("[data-word]")) {
    place.textContent = say("page", place.dataset.word);
  }
  document.title = `${say("page", "title")} · ${say("page", "brand")}`;
  for (const button of document.querySelectorAll("[data-language]")) {
    button.hidden = button.dataset.language === language;
  }
  render();
}

function firstLanguage() {
  const chosen = /(?:^|; )django_language=([\w-]+)/.exec(document.cookie)?.[1] ?? navigator.language;
  if (!/^zh\b/i.test(chosen)) return "en";
  return /hant|tw|hk|mo/i.test(chosen) ? "zh-Hant" : "zh-Hans";
}

function listen() {
  const file = byId("file");
  file.addEventListener("change", () => {
    if (file.files.length) checkFile(file.files[0]);
    file.value = ""; // the same file, downloaded anew, may be chosen again
  });
  byId("paste-form").addEventListener("submit", (event) => {
    event.preventDefault();
    checkText(byId("pasted").value);
  });
  byId("trust").addEventListener("change", check);
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => speak(button.dataset.language));
  }
  addEventListener("hashchange", checkAddress);
  addEventListener("dragover", (event) => {
    event.preventDefault();
    byId("drop").classList.add("is-over");
  });
  addEventListener("dragleave", () => byId("drop").classList.remove("is-over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    byId("drop").classList.remove("is-over");
    take(event.dataTransfer);
  });
  addEventListener("paste", (event) => {
    if (!/^(?:TEXTAREA|INPUT)$/.test(event.target.tagName)) take(event.clipboardData);
  });
}

/** Something dropped or pasted onto the page: a file, else text. */
function take(transfer) {
  if (transfer.files.length) checkFile(transfer.files[0]);
  else if (transfer.getData("text/plain")) checkText(transfer.getData("text/plain"));
}

/** A page saved with a result in it begins anew; addresses that a saved file lacks are hidden. */
function begin() {
  for (const area of document.querySelectorAll("textarea")) area.value = "";
  for (const link of document.querySelectorAll("a[data-online]")) {
    link.hidden = link.protocol === "file:";
  }
  // As a rule of the style sheet and not as an attribute: a saved copy must not hide the notice.
  const [style] = document.styleSheets;
  style.insertRule(".no-script { display: none }", style.cssRules.length);
  listen();
  speak(firstLanguage());
  checkAddress();
}

begin();
