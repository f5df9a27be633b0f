/**
 * The longest of all prefixes that an IPv4 address begins with: the question that a router asks for every packet.
 *
 * A trie that looks at the address in strides. A small one, as hosts have, takes 8 bits and then 4 at a time; one with
 * thousands of prefixes 16 and then 8 at a time, so that an answer takes three steps, of which the first is in the
 * processor's cache: reading memory is all that it costs.
 *
 *     bits      0        8    12   16   20   24   28   32
 *     small     |  root  | 1  | 2  | 3  | 4  | 5  | 6  |      the root has 256 cells, each node below has 16
 *     large     |       root       |    1    |    2    |      the root has 65,536, each node below has 256
 *
 * A cell holds the node below it and the prefix that answers for it when nothing below does. A prefix that ends within
 * a stride fills all the cells that begin with it (controlled prefix expansion: Srinivasan and Varghese, 1999), except
 * where a longer one stands. Everything lives in typed arrays: 900,000 prefixes are some tens of megabytes, and the
 * three routes of a host take four kilobytes.
 *
 * Prefixes are named by small integers from 1 on, which callers use as indices of what they keep for each.
 */
export class PrefixTrie {
  /** How many prefixes are in. */
  size = 0;

  /** Two words for each cell: the first cell of the node below (0: none) and the prefix that answers (0: none). */
  private cells: Int32Array;
  /** By node: words of cells that are not empty. A node without any is given back. */
  private used = new Uint16Array(16);
  private shape = SMALL;
  /** Of `shape`, for `lookup`: the root's shift, and the bits of each stride below. */
  private rootShift = SMALL.rootShift;
  private stride = SMALL.stride;
  private mask = SMALL.nodeCells - 1;
  private nodes = 0;
  /** First cell of a node that was given back; its own first word leads to the next. */
  private freeNode = 0;

  /** By name: the prefix. A name that was given back leads to the next in `networks`. */
  private networks = new Uint32Array(16);
  private lengths = new Uint8Array(16);
  private names = 1;
  private freeName = 0;

  /** Names by hash of the prefix, open addressing with linear probing, at most half full. */
  private slots = new Int32Array(32);

  constructor() {
    this.cells = new Int32Array((this.shape.rootCells + this.used.length * this.shape.nodeCells) * 2);
  }

  /** The name of the longest prefix that `address` (32 bits, not negative) begins with; 0 when there is none. */
  lookup(address: number): number {
    const { cells, stride, mask } = this;
    let shift = this.rootShift;
    let cell = (address >>> shift) << 1;
    let best = cells[cell + 1];
    let node = cells[cell];
    while (node !== 0) {
      shift -= stride;
      cell = (node + ((address >>> shift) & mask)) << 1;
      node = cells[cell];
      const answer = cells[cell + 1];
      if (answer !== 0) best = answer;
    }
    return best;
  }

  /** The name of exactly this prefix; 0 when it is not in. `network` has no bits beyond `length`. */
  find(network: number, length: number): number {
    const slots = this.slots;
    const mask = slots.length - 1;
    for (let slot = hash(network, length) & mask; ; slot = (slot + 1) & mask) {
      const name = slots[slot];
      if (name === 0 || (this.networks[name] === network && this.lengths[name] === length)) return name;
    }
  }

  /** Puts in a prefix that is not in yet, and names it. */
  insert(network: number, length: number): number {
    if (this.size === MOST_SMALL && this.shape === SMALL) this.become(LARGE);
    const name = this.newName(network, length);
    this.remember(name);
    this.fill(name, network, length);
    this.size++;
    return name;
  }

  /** Makes a prefix answer for its cells, where no longer one does. */
  private fill(name: number, network: number, length: number): void {
    const { shape } = this;
    const level = shape.levelOf(length);
    let node = 0;
    for (let at = 0; at < level; at++) node = this.nodeBelow(node, shape.cellOf(node, at, network));
    const cells = this.cells;
    const first = shape.cellOf(node, level, network);
    for (let cell = first, end = first + shape.cellsOf(level, length); cell < end; cell++) {
      const there = cells[cell * 2 + 1];
      if (there === 0) this.count(node, 1);
      else if (this.lengths[there] > length) continue;
      cells[cell * 2 + 1] = name;
    }
  }

  /** Builds it anew in another shape; names stay. */
  private become(shape: Shape): void {
    this.shape = shape;
    this.rootShift = shape.rootShift;
    this.stride = shape.stride;
    this.mask = shape.nodeCells - 1;
    this.used = new Uint16Array(64);
    this.nodes = 0;
    this.freeNode = 0;
    this.cells = new Int32Array((shape.rootCells + this.used.length * shape.nodeCells) * 2);
    for (const name of this.slots) if (name !== 0) this.fill(name, this.networks[name], this.lengths[name]);
  }

  /** Takes a prefix out; its name may be given to another later. */
  remove(name: number): void {
    const network = this.networks[name];
    const length = this.lengths[name];
    const { shape } = this;
    const level = shape.levelOf(length);
    const path = [0];
    for (let at = 0; at < level; at++) path.push(this.cells[shape.cellOf(path[at], at, network) * 2]);
    const node = path[level];
    const heir = this.nextShorter(network, length, level);
    const first = shape.cellOf(node, level, network);
    for (let cell = first, end = first + shape.cellsOf(level, length); cell < end; cell++) {
      if (this.cells[cell * 2 + 1] !== name) continue;
      this.cells[cell * 2 + 1] = heir;
      if (heir === 0) this.count(node, -1);
    }
    for (let at = level; at > 0 && this.used[shape.nodeIndex(path[at])] === 0; at--) {
      const above = shape.cellOf(path[at - 1], at - 1, network);
      this.cells[above * 2] = 0;
      this.count(path[at - 1], -1);
      this.cells[path[at] * 2] = this.freeNode;
      this.freeNode = path[at];
    }
    this.forget(name);
    this.networks[name] = this.freeName;
    this.freeName = name;
    this.size--;
  }

