import koffi from 'koffi';

/**
 * The few calls of the C library that a TAP needs, through koffi.
 *
 * Buffers go over as addresses, which costs a third less than handing over a typed array, and allocates nothing. The
 * memory behind an `ArrayBuffer` of its own does not move; whoever passes its address holds the buffer during the call.
 */
export interface Libc {
  open(path: string, flags: number): number;
  close(fd: number): number;
  read(fd: number, address: number, length: number): number;
  writev(fd: number, address: number, count: number): number;
  /** `argument`: memory that is read and written. */
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  /** For requests whose argument is a number and no pointer. */
  ioctlNumber(fd: number, request: number, argument: number): number;
  socket(domain: number, type: number, protocol: number): number;
  /** 0 when there is no such interface in this thread's network namespace. */
  interfaceIndex(name: string): number;
  setNamespace(fd: number, kind: number): number;
  /** A file system that is mounted without a place: `interface-file.ts`. */
  fsopen(type: string, flags: number): number;
  fsconfig(context: number, command: number): number;
  fsmount(context: number, flags: number): number;
  openat(directory: number, path: string, flags: number): number;
}

/** Linux's numbers of system calls that not every C library has a function for; the same on every architecture. */
const SYS_FSOPEN = 430;
const SYS_FSCONFIG = 431;
const SYS_FSMOUNT = 432;

let loaded: Libc | null = null;

/** Throws where there is no koffi for the machine, or no such C library. */
export function libc(): Libc {
  if (loaded !== null) return loaded;
  // The symbols of the running program: Node is linked with the C library of the machine, glibc or musl.
  const library = koffi.load(null);
  const fsopen = library.func('syscall', 'long', ['long', 'str', 'uint']);
  const fsconfig = library.func('syscall', 'long', ['long', 'int', 'uint', 'uintptr_t', 'uintptr_t', 'int']);
  const fsmount = library.func('syscall', 'long', ['long', 'int', 'uint', 'uint']);
  loaded = {
    open: library.func('open', 'int', ['str', 'int']),
    close: library.func('close', 'int', ['int']),
    read: library.func('read', 'long', ['int', 'uintptr_t', 'size_t']),
    writev: library.func('writev', 'long', ['int', 'uintptr_t', 'int']),
    ioctl: library.func('ioctl', 'int', ['int', 'ulong', koffi.inout('uint8_t *')]),
    ioctlNumber: library.func('ioctl', 'int', ['int', 'ulong', 'ulong']),
    socket: library.func('socket', 'int', ['int', 'int', 'int']),
    interfaceIndex: library.func('if_nametoindex', 'uint', ['str']),
    setNamespace: library.func('setns', 'int', ['int', 'int']),
    fsopen: (type, flags) => fsopen(SYS_FSOPEN, type, flags),
    fsconfig: (context, command) => fsconfig(SYS_FSCONFIG, context, command, 0, 0, 0),
    fsmount: (context, flags) => fsmount(SYS_FSMOUNT, context, flags, 0),
    openat: library.func('openat', 'int', ['int', 'str', 'int']),
  };
  return loaded;
}

/** The error number of the last call that returned -1. */
export function errno(): number {
  return koffi.errno();
}

/** Where the bytes are in memory. Valid as long as somebody holds them. */
export function addressOf(bytes: Uint8Array | Float64Array | Uint32Array): number {
  return Number(koffi.address(bytes));
}

const addresses = new WeakMap<Uint8Array, number>();

/** As `addressOf`, remembered for the storage of a packet, which comes round again and again. */
export function storageAddress(bytes: Uint8Array): number {
  let address = addresses.get(bytes);
  if (address === undefined) {
    address = addressOf(bytes);
    addresses.set(bytes, address);
  }
  return address;
}

/** A descriptor that is watched, until closed. */
export interface Readiness {
  /** Whether room for writing is waited for, too. */
  wantWritable(wanted: boolean): void;
  close(): void;
}

/**
 * Watches a descriptor with the event loop's own epoll: `ready` is called whenever it can be read (or written, when
 * that is wanted), `failed` once when it can no longer be watched (EPOLLERR: the device is gone).
 *
 * Both run as immediates, which follow at once: koffi calls from the poll phase without Node's bookkeeping, and promises
 * that were resolved there would wait for the next event.
 */
export function watch(fd: number, ready: () => void, failed: () => void): Readiness {
  // koffi 2.16 calls back with (status, events); its types know of the events only.
  const onPoll = (status: unknown): void => {
    setImmediate(typeof status === 'number' && status < 0 ? failed : ready);
  };
  const handle = koffi.node.poll(fd, { readable: true }, onPoll);
  return {
    wantWritable: (wanted) => handle.start({ readable: true, writable: wanted }, onPoll),
    close: () => handle.close(),
  };
}
