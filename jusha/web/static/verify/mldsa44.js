// ML-DSA-44 (FIPS 204), only the checking of signatures: some witnesses sign with it, because it
// stands against quantum computers. No browser offers it yet. Nothing here is secret.
"use strict";

const Q = 8380417; // the field; products of two stay below 2^53, where numbers are exact
const DROPPED_BITS = 13;
const [GAMMA_1, GAMMA_2] = [1 << 17, 95232];
const [TAU, BETA, OMEGA] = [39, 78, 80];
const [ROWS, COLUMNS] = [4, 4];

// --- SHAKE (FIPS 202) ----------------------------------------------------------------------------

/** The permutation Keccak-f[1600] of 25 lanes, lane (x, y) at x + 5 y. */
function keccak(lanes) {
  const turn = (lane, by) => (lane << by) | (BigInt.asUintN(64, lane) >> (64n - by));
  let lfsr = 1;
  for (let round = 0; round < 24; round += 1) {
    const sums = [0, 1, 2, 3, 4].map((x) =>
      lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20]);
    lanes.forEach((lane, at) => {
      lanes[at] = lane ^ sums[(at + 4) % 5] ^ turn(sums[(at + 1) % 5], 1n);
    });
    let [x, y, moving] = [1, 0, lanes[1]];
    for (let t = 1; t < 25; t += 1) {
      [x, y] = [y, (2 * x + 3 * y) % 5];
      const turned = turn(moving, BigInt(((t * (t + 1)) / 2) % 64));
      moving = lanes[x + 5 * y];
      lanes[x + 5 * y] = turned;
    }
    for (let row = 0; row < 25; row += 5) {
      const old = lanes.slice(row, row + 5);
      for (let i = 0; i < 5; i += 1) lanes[row + i] = old[i] ^ (~old[(i + 1) % 5] & old[(i + 2) % 5]);
    }
    for (let j = 0; j < 7; j += 1) {
      lfsr = ((lfsr << 1) ^ ((lfsr >> 7) * 0x171)) & 0xff;
      if (lfsr & 2) lanes[0] ^= 1n << BigInt((1 << j) - 1);
    }
  }
}

/** The endless bytes of SHAKE with a rate of 168 (SHAKE128) or 136 bytes (SHAKE256). */
function* shake(rate, input) {
  const lanes = new BigUint64Array(25);
  const bytes = new Uint8Array((Math.floor(input.length / rate) + 1) * rate);
  bytes.set(input);
  bytes[input.length] ^= 0x1f;
  bytes[bytes.length - 1] ^= 0x80;
  for (let at = 0; at < bytes.length; at += rate) {
    const block = new DataView(bytes.buffer, at, rate);
    for (let i = 0; i < rate / 8; i += 1) lanes[i] ^= block.getBigUint64(8 * i, true);
    keccak(lanes);
  }
  for (;;) {
    const view = new DataView(new ArrayBuffer(rate));
    for (let i = 0; i < rate / 8; i += 1) view.setBigUint64(8 * i, lanes[i], true);
    yield* new Uint8Array(view.buffer);
    keccak(lanes);
  }
}

function take256(count, ...parts) {
  const stream = shake(136, join(...parts));
  return Uint8Array.from({ length: count }, () => stream.next().value);
}

// --- polynomials of 256 coefficients -------------------------------------------------------------

const ZETAS = Array.from({ length: 256 }, (_, k) => {
  let [result, reversed] = [1, parseInt(k.toString(2).padStart(8, "0").split("").reverse().join(""), 2)];
  for (; reversed > 0; reversed -= 1) result = (result * 1753) % Q;
  return result;
});

/** FIPS 204 algorithm 41, in place. */
function toNtt(poly) {
  let m = 0;
  for (let length = 128; length >= 1; length /= 2) {
    for (let start = 0; start < 256; start += 2 * length) {
      m += 1;
      for (let j = start; j < start + length; j += 1) {
        const t = (ZETAS[m] * poly[j + length]) % Q;
        poly[j + length] = (poly[j] - t + Q) % Q;
        poly[j] = (poly[j] + t) % Q;
      }
    }
  }
  return poly;
}

/** FIPS 204 algorithm 42, in place. */
function fromNtt(poly) {
  let m = 256;
  for (let length = 1; length < 256; length *= 2) {
    for (let start = 0; start < 256; start += 2 * length) {
      m -= 1;
      for (let j = start; j < start + length; j += 1) {
        const t = poly[j];
        poly[j] = (t + poly[j + length]) % Q;
        poly[j + length] = ((t - poly[j + length] + Q) * (Q - ZETAS[m])) % Q;
      }
    }
  }
  return poly.map((each) => (each * 8347681) % Q); // 1 / 256
}

