// Looks whether the log still holds what it once proved to this browser: the newest witnessed
// checkpoint, that it continues the one seen before, and each kept receipt under its root. What
// cannot be fetched is no finding; what was fetched is believed only as far as it proves itself.
import {
  CannotCheck, Malformed, NotProven, canonicalJson, checkReceipt, decode64, encode64, hex, join,
  parseKey, parsePolicy, same, sha256, utf8, verifyCheckpoint,
} from "./check.js";
import { addTrouble, update } from "./store.js";
import { TilesUnfit, Tree, difference } from "./tree.js";

const LOG = "/log/";
const LONGEST_MS = 20000;
const OLDER_TRIED = 3;
/** Reasons of a file that is no signature at all, as a network's own sign-in page is none. */
const UNREADABLE = new Set(["checkpoint-malformed", "file"]);

/** The log did not answer; nothing follows from that. */
class Unreachable extends Error {}

/** Something is wrong with the log, with what shows it. */
class Trouble extends Error {
  constructor(kind, facts) {
    super(kind);
    this.facts = { kind, ...facts };
  }
}

/** A file of the log, null where it has none. `cache` as for fetch. */
async function file(name, cache = "default") {
  let answer;
  try {
    answer = await fetch(LOG + name, {
      cache, credentials: "omit", signal: AbortSignal.timeout(LONGEST_MS),
    });
    if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
  } catch {
    throw new Unreachable(name);
  }
  if (answer.status === 404) return null;
  throw new Unreachable(name);
}

// --- whose signatures are believed ---------------------------------------------------------------

const logKeys = (policy) => policy.logs.map((key) => `${key.name}+${key.id}`).sort().join(" ");

/** The published trust policy as a text; of a log without one, its key alone. */
async function publishedPolicy() {
  const found = await file("policy", "no-cache");
  if (found !== null) return new TextDecoder().decode(found);
  const key = await file("vkey", "no-cache");
  if (key === null) throw new Unreachable("vkey");
  const text = new TextDecoder().decode(key).trim();
  parseKey(text);
  return `log ${text}\nquorum none\n`;
}

/** The policies to satisfy: the one this browser believes and, if it changed, the published one. */
async function policies(state) {
  let published;
  try {
    published = await publishedPolicy();
    const text = state.trust ?? published;
    const both = [...new Set([text, published])].map((each) => ({
      text: each, read: parsePolicy(utf8(each)),
    }));
    if (both.length > 1 && logKeys(both[0].read) !== logKeys(both[1].read)) {
      throw new Trouble("key", { older: text, newer: published });
    }
    return both;
  } catch (error) {
    if (error instanceof Malformed || error instanceof CannotCheck) throw new Unreachable("policy");
    throw error;
  }
}

/** The log alone, without witnesses: enough for a receipt that is laid under a newer checkpoint. */
function withoutWitnesses(policy) {
  return { ...policy, quorum: "none" };
}

// --- the newest witnessed checkpoint -------------------------------------------------------------

/** Its size, root and text; null if the policy's quorum has not cosigned it. NotProven. */
async function opened(note, policy) {
  try {
    const found = await verifyCheckpoint(note, policy, () => {}, { browser: false });
    return { size: Number(found.size), root: found.root, note: new TextDecoder().decode(note) };
  } catch (error) {
    if (error instanceof NotProven && error.reason === "no-quorum") return null;
    if (error instanceof NotProven && UNREADABLE.has(error.reason)) throw new Unreachable("note");
    throw error;
  }
}

async function readHead(policy, cache) {
  const note = await file("checkpoint", cache);
  if (note === null) throw new Unreachable("checkpoint");
  const head = await opened(note, policy);
  return head === null ? olderWitnessed(policy) : { ...head, isNewest: true };
}

/** Witnesses may lag: the newest checkpoint that they did cosign, or null. */
async function olderWitnessed(policy) {
  const told = await file("witnesses.json", "no-cache");
  let sizes = [];
  try {
    const rows = JSON.parse(new TextDecoder().decode(told ?? utf8("{}"))).witnesses ?? [];
    sizes = [...new Set(rows.map((row) => row.cosigned_size))].filter(Number.isSafeInteger);
  } catch {
    return null;
  }
  for (const size of sizes.sort((a, b) => b - a).slice(0, OLDER_TRIED)) {
    const note = size > 0 ? await file(`checkpoints/${size}`, "no-cache") : null;
    const head = note === null ? null : await opened(note, policy);
    if (head !== null) return head;
  }
  return null;
}

/** The newest witnessed checkpoint under every policy asked; null if there is none yet. */
async function newest(asked, cache) {
  try {
    let head = null;
    for (const { read } of asked) {
      head = await readHead(read, cache);
      if (head === null) return null;
    }
    return head;
  } catch (error) {
    if (!(error instanceof NotProven)) throw error;
    if (cache !== "reload") return newest(asked, "reload");
    throw new Trouble("unsigned", { detail: `${error.reason} ${error.detail}`.trim() });
  }
}

// --- against what was seen before ----------------------------------------------------------------

function seenBefore(state) {
  if (state.seen === null) return null;
  const { note, size, root, parts } = state.seen;
  return { note, size, root: decode64(root), parts: parts.map((part) => decode64(part)) };
}

function evidence(kind, log, older, newer, more) {
  return {
    format: "jusha-evidence/v1", log, found: `${new Date().toISOString().slice(0, 16)}Z`,
    older: older.note, newer: newer.note, kind, ...more,
  };
}

