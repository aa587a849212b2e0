// Ed25519 (RFC 8032), only the checking of signatures: nothing here is secret, so nothing here has
// to take the same time for every input. Odd points are judged as OpenSSL judges them, so that this
// page and verify.py never differ: the equation without cofactor, S below the order, R compared
// as bytes, a public key in any spelling.
"use strict";

const P = 2n ** 255n - 19n; // the field
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n; // of the base point

function modulo(value) {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

function power(base, exponent) {
  let result = 1n;
  for (let square = modulo(base), e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

const D = modulo(-121665n * power(121666n, P - 2n));
const ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);

// A point is [X, Y, Z, T] with x = X/Z, y = Y/Z, xy = T/Z (RFC 8032 section 5.1.4).
const NEUTRAL = [0n, 1n, 1n, 0n];

function addPoints([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = modulo((y1 - x1) * (y2 - x2));
  const b = modulo((y1 + x1) * (y2 + x2));
  const c = modulo(2n * t1 * t2 * D);
  const d = modulo(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [modulo(e * f), modulo(g * h), modulo(f * g), modulo(e * h)];
}

function negative([x, y, z, t]) {
  return [modulo(-x), y, z, modulo(-t)];
}

/** The point that 32 bytes name, or null (RFC 8032 section 5.1.3, y not asked to be below P). */
function readPoint(bytes) {
  const number = littleEndian(bytes);
  const y = modulo(BigInt.asUintN(255, number));
  const sign = number >> 255n;
  const above = modulo(y * y - 1n);
  const below = modulo(D * y * y + 1n);
  let x = modulo(above * below ** 3n * power(above * below ** 7n, (P - 5n) / 8n));
  const square = modulo(below * x * x);
  if (square === modulo(-above)) x = modulo(x * ROOT_OF_MINUS_ONE);
  else if (square !== above) return null;
  if ((x & 1n) !== sign) x = modulo(-x);
  return [x, y, 1n, modulo(x * y)];
}

function writePoint([x, y, z]) {
  const inverse = power(z, P - 2n);
  const number = modulo(y * inverse) | ((modulo(x * inverse) & 1n) << 255n);
  const digits = number.toString(16).padStart(64, "0");
  return Uint8Array.from({ length: 32 }, (_, i) => parseInt(digits.substr(62 - 2 * i, 2), 16));
}

const BASE = readPoint(join(Uint8Array.of(0x58), new Uint8Array(31).fill(0x66)));

/** one * a + other * b, both scalars walked together. */
function twoProducts(one, a, other, b) {
  const both = addPoints(a, b);
  let sum = NEUTRAL;
  for (let bit = 255n; bit >= 0n; bit -= 1n) {
    sum = addPoints(sum, sum);
    const inOne = (one >> bit) & 1n;
    const inOther = (other >> bit) & 1n;
    if (inOne || inOther) sum = addPoints(sum, inOne && inOther ? both : inOne ? a : b);
  }
  return sum;
}

/** Whether `signature` (64 bytes) is one of `message` under `key` (32 bytes): our own answer. */
function isSignedByOurs(key, signature, message) {
  const r = signature.slice(0, 32);
  const s = littleEndian(signature.slice(32));
  const point = readPoint(key);
  if (point === null || s >= ORDER) return false;
  const k = littleEndian(sha512(join(r, key, message))) % ORDER;
  return same(writePoint(twoProducts(s, BASE, k, negative(point))), r);
}

/** The browser's answer, true or false; null where it has no Ed25519 or is not let. */
async function isSignedByBrowsers(key, signature, message) {
  try {
    const read = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", read, signature, message);
  } catch {
    return null;
  }
}

/**
 * Whether the signature is valid. Two independent computations must agree where there are two; if
 * they do not, no verdict can be given (TwoAnswers). `asked.browser` remembers whether there were.
 */
async function isSigned(key, signature, message, asked) {
  const ours = isSignedByOurs(key, signature, message);
  const browsers = await isSignedByBrowsers(key, signature, message);
  if (browsers !== null) asked.browser = true;
  if (browsers !== null && browsers !== ours) throw new TwoAnswers();
  return ours;
}

/** This page and the browser compute differently. */
class TwoAnswers extends Error {}
