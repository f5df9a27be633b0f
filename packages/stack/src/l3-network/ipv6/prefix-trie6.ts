/**
 * The longest of all prefixes that an IPv6 address begins with.
 *
 * A binary trie with the paths that do not fork left out (Morrison's PATRICIA, 1968): a node is a prefix that was put
 * in, or the place where two of them part.
 *
 *                              ::/0
 *                             /    \
 *                     2001:db8::/32  fe80::/64
 *                     /           \
 *          2001:db8:1::/48   2001:db8:2::/47 (a fork only)
 *                              /         \
 *                     2001:db8:2::/48  2001:db8:3::/48
 *
 * A lookup goes down by single bits without comparing anything; at the end one comparison says how far the way was
 * right, and the answer is the deepest prefix above that. Everything is in typed arrays.
 *
 * Prefixes are named by small integers from 1 on, which callers use as indices of what they keep for each.
 */
export class PrefixTrie6 {
  /** How many prefixes are in. */
  size = 0;

  /** By node: the words of its prefix, whose bits beyond `lengths` are 0. */
  private keys = new Uint32Array(4 * 8);
  private lengths = new Uint8Array(8);
  /** By node: below it, where the next bit is 0 and where it is 1; 0: nothing. The root is node 0, and is ::/0. */
  private zeros = new Int32Array(8);
  private ones = new Int32Array(8);
  private parents = new Int32Array(8);
  /** By node: the prefix that was put in here; 0: the node is a fork only. */
  private names = new Int32Array(8);
  private nodes = 1;
  /** A node that was given back; its `parents` leads to the next. */
  private freeNode = 0;

  /** By name: its node. A name that was given back leads to the next. */
  private homes = new Int32Array(8);
  private nameCount = 1;
  private freeName = 0;

  /** The name of the longest prefix that the address with these words begins with; 0 when there is none. */
  lookup(w0: number, w1: number, w2: number, w3: number): number {
    const { lengths, zeros, ones, names } = this;
    let node = 0;
    let best = 0;
    for (;;) {
      if (names[node] !== 0) best = node;
      const length = lengths[node];
      if (length === 128) break;
      const word = length < 64 ? (length < 32 ? w0 : w1) : length < 96 ? w2 : w3;
      const below = word << (length & 31) < 0 ? ones[node] : zeros[node];
      if (below === 0) break;
      node = below;
    }
    if (best === 0) return names[0];
    const common = this.common(best, w0, w1, w2, w3);
    while (best !== 0 && (names[best] === 0 || lengths[best] > common)) best = this.parents[best];
    return names[best];
  }

  /** The name of exactly this prefix; 0 when it is not in. No bits beyond `length` are set. */
  find(w0: number, w1: number, w2: number, w3: number, length: number): number {
    let node = 0;
    while (this.lengths[node] < length) {
      node = this.below(node, w0, w1, w2, w3);
      if (node === 0) return 0;
    }
    if (this.lengths[node] !== length || this.common(node, w0, w1, w2, w3) < length) return 0;
    return this.names[node];
  }

  /** Puts in a prefix that is not in yet, and names it. */
  insert(w0: number, w1: number, w2: number, w3: number, length: number): number {
    const name = this.newName();
    const node = this.nodeFor(w0, w1, w2, w3, length);
    this.names[node] = name;
    this.homes[name] = node;
    this.size++;
    return name;
  }

  /** Takes a prefix out; its name may be given to another later. */
  remove(name: number): void {
    const node = this.homes[name];
    this.names[node] = 0;
    this.homes[name] = this.freeName;
    this.freeName = name;
    this.size--;
    this.tidy(node);
  }