/** The newest tree, checked to continue the one seen before. Trouble, TilesUnfit, Unreachable. */
async function continued(head, seen, log, cache) {
  const tree = new Tree((path) => file(path, cache), head.size, head.root);
  if (seen === null || seen.size < head.size) {
    const parts = await tree.parts(head.size);
    const other = seen === null ? null : await difference(tree, seen);
    if (other !== null) {
      const shown = evidence(other.kind, log, seen, head, other);
      throw new Trouble("fork", { older: seen.note, newer: head.note, evidence: shown });
    }
    return { tree, parts };
  }
  if (seen.size === head.size && !same(seen.root, head.root)) {
    const shown = evidence("same-size", log, seen, head);
    throw new Trouble("fork", { older: seen.note, newer: head.note, evidence: shown });
  }
  if (seen.size > head.size) await shrunk(tree, head, seen, log);
  return { tree, parts: await tree.parts(head.size) };
}

/** Tell of a log that shows less than before: of a contradiction if the tiles still prove one. */
async function shrunk(tree, head, seen, log) {
  if (!head.isNewest) throw new Unreachable("a cosigned checkpoint as new as the one seen");
  const parts = await tree.parts(head.size);
  let other = null;
  try {
    other = await difference(new Tree(tree.read, seen.size, seen.root), { ...head, parts });
  } catch (error) {
    if (!(error instanceof TilesUnfit)) throw error;
  }
  const sizes = [seen.size, head.size];
  if (other === null) throw new Trouble("shorter", { older: seen.note, newer: head.note, sizes });
  const shown = evidence(other.kind, log, head, seen, other);
  throw new Trouble("fork", { older: head.note, newer: seen.note, evidence: shown });
}

// --- the receipts --------------------------------------------------------------------------------

/** What one kept receipt comes to under the newest root: {verdict, reason, valid}. */
async function judged(receipt, tree, policy) {
  const digest = hex(sha256(utf8(receipt.text)));
  let own;
  try {
    own = await ownProof(receipt, digest, policy);
  } catch (error) {
    if (!(error instanceof NotProven || error instanceof CannotCheck)) throw error;
    return { verdict: "unproven", reason: error.reason };
  }
  if (own.index >= tree.size) return { verdict: "beyond", valid: own };
  const { hash } = await tree.proven([own.index, own.index + 1]);
  return { verdict: hex(hash) === own.leaf ? "there" : "missing", valid: own };
}

/** Where the receipt's entry stands and its hash; its signatures are computed once a text. */
async function ownProof(receipt, digest, policy) {
  if (receipt.result?.valid?.digest === digest) return receipt.result.valid;
  const proof = await checkReceipt(utf8(receipt.text), withoutWitnesses(policy));
  const leaf = hex(sha256(join(Uint8Array.of(0), utf8(canonicalJson(proof.leaf)))));
  if (Number(proof.index) !== receipt.n) throw new NotProven("number", "number");
  return { digest, leaf, index: Number(proof.index) };
}

/** Judge every receipt that was not yet laid under this root. TilesUnfit, Unreachable. */
async function judgeAll(state, head, tree, policy) {
  const under = `${head.size} ${encode64(head.root)}`;
  const results = new Map();
  for (const receipt of state.receipts) {
    const isNew = receipt.result?.under !== under
      || receipt.result?.valid?.digest !== hex(sha256(utf8(receipt.text)));
    if (isNew) {
      results.set(receipt.n, { ...(await judged(receipt, tree, policy)), under, at: Date.now() });
    }
  }
  return results;
}

// --- one look ------------------------------------------------------------------------------------

/**
 * Look once and keep what was found. Returns "done", "waiting" (no witnessed checkpoint yet),
 * "away" (the log did not answer) or "trouble".
 */
export async function look(state) {
  try {
    try {
      return await lookOnce(state, "default");
    } catch (error) {
      if (!(error instanceof TilesUnfit)) throw error;
      return await lookOnce(state, "reload"); // a cache may hold tiles of another time
    }
  } catch (error) {
    if (error instanceof Unreachable) return "away";
    if (error instanceof TilesUnfit) return noted({ kind: "tiles", detail: error.message });
    if (error instanceof Trouble) return noted(error.facts);
    throw error;
  }
}

function noted(trouble) {
  update((kept) => {
    kept.looked = Date.now();
    addTrouble(kept, trouble);
  });
  return "trouble";
}

async function lookOnce(state, cache) {
  const asked = await policies(state);
  const head = await newest(asked, "no-cache");
  if (head === null) {
    if (asked.length > 1 && (await newest(asked.slice(1), "no-cache")) !== null) {
      throw new Trouble("policy", { older: asked[0].text, newer: asked[1].text });
    }
    return "waiting";
  }
  const log = asked[0].text.match(/^\s*log\s+(\S+)/m)[1];
  const { tree, parts } = await continued(head, seenBefore(state), log, cache);
  const results = await judgeAll(state, head, tree, asked[0].read);
  update((kept) => remember(kept, { head, parts, results, trust: asked.at(-1).text }));
  return [...results.values()].some((each) => each.verdict === "missing") ? "trouble" : "done";
}

function remember(kept, { head, parts, results, trust }) {
  kept.looked = Date.now();
  kept.trust = trust;
  // What a stale copy or a file in the middle of a change can cause is over when it fits again.
  kept.troubles = kept.troubles.filter(
    (each) => !["shorter", "tiles", "unsigned", "policy"].includes(each.kind));
  if (!(kept.seen?.size > head.size)) {
    kept.seen = {
      note: head.note, size: head.size, root: encode64(head.root), parts: parts.map(encode64),
      at: Date.now(),
    };
  }
  for (const receipt of kept.receipts) {
    const result = results.get(receipt.n);
    if (result === undefined) continue;
    receipt.result = result;
    if (result.verdict === "missing") {
      addTrouble(kept, { kind: "missing", n: receipt.n, older: receipt.text, newer: head.note });
    }
  }
}