/** 256 numbers of `width` bits, the lowest bit first. */
function unpack(bytes, width) {
  const found = [];
  for (let bit = 0; found.length < 256; bit += width) {
    let value = 0;
    for (let i = 0; i < width; i += 1) value |= ((bytes[(bit + i) >> 3] >> ((bit + i) & 7)) & 1) << i;
    found.push(value);
  }
  return found;
}

function pack(numbers, width) {
  const bytes = new Uint8Array((numbers.length * width) / 8);
  numbers.forEach((number, at) => {
    for (let i = 0; i < width; i += 1) {
      bytes[(at * width + i) >> 3] |= ((number >> i) & 1) << ((at * width + i) & 7);
    }
  });
  return bytes;
}

/** One polynomial of the public matrix, in NTT form (algorithm 30). */
function sampleUniform(seed, column, row) {
  const stream = shake(168, join(seed, Uint8Array.of(column, row)));
  const found = [];
  while (found.length < 256) {
    const [low, middle, high] = [stream.next().value, stream.next().value, stream.next().value];
    const value = ((high & 0x7f) << 16) | (middle << 8) | low;
    if (value < Q) found.push(value);
  }
  return found;
}

/** The challenge: TAU coefficients of 1 or -1, the rest 0 (algorithm 29). */
function sampleInBall(seed) {
  const stream = shake(136, seed);
  const signs = littleEndian(Uint8Array.from({ length: 8 }, () => stream.next().value));
  const found = new Array(256).fill(0);
  for (let i = 256 - TAU; i < 256; i += 1) {
    let j;
    do j = stream.next().value; while (j > i);
    found[i] = found[j];
    found[j] = (signs >> BigInt(i + TAU - 256)) & 1n ? Q - 1 : 1;
  }
  return found;
}

/** The hints of each row, or null if they are not in their one spelling (algorithm 21). */
function readHints(bytes) {
  const hints = [];
  let index = 0;
  for (let row = 0; row < ROWS; row += 1) {
    const end = bytes[OMEGA + row];
    if (end < index || end > OMEGA) return null;
    const places = bytes.slice(index, end);
    if (places.some((place, at) => at > 0 && places[at - 1] >= place)) return null;
    hints.push(new Set(places));
    index = end;
  }
  return bytes.slice(index, OMEGA).some((byte) => byte !== 0) ? null : hints;
}

/** The high part of a coefficient, mended by its hint (algorithms 36 and 40). */
function useHint(isHinted, value) {
  let low = value % (2 * GAMMA_2);
  if (low > GAMMA_2) low -= 2 * GAMMA_2;
  const wraps = value - low === Q - 1;
  const high = wraps ? 0 : (value - low) / (2 * GAMMA_2);
  if (wraps) low -= 1;
  if (!isHinted) return high;
  return low > 0 ? (high + 1) % 44 : (high + 43) % 44;
}

/** Whether `signature` (2,420 bytes) is one of `message` under `key` (1,312 bytes), no context. */
function isSignedMldsa44(key, signature, message) {
  const seed = key.slice(0, 32);
  const challenge = signature.slice(0, 32);
  const z = Array.from({ length: COLUMNS }, (_, i) =>
    unpack(signature.slice(32 + 576 * i, 32 + 576 * (i + 1)), 18).map((each) => GAMMA_1 - each));
  const hints = readHints(signature.slice(32 + 576 * COLUMNS));
  if (hints === null || z.flat().some((each) => Math.abs(each) >= GAMMA_1 - BETA)) return false;
  const zNtt = z.map((poly) => toNtt(poly.map((each) => (each + Q) % Q)));
  const cNtt = toNtt(sampleInBall(challenge));
  const rows = hints.map((hinted, row) => {
    const t = unpack(key.slice(32 + 320 * row, 32 + 320 * (row + 1)), 10);
    const tNtt = toNtt(t.map((each) => (each << DROPPED_BITS) % Q));
    const sum = cNtt.map((each, i) => (Q - ((each * tNtt[i]) % Q)) % Q);
    zNtt.forEach((poly, column) => {
      sampleUniform(seed, column, row).forEach((each, i) => {
        sum[i] = (sum[i] + each * poly[i]) % Q;
      });
    });
    return pack(fromNtt(sum).map((each, i) => useHint(hinted.has(i), each)), 6);
  });
  const about = take256(64, take256(64, key), Uint8Array.of(0, 0), message);
  return same(take256(32, about, ...rows), challenge);
}
