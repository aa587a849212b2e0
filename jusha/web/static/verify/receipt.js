// The check itself: proof file (c2sp.org/tlog-proof), record and opening, checkpoint
// (tlog-checkpoint, signed-note, tlog-cosignature), place in the tree (RFC 9162 section 2.1.3.2).
// The same steps in the same order as verify/verify.py, which is the other way to check.
"use strict";

const HASH_BYTES = 32;
const MAX_FILE_BYTES = 1000000;
const MAX_PATH_HASHES = 63;
const MAX_SIGNATURES = 64;
const MAX_ENTRY_BYTES = 65535;
const MAX_DEPTH = 400;
const DASH = "\u2014 ";
const COMMIT_DOMAIN = utf8("jusha-commit/v1\n");
const SIGNATURE_BYTES = new Map([[ED25519, 64], [COSIGN_ED25519, 72], [COSIGN_MLDSA44, 2428]]);
// A deed's number is its place in the log; other entries may count otherwise in `n`.
const DEEDS = new Set(["don", "refund", "repaid", "reverse", "release", "payout", "expense", "goods_in",
  "goods_out", "hours", "railfee"]);

/** What is checked, in the order in which it is. */
const STEPS = ["file", "record", "opening", "checkpoint", "signature", "witnesses", "place",
  "number"];

/** The proof file taken apart and not yet believed: {index, path, extra, note}. */
function parseProof(data) {
  if (data.length > MAX_FILE_BYTES) throw new NotProven("file", "too-large");
  if (data.includes(0x0d)) throw new NotProven("file", "line-ends");
  return reading(() => {
    const split = data.findIndex((byte, at) => byte === 0x0a && data[at + 1] === 0x0a);
    const head = split < 0 ? data : data.subarray(0, split);
    need(head.every((byte) => byte < 0x80), "not ASCII before the checkpoint");
    const lines = readUtf8(head).split("\n");
    need(split >= 0 && lines.shift() === "c2sp.org/tlog-proof@v1", "not a tlog-proof file");
    const extra = lines[0]?.startsWith("extra ") ? decode64(lines.shift().slice(6)) : null;
    need(lines[0]?.startsWith("index "), "no index line");
    const index = decodeNumber(lines.shift().slice(6));
    need(lines.length <= MAX_PATH_HASHES, "more hashes than any tree is high");
    const path = lines.map((line) => decode64(line, HASH_BYTES));
    return { index, path, extra, note: data.subarray(split + 2) };
  }, (detail) => new NotProven("file", "not-whole", {}, detail));
}

// --- the record ----------------------------------------------------------------------------------

