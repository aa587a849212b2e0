// Bytes, their spellings, their hashes. All of it is here, and not asked of the browser, so that
// a page opened from a file on an old telephone checks the same as any other.
"use strict";

/** What cannot be read as the format asks; the caller says of what. */
class Malformed extends Error {}

function need(condition, otherwise) {
  if (!condition) throw new Malformed(otherwise);
}

function utf8(text) {
  return new TextEncoder().encode(text);
}

/** The text of well-formed UTF-8, its byte order mark kept, or Malformed. */
function readUtf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Malformed("not UTF-8");
  }
}

function join(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function same(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)?$/;

/** Canonical standard base64 (RFC 4648 section 4: one spelling a value) of `size` bytes. */
function decode64(text, size) {
  need(BASE64.test(text), "not base64");
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  // Bits beyond the last byte would make a second spelling.
  need(text.length < 4 || text.endsWith(encode64(bytes.slice(-(bytes.length % 3 || 3)))),
    "base64 is not canonical");
  need(size === undefined || bytes.length === size, `not ${size} bytes`);
  return bytes;
}

/** Standard base64 of a few bytes. */
function encode64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

const MAX_NUMBER = (1n << 63n) - 1n;

/** A decimal number 0..2^63-1 without sign or leading zero, as BigInt, or Malformed. */
function decodeNumber(text) {
  need(/^(?:0|[1-9][0-9]{0,18})$/.test(text), "not a plain number");
  need(BigInt(text) <= MAX_NUMBER, "a number is too large");
  return BigInt(text);
}

/** Bytes as a number, the first byte the smallest (RFC 8032) or the largest (all else). */
function littleEndian(bytes) {
  return BigInt(`0x0${hex(Uint8Array.from(bytes).reverse())}`);
}

function bigEndian(bytes) {
  return BigInt(`0x0${hex(bytes)}`);
}

// --- SHA-256 and SHA-512 (FIPS 180-4) ------------------------------------------------------------

/** The largest whole number whose `power`-th power is not above `value` (Newton's method). */
function wholeRoot(value, power) {
  let guess = 1n << (BigInt(value.toString(2).length) / power + 1n);
  for (;;) {
    const next = ((power - 1n) * guess + value / guess ** (power - 1n)) / power;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** The first 64 bits behind the point of the roots of the first `count` primes. */
function bitsOfRoots(count, power) {
  const primes = [];
  for (let n = 2n; primes.length < count; n += 1n) {
    if (primes.every((prime) => n % prime)) primes.push(n);
  }
  return primes.map((prime) => BigInt.asUintN(64, wholeRoot(prime << (64n * power), power)));
}

// Both functions take their constants from the same roots, SHA-256 half as many bits of them.
const START_512 = bitsOfRoots(8, 2n);
const ROUNDS_512 = bitsOfRoots(80, 3n);
const START_256 = START_512.map((bits) => Number(bits >> 32n));
const ROUNDS_256 = ROUNDS_512.slice(0, 64).map((bits) => Number(bits >> 32n));

/** The message with its end mark and its length in bits, in whole blocks. */
function padded(message, block) {
  const whole = new Uint8Array(Math.ceil((message.length + 1 + block / 8) / block) * block);
  whole.set(message);
  whole[message.length] = 0x80;
  new DataView(whole.buffer).setBigUint64(whole.length - 8, BigInt(message.length) * 8n);
  return whole;
}

function sha256(message) {
  const data = padded(message, 64);
  const view = new DataView(data.buffer);
  const turn = (x, by) => (x >>> by) | (x << (32 - by));
  const state = Uint32Array.from(START_256);
  const w = new Uint32Array(64);
  for (let at = 0; at < data.length; at += 64) {
    for (let i = 0; i < 64; i += 1) {
      if (i < 16) {
        w[i] = view.getUint32(at + 4 * i);
        continue;
      }
      const x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3))
        + w[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i += 1) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g))
        + ROUNDS_256[i] + w[i]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => { state[i] += value; });
  }
  const digest = new Uint8Array(32);
  state.forEach((value, i) => new DataView(digest.buffer).setUint32(4 * i, value));
  return digest;
}

function sha512(message) {
  const data = padded(message, 128);
  const view = new DataView(data.buffer);
  const cut = (x) => BigInt.asUintN(64, x);
  const turn = (x, by) => (x >> by) | cut(x << (64n - by));
  const state = BigUint64Array.from(START_512);
  const w = new BigUint64Array(80); // keeps 64 bits of what is written into it
  for (let at = 0; at < data.length; at += 128) {
    for (let i = 0; i < 80; i += 1) {
      if (i < 16) {
        w[i] = view.getBigUint64(at + 8 * i);
        continue;
      }
      const x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + (turn(x, 1n) ^ turn(x, 8n) ^ (x >> 7n))
        + w[i - 7] + (turn(y, 19n) ^ turn(y, 61n) ^ (y >> 6n));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 80; i += 1) {
      const one = h + (turn(e, 14n) ^ turn(e, 18n) ^ turn(e, 41n))
        + ((e & f) ^ (cut(~e) & g)) + ROUNDS_512[i] + w[i];
      const two = (turn(a, 28n) ^ turn(a, 34n) ^ turn(a, 39n)) + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, cut(d + one), c, b, a, cut(one + two)];
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => { state[i] += value; });
  }
  const digest = new Uint8Array(64);
  state.forEach((value, i) => new DataView(digest.buffer).setBigUint64(8 * i, value));
  return digest;
}
