/**
 * PacketBuffer: the bytes of one packet on its way through the layers, with room in front for headers to come.
 *
 *     bytes   |<-- headroom -->|<------- packet ------->|<-- tailroom -->|
 *             0              start                     end        bytes.length
 *
 * `push` moves `start` down to make room for a header, `pull` moves it up past one that was read. Headers are read
 * and written in place, through `view`, by functions over an offset: no object per header.
 *
 * Ownership. A buffer has one owner, who passes it on by calling (transmit, input) and then no longer touches it, or
 * who ends it with `release`. Whoever keeps the bytes beside the new owner (TCP keeps what is not acknowledged) calls
 * `retain` first, and then nobody may write to them: `shared` tells, and `writable()` gives a buffer that may be
 * written. The offsets (`start`, `end`, `l2`, `l3`, `l4`) belong to whoever holds the packet *in transit*; who merely
 * retains the bytes remembers the offsets on its own.
 */

/** What is known of the transport checksum inside the packet. */
export const Checksum = {
  /** Nothing: the receiver must sum. */
  None: 0,
  /** The field holds the pseudo header's sum only: whoever needs the real bytes must complete it first. */
  Partial: 1,
  /** A trusted device says that it is right. */
  Trusted: 2,
  /** Summed here and found right. */
  Verified: 3,
} as const;

/** Bytes kept free in front of a payload: Ethernet 14 + VLAN 4 + IPv4 or IPv6 60 + TCP 60 and some. */
export const HEADROOM = 160;

/** The frame check sequence is right by construction and is computed when somebody looks. */
export const FCS_IMPLIED = -1;

export class PacketBuffer {
  /** The memory, and the two ways to look at all of it. */
  storage: ArrayBuffer;
  bytes: Uint8Array;
  view: DataView;
  start = 0;
  end = 0;
  /** Offsets of the headers in `bytes`, -1 while unknown. */
  l2 = -1;
  l3 = -1;
  l4 = -1;
  /** One of `Checksum`; for `Partial`, where the sum begins and where it is to be stored (offsets in `bytes`). */
  checksum: number = Checksum.None;
  checksumStart = 0;
  checksumField = 0;
  /** Payload bytes of each segment when this is a super-segment to be cut later; 0 for an ordinary packet. */
  segmentSize = 0;
  /** FCS_IMPLIED, or the 32 bits that really follow the frame on the wire (after bit errors they do not match). */
  fcs = FCS_IMPLIED;
  /** Names the packet along its whole way through the network; copies keep it. For traces and explanations. */
  id = 0;
  /** The number of the interface by which it came in, as the network layer counts them; 0: it came by none. */
  device = 0;
  /** How many hold the bytes. */
  refs = 0;
  /** Link for queues that hold packets without allocating. */
  next: PacketBuffer | null = null;
  readonly pool: PacketPool;
  /** Size class in the pool; -1: too large to be kept. */
  sizeClass: number;

  constructor(pool: PacketPool, capacity: number, sizeClass: number) {
    const storage = new ArrayBuffer(capacity);
    this.storage = storage;
    this.bytes = new Uint8Array(storage);
    this.view = new DataView(storage);
    this.pool = pool;
    this.sizeClass = sizeClass;
  }

  get length(): number {
    return this.end - this.start;
  }
  get headroom(): number {
    return this.start;
  }
  get tailroom(): number {
    return this.bytes.length - this.end;
  }
  /** True while somebody else holds the same bytes: they must not be written. */
  get shared(): boolean {
    return this.refs > 1;
  }

  /**
   * Makes room for `n` bytes in front and returns the offset of the first. Like `put` it may move the packet to other
   * storage: read `bytes` and `view` after it, and hold no offset over it that is not one of the packet's own.
   */
  push(n: number): number {
    if (this.start < n) this.grow(n - this.start + HEADROOM, 0);
    this.start -= n;
    return this.start;
  }

  /** Steps over `n` bytes at the front (after the caller has checked the length) and returns the new start. */
  pull(n: number): number {
    this.start += n;
    return this.start;
  }

  /** Cuts the packet to its first `n` bytes, if it has more. */
  trim(n: number): void {
    if (this.start + n < this.end) this.end = this.start + n;
  }