  network(name: number): number {
    return this.networks[name];
  }

  length(name: number): number {
    return this.lengths[name];
  }

  /** The longest shorter prefix that ends in the same node and so answers for the same cells. */
  private nextShorter(network: number, length: number, level: number): number {
    const shortest = level === 0 ? 0 : this.shape.endOf(level - 1) + 1;
    for (let shorter = length - 1; shorter >= shortest; shorter--) {
      const name = this.find(maskTo(network, shorter), shorter);
      if (name !== 0) return name;
    }
    return 0;
  }

  /** The first cell of the node below `cell` of `node`, made if there is none. */
  private nodeBelow(node: number, cell: number): number {
    const below = this.cells[cell * 2];
    if (below !== 0) return below;
    let made = this.freeNode;
    if (made !== 0) {
      this.freeNode = this.cells[made * 2];
      this.cells[made * 2] = 0;
    } else {
      if (this.nodes === this.used.length) this.growNodes();
      made = this.shape.rootCells + this.nodes++ * this.shape.nodeCells;
    }
    this.cells[cell * 2] = made;
    this.count(node, 1);
    return made;
  }

  /** One word of a cell of `node` was filled (1) or emptied (-1). */
  private count(node: number, change: number): void {
    if (node !== 0) this.used[this.shape.nodeIndex(node)] += change;
  }

  private growNodes(): void {
    const nodes = this.used.length * 2;
    const used = new Uint16Array(nodes);
    used.set(this.used);
    this.used = used;
    const cells = new Int32Array((this.shape.rootCells + nodes * this.shape.nodeCells) * 2);
    cells.set(this.cells);
    this.cells = cells;
  }

  private newName(network: number, length: number): number {
    let name = this.freeName;
    if (name !== 0) this.freeName = this.networks[name];
    else name = this.names++;
    if (name === this.networks.length) {
      const networks = new Uint32Array(name * 2);
      networks.set(this.networks);
      this.networks = networks;
      const lengths = new Uint8Array(name * 2);
      lengths.set(this.lengths);
      this.lengths = lengths;
    }
    this.networks[name] = network;
    this.lengths[name] = length;
    return name;
  }

  private remember(name: number): void {
    if ((this.size + 1) * 2 > this.slots.length) {
      const old = this.slots;
      this.slots = new Int32Array(old.length * 2);
      for (const known of old) if (known !== 0) this.place(known);
    }
    this.place(name);
  }

  private place(name: number): void {
    const mask = this.slots.length - 1;
    let slot = hash(this.networks[name], this.lengths[name]) & mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
    this.slots[slot] = name;
  }

  /** Empties a slot and moves up those that had to step over it (Knuth 6.4, algorithm R). */
  private forget(name: number): void {
    const slots = this.slots;
    const mask = slots.length - 1;
    let hole = hash(this.networks[name], this.lengths[name]) & mask;
    while (slots[hole] !== name) hole = (hole + 1) & mask;
    for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = hash(this.networks[slots[slot]], this.lengths[slots[slot]]) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[hole] = slots[slot];
      hole = slot;
    }
    slots[hole] = 0;
  }
}

/** `network` with the bits beyond `length` cleared, as 32 bits, not negative. */
export function maskTo(network: number, length: number): number {
  return length === 0 ? 0 : (network & (0xffffffff << (32 - length))) >>> 0;
}

/** How a trie cuts an address. Nodes are named by their first cell; the root is 0. */
class Shape {
  readonly rootBits: number;
  readonly rootShift: number;
  readonly rootCells: number;
  /** Bits of each stride below the root. */
  readonly stride: number;
  readonly nodeCells: number;

  constructor(rootBits: number, stride: number) {
    this.rootBits = rootBits;
    this.rootShift = 32 - rootBits;
    this.rootCells = 1 << rootBits;
    this.stride = stride;
    this.nodeCells = 1 << stride;
  }

  /** How many bits of the address are used up below a level. */
  endOf(level: number): number {
    return this.rootBits + level * this.stride;
  }

  /** The level in whose stride a prefix of this length ends. */
  levelOf(length: number): number {
    return length <= this.rootBits ? 0 : Math.ceil((length - this.rootBits) / this.stride);
  }

  /** The cell of `node`, at `level`, that an address goes through. */
  cellOf(node: number, level: number, address: number): number {
    if (level === 0) return address >>> this.rootShift;
    return node + ((address >>> (this.rootShift - level * this.stride)) & (this.nodeCells - 1));
  }

  /** How many cells a prefix fills in the node where it ends. */
  cellsOf(level: number, length: number): number {
    return 1 << (this.endOf(level) - length);
  }

  nodeIndex(node: number): number {
    return (node - this.rootCells) / this.nodeCells;
  }
}

const SMALL = new Shape(8, 4);
const LARGE = new Shape(16, 8);
/** Prefixes of a small trie; with one more it becomes a large one, of half a megabyte at least. */
const MOST_SMALL = 4096;

function hash(network: number, length: number): number {
  let h = Math.imul(network ^ Math.imul(length + 1, 0x9e3779b1), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0xc2b2ae35);
  return h ^ (h >>> 13);
}
