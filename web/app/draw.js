// The draw, computed by whoever wants to check it: the order is a permutation of 1 … n that a seed decides,
// and the hash of the seed was public before. The same construction as `core/src/draw.rs`: a balanced Feistel
// network of 8 rounds, walked until the value is in range. SHA-256 is written out, since browsers have theirs
// only in a secure context.

const K = [];
const START = [];
// The first bits of the fractional parts of cube roots and square roots of the primes (FIPS 180-4).
for (let n = 2; K.length < 64; n += 1) {
  let prime = true;
  for (let d = 2; d * d <= n; d += 1) if (n % d === 0) prime = false;
  if (!prime) continue;
  if (START.length < 8) START.push((n ** 0.5 % 1) * 2 ** 32 | 0);
  K.push((Math.cbrt(n) % 1) * 2 ** 32 | 0);
}

const right = (x, n) => (x >>> n) | (x << (32 - n));

function block(hash, words) {
  for (let i = 16; i < 64; i += 1) {
    const a = words[i - 15], b = words[i - 2];
    const s0 = right(a, 7) ^ right(a, 18) ^ (a >>> 3);
    const s1 = right(b, 17) ^ right(b, 19) ^ (b >>> 10);
    words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = hash;
  for (let i = 0; i < 64; i += 1) {
    const s1 = right(e, 6) ^ right(e, 11) ^ right(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + words[i]) | 0;
    const s0 = right(a, 2) ^ right(a, 13) ^ right(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((value, at) => {
    hash[at] = (hash[at] + value) | 0;
  });
}

/** SHA-256 of bytes. */
export function sha256(bytes) {
  const length = Math.ceil((bytes.length + 9) / 64) * 64;
  const padded = new Uint8Array(length);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(length - 4, bytes.length * 8);
  view.setUint32(length - 8, Math.floor(bytes.length / 2 ** 29));
  const hash = [...START];
  for (let at = 0; at < length; at += 64) {
    block(hash, Array.from({ length: 16 }, (_, i) => view.getInt32(at + i * 4)));
  }
  const out = new DataView(new ArrayBuffer(32));
  hash.forEach((value, at) => out.setInt32(at * 4, value));
  return new Uint8Array(out.buffer);
}

/** Bytes as hexadecimal digits. */
export const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
/** And back. */
export const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));

/** What the order is drawn from: the seed, with the value of the beacon mixed in where there is one. */
export const mixed = (seed, value) =>
  value === null || value === undefined ? seed : sha256(join(seed, new TextEncoder().encode(value)));

const WORD = (1n << 64n) - 1n;

/** The finaliser of SplitMix64. */
function mix(value) {
  let z = (value + 0x9e3779b97f4a7c15n) & WORD;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & WORD;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & WORD;
  return z ^ (z >> 31n);
}

/** The queue number (from 1) of the joiner with this sequence (from 1), where `count` are drawn from `seed`. */
export function numberOf(seed, count, sequence) {
  if (sequence < 1 || sequence > count) return sequence;
  const bits = BigInt(count - 1).toString(2).length * (count > 1 ? 1 : 0);
  const half = BigInt(Math.max(1, Math.ceil(bits / 2)));
  const mask = (1n << half) - 1n;
  const keys = Array.from({ length: 8 }, (_, round) =>
    new DataView(sha256(join(seed, [round])).buffer).getBigUint64(0, true));
  const permute = (value) => {
    let out = value;
    for (const key of keys) {
      const left = out >> half, low = out & mask;
      out = (low << half) | (left ^ (mix(low ^ key) & mask));
    }
    return out;
  };
  let value = permute(BigInt(sequence - 1));
  while (value >= BigInt(count)) value = permute(value);
  return Number(value) + 1;
}

/** What a queue token says: `{sequence, queue, queue_number, …}`; null where it cannot be read. */
export function claimsOf(token) {
  try {
    const text = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(text);
  } catch {
    return null;
  }
}