/** The RFC 8785 spelling of a value of the log's JSON (no floats, ASCII keys), or Malformed. */
function canonicalJson(value, depth = 0) {
  need(depth <= MAX_DEPTH, "nested too deeply");
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    need(Number.isSafeInteger(value), "a number is no integer, or too large");
    return String(value);
  }
  if (typeof value === "string") {
    need(!/[\ud800-\udfff]/u.test(value), "a lone surrogate");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    return `[${value.map((each) => canonicalJson(each, depth + 1)).join(",")}]`;
  }
  const keys = Object.keys(value).sort();
  need(keys.every((key) => /^[\x00-\x7f]*$/.test(key)), "a key is not ASCII");
  const pairs = keys.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key], depth + 1)}`);
  return `{${pairs.join(",")}}`;
}

/** JSON in its canonical spelling, or Malformed. */
function parseJson(bytes) {
  const text = readUtf8(bytes);
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Malformed("not JSON");
  }
  need(canonicalJson(value) === text, "not canonical JSON");
  return value;
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The record and, from a receipt to keep, its private part with the secret `r`. */
function readReceipt(extra) {
  if (extra === null || extra.length === 0) throw new NotProven("record", "no-record");
  const refuse = (step) => (detail) => new NotProven(step, "record-malformed", {}, detail);
  const value = reading(() => parseJson(extra), refuse("record"));
  reading(() => need(isObject(value) && isObject(value.leaf), "no leaf"), refuse("record"));
  const { leaf } = value;
  const names = Object.keys(value).sort().join(" ");
  if (names === "leaf") return { leaf, secret: null };
  const opening = reading(() => {
    need(names === "leaf private r", "neither a shared nor a private receipt");
    need(isObject(value.private), "the private part is not an object");
    need(typeof value.r === "string" && typeof leaf.cm === "string", "no secret or no commitment");
    return { r: decode64(value.r, 32), commitment: decode64(leaf.cm, HASH_BYTES) };
  }, refuse("opening"));
  const committed = join(COMMIT_DOMAIN, opening.r, utf8(canonicalJson(value.private)));
  if (!same(sha256(committed), opening.commitment)) throw new NotProven("opening", "commitment");
  return { leaf, secret: value.private };
}

// --- the checkpoint ------------------------------------------------------------------------------

/** A note's text, its last newline included, and its signatures. Malformed. */
function splitNote(note) {
  const whole = readUtf8(note);
  need(!/[\x00-\x09\x0b-\x1f]/.test(whole), "control characters");
  const split = whole.lastIndexOf("\n\n");
  const lines = whole.slice(split + 2).split("\n");
  need(split >= 0 && lines.pop() === "", "no signature, or the last line is cut short");
  need(lines.length > 0 && lines.length <= MAX_SIGNATURES, "no signature or too many");
  const signatures = lines.map((line) => {
    need(line.startsWith(DASH), "a signature line does not begin with a dash");
    const parts = line.slice(DASH.length).split(" ");
    need(parts.length === 2 && isName(parts[0]), "a bad key name");
    const blob = decode64(parts[1]);
    return { name: parts[0], id: hex(blob.slice(0, 4)), payload: blob.slice(4) };
  });
  return { text: `${whole.slice(0, split)}\n`, signatures };
}

/** Origin, size and root of a checkpoint's text, or Malformed. */
function readCheckpoint(text) {
  const lines = text.slice(0, -1).split("\n");
  need(lines.every((line) => line !== "") && lines.length >= 3, "not three lines");
  const [origin, size, root] = lines;
  return { origin, size: decodeNumber(size), root: decode64(root, HASH_BYTES) };
}

/** What a cosigner signs: tlog-cosignature, `cosignature/v1` and `subtree/v1`. */
function cosigned(key, stamp, text, { origin, size, root }) {
  if (key.kind === COSIGN_ED25519) return utf8(`cosignature/v1\ntime ${stamp}\n${text}`);
  const u64 = (number) => Uint8Array.from({ length: 8 },
    (_, i) => Number((number >> BigInt(56 - 8 * i)) & 255n));
  const named = (name) => join(Uint8Array.of(utf8(name).length), utf8(name));
  return join(utf8("subtree/v1\n\0"), named(key.name), u64(stamp), named(origin), u64(0n),
    u64(size), root);
}

/** The cosignature's time in seconds (0 for a log's own signature), or NotProven. */
async function verifySignature(key, payload, text, checkpoint, asked) {
  const step = key.kind === ED25519 ? "signature" : "witnesses";
  const refuse = (detail) => new NotProven(step, "bad-signature", { name: key.name }, detail);
  if (payload.length !== SIGNATURE_BYTES.get(key.kind)) throw refuse("wrong length");
  const stamp = key.kind === ED25519 ? 0n : bigEndian(payload.slice(0, 8));
  if (stamp > MAX_NUMBER) throw refuse("a timestamp is out of range");
  const message = key.kind === ED25519 ? utf8(text) : cosigned(key, stamp, text, checkpoint);
  const signature = key.kind === ED25519 ? payload : payload.slice(8);
  let valid;
  try {
    valid = key.kind === COSIGN_MLDSA44
      ? isSignedMldsa44(key.bytes, signature, message)
      : await isSigned(key.bytes, signature, message, asked);
  } catch (error) {
    if (error instanceof TwoAnswers) throw new CannotCheck("two-answers");
    throw error;
  }
  if (!valid) throw refuse("");
  return stamp;
}

/** Check the note under a policy and `tell` of each step. Returns the checkpoint and witnesses. */
async function verifyCheckpoint(note, policy, tell, asked) {
  const { text, signatures, checkpoint } = reading(() => {
    const found = splitNote(note);
    return { ...found, checkpoint: readCheckpoint(found.text) };
  }, (detail) => new NotProven("checkpoint", "checkpoint-malformed", {}, detail));
  const { origin, size } = checkpoint;
  const logs = policy.logs.filter((key) => key.name === origin);
  if (logs.length === 0) throw new NotProven("checkpoint", "unknown-log", { name: origin });
  await tell("checkpoint", "passed", { name: origin, size });
  const isBy = (signature, key) => key.name === signature.name && key.id === signature.id;
  const witnesses = new Map();
  let [signer, unknown] = [null, 0];
  for (const signature of signatures) {
    const log = logs.find((key) => isBy(signature, key));
    const [name, witness] = [...policy.witnesses].find(([, key]) => isBy(signature, key)) ?? [];
    if (log === undefined && witness === undefined) {
      unknown += 1;
      continue;
    }
    await breathe();
    const stamp = await verifySignature(log ?? witness, signature.payload, text, checkpoint, asked);
    if (log !== undefined) signer = log;
    else if (!(witnesses.get(name) > stamp)) witnesses.set(name, stamp);
  }
  if (signer === null) throw new NotProven("signature", "no-log-signature");
  await tell("signature", "passed", { id: signer.id });
  if (!isQuorum(policy, witnesses.keys())) {
    throw new NotProven("witnesses", "no-quorum", { n: witnesses.size });
  }
  const needed = policy.quorum !== "none" || witnesses.size > 0;
  await tell("witnesses", needed ? "passed" : "not-asked", { n: witnesses.size, unknown });
  return { ...checkpoint, witnesses, unknown };
}

// --- the place in the tree -----------------------------------------------------------------------

/** Whether the leaf stands at `index` of the tree of `size` leaves with this root. */
function isIncluded(index, size, leafHash, path, root) {
  let [fn, sn, result] = [index, size - 1n, leafHash];
  if (fn > sn) return false;
  for (const sibling of path) {
    if (sn === 0n) return false;
    if (fn & 1n || fn === sn) {
      result = sha256(join(Uint8Array.of(1), sibling, result));
      while (fn && !(fn & 1n)) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      result = sha256(join(Uint8Array.of(1), result, sibling));
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && same(result, root);
}

/** Let the browser draw what was found so far. Timers would be slowed in a hidden tab. */
function breathe() {
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(null);
  });
}

/**
 * What a proof file (bytes) proves under a policy. `tell(step, state, facts)` hears of each step as
 * it is done: state "passed", "absent" (not in the file) or "not-asked" (not wanted by the policy).
 * Throws NotProven, CannotCheck.
 */
async function checkReceipt(data, policy, tell = () => {}) {
  const proof = parseProof(data);
  await tell("file", "passed", { n: proof.path.length });
  const { leaf, secret } = readReceipt(proof.extra);
  const entry = utf8(canonicalJson(leaf));
  const leafHash = sha256(join(Uint8Array.of(0), entry));
  if (entry.length > MAX_ENTRY_BYTES) throw new NotProven("record", "too-long");
  await tell("record", "passed", { hash: hex(leafHash) });
  await tell("opening", secret === null ? "absent" : "passed", {});
  const asked = { browser: false };
  const { origin, size, root, witnesses, unknown } =
    await verifyCheckpoint(proof.note, policy, tell, asked);
  if (!isIncluded(proof.index, size, leafHash, proof.path, root)) {
    throw new NotProven("place", "not-included");
  }
  await tell("place", "passed", { place: proof.index, n: proof.path.length, hash: hex(root) });
  if (leaf.v !== 1 || typeof leaf.k !== "string") throw new NotProven("number", "version");
  const isDeed = DEEDS.has(leaf.k);
  if (isDeed && (!Number.isSafeInteger(leaf.n) || BigInt(leaf.n) !== proof.index)) {
    throw new NotProven("number", "number");
  }
  await tell("number", isDeed ? "passed" : "not-asked", { place: proof.index });
  return {
    leaf, secret, entry, origin, size, witnesses, unknown, index: proof.index, browser: asked.browser,
  };
}
