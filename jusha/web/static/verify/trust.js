// Whose signatures are believed: keys in their one-line form and policy files (c2sp.org/tlog-policy).
"use strict";

const ED25519 = 0x01;
const COSIGN_ED25519 = 0x04;
const COSIGN_MLDSA44 = 0x06;
const KEY_BYTES = new Map([[ED25519, 32], [COSIGN_ED25519, 32], [COSIGN_MLDSA44, 1312]]);
const MAX_POLICY_BYTES = 256 * 1024;
// No Unicode space, no plus, no control character.
const BAD_IN_NAME = /[\x00-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+]/;

/** The file does not prove what it says. `reason` is a word of the page, `step` what it broke. */
class NotProven extends Error {
  constructor(step, reason, facts = {}, detail = "") {
    super(reason);
    Object.assign(this, { step, reason, facts, detail });
  }
}

/** The check could not be made at all. */
class CannotCheck extends Error {
  constructor(reason, facts = {}, detail = "") {
    super(reason);
    Object.assign(this, { reason, facts, detail });
  }
}

/** Do `work`; whatever was Malformed in it becomes the refusal that `otherwise` makes. */
function reading(work, otherwise) {
  try {
    return work();
  } catch (error) {
    if (error instanceof Malformed) throw otherwise(error.message);
    throw error;
  }
}

function isName(name) {
  return name !== "" && !BAD_IN_NAME.test(name);
}

/** The first 4 bytes, in hex, of SHA-256(name, newline, type, key) (c2sp.org/signed-note). */
function keyId(name, kind, bytes) {
  return hex(sha256(join(utf8(`${name}\n`), Uint8Array.of(kind), bytes)).slice(0, 4));
}

/** `<name>+<id>+<base64(type, key)>` as {name, id, kind, bytes}, or Malformed. */
function parseKey(text) {
  const [name, id, ...rest] = text.split("+");
  need(rest.length > 0, "not a key");
  const blob = decode64(rest.join("+"));
  const key = { name, id, kind: blob[0], bytes: blob.slice(1) };
  need(isName(name), "a bad key name");
  need(KEY_BYTES.get(key.kind) === key.bytes.length, "an unknown key type or wrong key length");
  need(keyId(name, key.kind, key.bytes) === id, "the key id does not fit the key");
  return key;
}

/** A policy: logs, named witnesses, groups {needed, members} in their order, the quorum's name. */
function parsePolicy(bytes) {
  if (bytes.length > MAX_POLICY_BYTES || bytes.some((byte) => byte === 0x7f
      || (byte < 0x20 && byte !== 0x09 && byte !== 0x0a))) {
    throw new CannotCheck("policy-controls");
  }
  const policy = { logs: [], witnesses: new Map(), groups: new Map(), quorum: null };
  const lines = new TextDecoder().decode(bytes).split("\n");
  lines.forEach((line, at) => {
    const words = line.replaceAll("\t", " ").split(" ").filter((word) => word !== "");
    if (words.length === 0 || words[0].startsWith("#")) return;
    reading(() => readPolicyLine(policy, words),
      (detail) => new CannotCheck("policy-line", { n: at + 1 }, detail));
  });
  if (policy.logs.length === 0) throw new CannotCheck("policy-no-log");
  if (policy.quorum === null) {
    if (policy.witnesses.size > 0) throw new CannotCheck("policy-no-quorum");
    policy.quorum = "none";
  }
  return policy;
}

function readPolicyLine(policy, [verb, ...rest]) {
  const isNew = (name) => name !== "none" && !policy.witnesses.has(name) && !policy.groups.has(name);
  const isFresh = (key, keys) => keys.every((known) => !same(known.bytes, key.bytes));
  if (verb === "log" && (rest.length === 1 || rest.length === 2)) {
    const key = parseKey(rest[0]);
    need(key.kind === ED25519, "not a log's key");
    need(isFresh(key, policy.logs), "the same log twice");
    policy.logs.push(key);
  } else if (verb === "witness" && (rest.length === 2 || rest.length === 3)) {
    const key = parseKey(rest[1]);
    need(key.kind !== ED25519, "not a witness key");
    need(isFresh(key, [...policy.witnesses.values()]), "the same witness twice");
    need(isNew(rest[0]), "a name is defined twice");
    policy.witnesses.set(rest[0], key);
  } else if (verb === "group" && rest.length >= 3) {
    need(isNew(rest[0]), "a name is defined twice");
    readGroup(policy, rest[0], rest[1], rest.slice(2));
  } else if (verb === "quorum" && rest.length === 1 && policy.quorum === null) {
    need(rest[0] === "none" || !isNew(rest[0]), "the quorum is not defined above");
    [policy.quorum] = rest;
  } else {
    throw new Malformed("not a log, witness, group or (single) quorum line");
  }
}

function readGroup(policy, name, threshold, members) {
  const taken = [...policy.groups.values()].flatMap((group) => group.members);
  members.forEach((member, at) => {
    need(policy.witnesses.has(member) || policy.groups.has(member), "a member is not defined above");
    need(![...taken, ...members.slice(0, at)].includes(member), "a name is a member twice");
  });
  need(/^(?:all|any|[1-9][0-9]{0,3})$/.test(threshold), "a bad threshold");
  const words = { all: members.length, any: 1 };
  const needed = words[threshold] ?? Number(threshold);
  need(needed <= members.length, "the threshold is larger than the group");
  policy.groups.set(name, { needed, members });
}

/** Whether these witnesses (a set of names) fulfil the policy's quorum. */
function isQuorum(policy, cosigners) {
  const seen = new Set(cosigners);
  for (const [name, { needed, members }] of policy.groups) {
    if (members.filter((member) => seen.has(member)).length >= needed) seen.add(name);
  }
  return policy.quorum === "none" || seen.has(policy.quorum);
}
