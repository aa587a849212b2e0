// A tree as the log's public tiles tell it (c2sp.org/tlog-tiles), each hash believed only if it
// leads to the signed root. The same steps as verify/watch.py, which is the other way to look.
import { Malformed, encode64, join, same, sha256 } from "./check.js";

const HASH_BYTES = 32;
const TILE_WIDTH = 256;
const TILE_HEIGHT = 8;

/** The files of the log do not lead to the root that it signed. */
export class TilesUnfit extends Error {}

/** SHA-256(0x01, left, right). */
function node(left, right) {
  return sha256(join(Uint8Array.of(1), left, right));
}

/** The complete subtrees [start, end) that the first `size` entries fall into, largest first. */
export function partsOf(size) {
  const spans = [];
  let start = 0;
  for (let width = 2 ** 52; width >= 1; width /= 2) {
    if (Math.floor(size / width) % 2) {
      spans.push([start, start + width]);
      start += width;
    }
  }
  return spans;
}

/** The root over the hashes of `partsOf`. */
export function fold(hashes) {
  if (hashes.length === 0) return sha256(new Uint8Array(0));
  return hashes.reduceRight((right, left) => node(left, right));
}

/** The largest power of two below `count`: where RFC 6962 splits a tree. */
function split(count) {
  let width = 1;
  while (width * 2 < count) width *= 2;
  return width;
}

/** The siblings from a complete subtree up to the root: [start, end, whether it stands left]. */
function wayUp([start, end], size) {
  const steps = [];
  let [low, high] = [0, size];
  while (low !== start || high !== end) {
    const middle = low + split(high - low);
    if (end <= middle) {
      steps.push([middle, high, false]);
      high = middle;
    } else {
      steps.push([low, middle, true]);
      low = middle;
    }
  }
  return steps.reverse();
}

/** The root that a subtree's hash and its path lead to. */
function climb(span, size, hash, path) {
  return wayUp(span, size).reduce((below, [, , isLeft], at) =>
    (isLeft ? node(path[at], below) : node(below, path[at])), hash);
}

function tilePath(level, index) {
  const groups = [String(index % 1000).padStart(3, "0")];
  for (let rest = Math.floor(index / 1000); rest; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${String(rest % 1000).padStart(3, "0")}`);
  }
  return `tile/${level}/${groups.join("/")}`;
}

/** A tree of `size` entries with this root. `read(path)` gives a file's bytes, or null. */
export class Tree {
  constructor(read, size, root) {
    Object.assign(this, { read, size, root, tiles: new Map() });
  }

  /** The hashes of `partsOf(size)` for a size up to this tree's, each under the root. */
  async parts(size) {
    if (size === this.size) {
      const parts = [];
      for (const span of partsOf(size)) parts.push(await this.subtree(span));
      if (!same(fold(parts), this.root)) throw new TilesUnfit("the tiles do not lead to the root");
      return parts;
    }
    const found = [];
    for (const span of partsOf(size)) found.push((await this.proven(span)).hash);
    return found;
  }

  /** A complete subtree's hash and its path, which lead to the root. TilesUnfit. */
  async proven(span) {
    const hash = await this.subtree(span);
    const path = [];
    for (const [start, end] of wayUp(span, this.size)) path.push(await this.range(start, end));
    if (!same(climb(span, this.size, hash, path), this.root)) {
      throw new TilesUnfit(`the tiles of ${span.join(" to ")} do not lead to the root`);
    }
    return { hash, path };
  }

  /** The hash of a range that RFC 6962 splitting can reach. */
  async range(start, end) {
    const inner = [];
    for (const [a, b] of partsOf(end - start)) inner.push(await this.subtree([start + a, start + b]));
    return fold(inner);
  }

  async subtree([start, end]) {
    let rows = Math.round(Math.log2(end - start));
    const level = Math.floor(rows / TILE_HEIGHT);
    rows %= TILE_HEIGHT;
    const place = Math.floor(start / 2 ** (TILE_HEIGHT * level));
    const tile = await this.tile(level, Math.floor(place / TILE_WIDTH));
    const offset = place % TILE_WIDTH;
    let hashes = Array.from({ length: 2 ** rows }, (_, at) =>
      tile.subarray((offset + at) * HASH_BYTES, (offset + at + 1) * HASH_BYTES));
    while (hashes.length > 1) {
      hashes = Array.from({ length: hashes.length / 2 }, (_, at) =>
        node(hashes[2 * at], hashes[2 * at + 1]));
    }
    return hashes[0];
  }

  /** One tile's hashes, partial or full; a partial one may have become full meanwhile. */
  async tile(level, index) {
    const path = tilePath(level, index);
    if (!this.tiles.has(path)) {
      const count = Math.floor(this.size / 2 ** (TILE_HEIGHT * level));
      const width = Math.min(count - index * TILE_WIDTH, TILE_WIDTH);
      let data = width < TILE_WIDTH ? await this.read(`${path}.p/${width}`) : null;
      data ??= await this.read(path);
      if (data === null || data.length < width * HASH_BYTES) throw new TilesUnfit(`no ${path}`);
      this.tiles.set(path, data);
    }
    return this.tiles.get(path);
  }
}

/**
 * Whether the tree begins with the older one, whose `parts` this browser kept. Null if it does;
 * else what differs, which proves it together with both signatures (docs/log.md, Evidence).
 */
export async function difference(tree, older) {
  const parts = await tree.parts(older.size);
  if (same(fold(parts), older.root)) return null;
  const place = parts.findIndex((part, at) => !older.parts[at] || !same(part, older.parts[at]));
  if (place < 0 || !same(fold(older.parts), older.root)) throw new Malformed("kept parts");
  const { hash, path } = await tree.proven(partsOf(older.size)[place]);
  return {
    kind: "diverging", parts: older.parts.map(encode64), place, hash: encode64(hash),
    path: path.map(encode64),
  };
}
