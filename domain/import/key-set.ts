/**
 * A set of license keys of one file, in 16 bytes for each key: it has a hash of 64 bits and not the key, so its size is bounded however
 * long the keys are. Two of 2,000,000 keys have the same hash with a probability of 1 in 10,000,000; the seed keeps files from choosing them.
 */
const FIRST_SLOTS = 4_096;

export class KeySet {
  private size = 0;
  private high = new Uint32Array(FIRST_SLOTS);
  private low = new Uint32Array(FIRST_SLOTS);

  /** `seed` is a random number of 32 bits. */
  constructor(private readonly seed: number) {}

  /** Adds a key; returns false if the set has it. */
  add(key: string): boolean {
    if (2 * (this.size + 1) > this.high.length) this.grow();
    let a = this.seed ^ 0x811c9dc5;
    let b = Math.imul(this.seed, 0x85ebca6b) ^ 0x9e3779b9;
    for (let i = 0; i < key.length; i++) {
      const code = key.charCodeAt(i);
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ code, 0xcc9e2d51);
      b = (b << 15) | (b >>> 17);
    }
    // 0 marks an empty slot.
    if (!this.insert(mixed(a ^ key.length) || 1, mixed(b))) return false;
    this.size += 1;
    return true;
  }

  private insert(high: number, low: number): boolean {
    const mask = this.high.length - 1;
    let slot = (high ^ low) & mask;
    while (this.high[slot] !== 0) {
      if (this.high[slot] === high && this.low[slot] === low) return false;
      slot = (slot + 1) & mask;
    }
    this.high[slot] = high;
    this.low[slot] = low;
    return true;
  }

  private grow(): void {
    const { high, low } = this;
    this.high = new Uint32Array(2 * high.length);
    this.low = new Uint32Array(2 * high.length);
    for (let slot = 0; slot < high.length; slot++) {
      const part = high[slot] as number;
      if (part !== 0) this.insert(part, low[slot] as number);
    }
  }
}

/** Spreads every bit over the whole number (the last step of MurmurHash3). */
function mixed(hash: number): number {
  let mixing = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixing = Math.imul(mixing ^ (mixing >>> 13), 0xc2b2ae35);
  return (mixing ^ (mixing >>> 16)) >>> 0;
}