  /** Makes room for `n` bytes at the end and returns the offset of the first. Their content is undefined. */
  put(n: number): number {
    if (this.bytes.length - this.end < n) this.grow(0, n - this.tailroom);
    const at = this.end;
    this.end += n;
    return at;
  }

  /** Appends a copy of `source[from, to)`. */
  append(source: Uint8Array, from = 0, to = source.length): void {
    this.appendFrom(source.buffer, source.byteOffset + from, to - from);
  }

  /** Appends a copy of `length` bytes of `memory`, from `offset` on. */
  appendFrom(memory: ArrayBufferLike, offset: number, length: number): void {
    const at = this.put(length);
    this.bytes.set(new Uint8Array(memory, offset, length), at);
  }

  /**
   * The bytes `[from, to)` of the storage, as a view: valid while the packet is held. For copying: `subarray` does the
   * same in three times the time, for it asks what kind of array it should make.
   */
  part(from: number, to: number): Uint8Array {
    return new Uint8Array(this.storage, from, to - from);
  }

  /** The packet's bytes from `start` to `end`, as a view: valid while the packet is held. */
  slice(): Uint8Array {
    return this.part(this.start, this.end);
  }

  /** One more holder of the bytes, each of whom releases; from now on nobody may write to them. */
  retain(): this {
    if (this.refs <= 0) throw new Error('PacketBuffer.retain: already released');
    this.refs++;
    return this;
  }

  /** Gives up one hold; the last one returns the storage to the pool. */
  release(): void {
    if (--this.refs <= 0) this.pool.reclaim(this);
  }

  /** An independent packet with the same bytes (headers that were pulled included), offsets, state and id. */
  copy(): PacketBuffer {
    const twin = this.pool.acquire(this.end - this.start, this.start);
    let from = this.start;
    if (this.l2 >= 0 && this.l2 < from) from = this.l2;
    if (this.l3 >= 0 && this.l3 < from) from = this.l3;
    if (this.l4 >= 0 && this.l4 < from) from = this.l4;
    twin.bytes.set(this.part(from, this.end), from);
    twin.end = this.end;
    twin.takeStateOf(this);
    return twin;
  }

  /**
   * This packet when its owner holds it alone, otherwise a copy (and this hold is released): what to write into.
   * Use it as `packet = packet.writable()`.
   */
  writable(): PacketBuffer {
    if (this.refs <= 1) return this;
    const twin = this.copy();
    this.release();
    return twin;
  }

  private takeStateOf(other: PacketBuffer): void {
    this.l2 = other.l2;
    this.l3 = other.l3;
    this.l4 = other.l4;
    this.checksum = other.checksum;
    this.checksumStart = other.checksumStart;
    this.checksumField = other.checksumField;
    this.segmentSize = other.segmentSize;
    this.fcs = other.fcs;
    this.id = other.id;
    this.device = other.device;
  }

  /** Moves to larger storage with `front` more bytes before and `back` more bytes behind. Slow, and rare. */
  private grow(front: number, back: number): void {
    if (this.refs > 1) throw new Error('PacketBuffer.grow: the bytes are shared; call writable() first');
    const old = this.bytes;
    const capacity = old.length + front + back;
    this.pool.resize(this, capacity);
    this.bytes.set(old.subarray(this.start, this.end), this.start + front);
    this.start += front;
    this.end += front;
    if (this.l2 >= 0) this.l2 += front;
    if (this.l3 >= 0) this.l3 += front;
    if (this.l4 >= 0) this.l4 += front;
    this.checksumStart += front;
    this.checksumField += front;
  }
}

/** Capacities of the size classes: acknowledgements, Ethernet frames, jumbo frames, super-segments. */
const CLASSES = [384, 2048, 9728, 66_048] as const;

/** The smallest class that holds `capacity` bytes; -1 when none does. */
function sizeClassOf(capacity: number): number {
  if (capacity <= CLASSES[1]) return capacity <= CLASSES[0] ? 0 : 1;
  if (capacity <= CLASSES[3]) return capacity <= CLASSES[2] ? 2 : 3;
  return -1;
}