  /** The node of this prefix, made if there is none. */
  private nodeFor(w0: number, w1: number, w2: number, w3: number, length: number): number {
    let above = 0;
    let node = 0;
    for (;;) {
      const common = Math.min(this.common(node, w0, w1, w2, w3), length);
      if (common < this.lengths[node]) break;
      if (this.lengths[node] === length) return node;
      above = node;
      node = this.below(node, w0, w1, w2, w3);
      if (node === 0) return this.hang(above, this.newNode(w0, w1, w2, w3, length));
    }
    // The way to `node` and the new prefix part between `above` and `node`.
    const common = Math.min(this.common(node, w0, w1, w2, w3), length);
    const fork = this.newNode(w0, w1, w2, w3, common);
    this.hang(above, fork);
    this.hang(fork, node);
    return common === length ? fork : this.hang(fork, this.newNode(w0, w1, w2, w3, length));
  }

  /** Takes out nodes that are neither a prefix nor a fork, from here upwards. */
  private tidy(from: number): void {
    let node = from;
    while (node !== 0 && this.names[node] === 0) {
      const zero = this.zeros[node];
      const one = this.ones[node];
      if (zero !== 0 && one !== 0) return;
      const above = this.parents[node];
      const heir = zero !== 0 ? zero : one;
      if (this.zeros[above] === node) this.zeros[above] = heir;
      else this.ones[above] = heir;
      if (heir !== 0) this.parents[heir] = above;
      this.parents[node] = this.freeNode;
      this.freeNode = node;
      if (heir !== 0) return;
      node = above;
    }
  }

  /** Puts `node` under `above`, on the side of its next bit. */
  private hang(above: number, node: number): number {
    const bit = this.lengths[above];
    const one = this.keys[node * 4 + (bit >> 5)] << (bit & 31) < 0;
    if (one) this.ones[above] = node;
    else this.zeros[above] = node;
    this.parents[node] = above;
    return node;
  }

  private below(node: number, w0: number, w1: number, w2: number, w3: number): number {
    const length = this.lengths[node];
    const word = length < 64 ? (length < 32 ? w0 : w1) : length < 96 ? w2 : w3;
    return word << (length & 31) < 0 ? this.ones[node] : this.zeros[node];
  }

  /** How many bits an address has in common with a node's prefix, its zeros beyond the length included. */
  private common(node: number, w0: number, w1: number, w2: number, w3: number): number {
    const { keys } = this;
    const at = node * 4;
    let different = keys[at] ^ w0;
    if (different !== 0) return Math.clz32(different);
    different = keys[at + 1] ^ w1;
    if (different !== 0) return 32 + Math.clz32(different);
    different = keys[at + 2] ^ w2;
    if (different !== 0) return 64 + Math.clz32(different);
    different = keys[at + 3] ^ w3;
    return different !== 0 ? 96 + Math.clz32(different) : 128;
  }

  private newNode(w0: number, w1: number, w2: number, w3: number, length: number): number {
    let node = this.freeNode;
    if (node !== 0) this.freeNode = this.parents[node];
    else node = this.nodes++;
    if (node === this.lengths.length) this.growNodes(node * 2);
    const at = node * 4;
    this.keys[at] = maskWord(w0, length);
    this.keys[at + 1] = maskWord(w1, length - 32);
    this.keys[at + 2] = maskWord(w2, length - 64);
    this.keys[at + 3] = maskWord(w3, length - 96);
    this.lengths[node] = length;
    this.zeros[node] = 0;
    this.ones[node] = 0;
    this.names[node] = 0;
    return node;
  }

  private growNodes(nodes: number): void {
    const keys = new Uint32Array(nodes * 4);
    keys.set(this.keys);
    this.keys = keys;
    const lengths = new Uint8Array(nodes);
    lengths.set(this.lengths);
    this.lengths = lengths;
    this.zeros = grown(this.zeros, nodes);
    this.ones = grown(this.ones, nodes);
    this.parents = grown(this.parents, nodes);
    this.names = grown(this.names, nodes);
  }

  private newName(): number {
    let name = this.freeName;
    if (name !== 0) this.freeName = this.homes[name];
    else name = this.nameCount++;
    if (name === this.homes.length) this.homes = grown(this.homes, name * 2);
    return name;
  }
}

function grown(words: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(words);
  return larger;
}

/** The first `bits` bits of a word, the others 0; not negative. */
function maskWord(word: number, bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? word >>> 0 : (word & (0xffffffff << (32 - bits))) >>> 0;
}