/**
 * The storage of all packets of one network, in four size classes, each with a bounded free list.
 *
 * `outstanding` counts what was acquired and not yet released: the leak check of every test. With `track()` on, each
 * outstanding packet remembers where it was acquired.
 */
export class PacketPool {
  outstanding = 0;
  outstandingBytes = 0;
  /** True past the limit: whoever lets packets in (a link, a TAP) drops. */
  tight = false;
  private readonly free: readonly PacketBuffer[][] = CLASSES.map(() => []);
  private readonly limitBytes: number;
  /** Packets that are kept free, by size class. */
  private readonly maxFree: readonly number[];
  private nextId = 1;
  private acquiredAt: Map<PacketBuffer, Error> | null = null;

  constructor(limits: { poolBytes: number; poolFreeBuffers: number; poolFreeBytes?: number }) {
    this.limitBytes = limits.poolBytes;
    const { poolFreeBuffers, poolFreeBytes = Infinity } = limits;
    this.maxFree = CLASSES.map((size) => Math.min(poolFreeBuffers, Math.floor(poolFreeBytes / size)));
  }

  /** An empty packet with room for `capacity` bytes behind `headroom`; the caller owns it. Bytes are not cleared. */
  acquire(capacity: number, headroom = HEADROOM): PacketBuffer {
    const need = capacity + headroom;
    const sizeClass = sizeClassOf(need);
    let packet: PacketBuffer | undefined;
    if (sizeClass >= 0) {
      packet = this.free[sizeClass]!.pop();
      if (packet === undefined) packet = new PacketBuffer(this, CLASSES[sizeClass]!, sizeClass);
    } else {
      packet = new PacketBuffer(this, need, -1);
    }
    packet.start = headroom;
    packet.end = headroom;
    packet.refs = 1;
    packet.id = this.nextId++;
    this.outstanding++;
    this.outstandingBytes += packet.bytes.length;
    this.tight = this.outstandingBytes > this.limitBytes;
    if (this.acquiredAt !== null) this.acquiredAt.set(packet, new Error('acquired'));
    return packet;
  }

  /** A packet that holds a copy of `bytes`. */
  from(bytes: Uint8Array, headroom = HEADROOM): PacketBuffer {
    const packet = this.acquire(bytes.length, headroom);
    packet.append(bytes);
    return packet;
  }

  /** Called by the last `release`. */
  reclaim(packet: PacketBuffer): void {
    if (packet.refs < 0) throw new Error('PacketBuffer.release: released twice');
    this.outstanding--;
    this.outstandingBytes -= packet.bytes.length;
    this.tight = this.outstandingBytes > this.limitBytes;
    if (this.acquiredAt !== null) this.acquiredAt.delete(packet);
    if (packet.sizeClass < 0) return;
    const free = this.free[packet.sizeClass]!;
    if (free.length >= this.maxFree[packet.sizeClass]!) return;
    packet.l2 = -1;
    packet.l3 = -1;
    packet.l4 = -1;
    packet.checksum = Checksum.None;
    packet.segmentSize = 0;
    packet.fcs = FCS_IMPLIED;
    packet.device = 0;
    packet.next = null;
    free.push(packet);
  }

  /** Gives `packet` new storage of at least `capacity` bytes; its owner moves the content. */
  resize(packet: PacketBuffer, capacity: number): void {
    this.outstandingBytes -= packet.bytes.length;
    const sizeClass = sizeClassOf(capacity);
    const storage = new ArrayBuffer(sizeClass >= 0 ? CLASSES[sizeClass]! : capacity);
    packet.storage = storage;
    packet.bytes = new Uint8Array(storage);
    packet.view = new DataView(storage);
    packet.sizeClass = sizeClass;
    this.outstandingBytes += packet.bytes.length;
    this.tight = this.outstandingBytes > this.limitBytes;
  }

  /** From now on remembers where each packet was acquired: slow, for the search of a leak. */
  track(): void {
    this.acquiredAt = new Map();
  }

  /** Where the packets that are still out were acquired (after `track()`). */
  leaks(): string[] {
    return this.acquiredAt === null ? [] : Array.from(this.acquiredAt.values(), (error) => error.stack ?? '');
  }
}
