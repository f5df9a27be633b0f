import { WIRE_LIMITS } from '../limits.ts';
import { writeInterfaceFile } from './interface-file.ts';
import { errno, type Libc, libc } from './libc.ts';
import { inNamespace } from './namespace.ts';
import { cannotAttach, cannotOpen, failed, TunError } from './tun-error.ts';
import { VNET_HEADER } from './virtio-net-header.ts';

/** `<fcntl.h>` of Linux on x86 and ARM. */
const O_RDWR = 2;
const O_NONBLOCK = 0x800;
/** Without it a child process would hold the device, and nobody could open it again while the child lives. */
const O_CLOEXEC = 0x80000;

/** `<linux/if_tun.h>` */
const TUNSETIFF = 0x400454ca;
const TUNSETOFFLOAD = 0x400454d0;
const TUNSETSNDBUF = 0x400454d4;
const TUNSETVNETHDRSZ = 0x400454d8;
const TUNSETVNETLE = 0x400454dc;
const IFF_TUN = 0x0001;
const IFF_TAP = 0x0002;
const IFF_NAPI = 0x0010;
const IFF_MULTI_QUEUE = 0x0100;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
const TUN_F_CSUM = 0x01;
const TUN_F_TSO4 = 0x02;
const TUN_F_TSO6 = 0x04;
const TUN_F_TSO_ECN = 0x08;
const TUN_F_USO4 = 0x20;
const TUN_F_USO6 = 0x40;

/** `<linux/sockios.h>` */
const SIOCGIFMTU = 0x8921;
const SIOCSIFTXQLEN = 0x8943;
const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0x80000;

const EINVAL = 22;

/** `struct ifreq`: a name of 16 bytes, then what the request is about. */
const IFREQ = 40;
const IFNAMSIZ = 16;

/** What the kernel may hand over as it is, best first: it takes the first that it knows. */
const OFFLOADS = [
  {
    checksum: true,
    tcp: true,
    udp: true,
    flags: TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | TUN_F_USO4 | TUN_F_USO6,
  },
  { checksum: true, tcp: true, udp: false, flags: TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN },
  { checksum: true, tcp: true, udp: false, flags: TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 },
  { checksum: true, tcp: false, udp: false, flags: TUN_F_CSUM },
] as const;

const NO_OFFLOAD = { checksum: false, tcp: false, udp: false, flags: 0 } as const;

/** What kernel and we leave to each other: sums, and the cutting of TCP's and UDP's super-segments. */
export interface TunOffload {
  readonly checksum: boolean;
  readonly tcp: boolean;
  readonly udp: boolean;
}

export interface TunOptions {
  /** The interface's name, e.g. `tap0`; `tap%d` lets the kernel choose a number. It is made if it is not there. */
  device: string;
  /** `tap` carries Ethernet frames (default), `tun` bare IP packets. */
  mode?: 'tap' | 'tun';
  /** Default true. */
  offload?: boolean;
  /**
   * The kernel takes our frames in a thread of its own (threaded NAPI), a batch at a time, and joins those of one stream
   * (GRO): a write is cheaper, and a batch is acknowledged once. Single frames take longer, so the default is to do so
   * where frames are many and small: without offload. Where kernel (5.12) or privilege is missing, it is left.
   */
  receiveThread?: boolean;
  /** The file of a network namespace, e.g. `/run/netns/lab`: the interface is there rather than in ours. Needs root. */
  namespace?: string;
  /** Frames in the kernel's queue towards us; left as it is where that is not permitted. */
  queueFrames?: number;
  /** Bytes that may wait in the kernel for whoever receives them. */
  sendBufferBytes?: number;
}

/** An open TAP or TUN interface: a descriptor that reads and writes frames with virtio's header in front. */
export class TunDevice {
  readonly fd: number;
  /** As the kernel has it: with its number where `%d` was asked for. */
  readonly name: string;
  readonly offload: TunOffload;
  /** Largest IP packet that the kernel's side sends, bytes, when it was opened. */
  readonly mtu: number;
  /** The kernel takes our frames in a thread of its own. */
  readonly receiveThread: boolean;

  constructor(fd: number, name: string, offload: TunOffload, mtu: number, receiveThread: boolean) {
    this.fd = fd;
    this.name = name;
    this.offload = offload;
    this.mtu = mtu;
    this.receiveThread = receiveThread;
  }

  /** Opens, and makes if need be, an interface. Throws a TunError. */
  static open(options: TunOptions): TunDevice {
    if (process.platform !== 'linux') {
      throw new TunError('ENOSYS', `a TAP needs Linux's /dev/net/tun, and this is ${process.platform}`);
    }
    checkName(options.device);
    const c = libc();
    return inNamespace(options.namespace, () => openHere(c, options));
  }

  /** Is there an interface of this name (in the namespace)? */
  static exists(device: string, namespace?: string): boolean {
    const c = libc();
    return inNamespace(namespace, () => c.interfaceIndex(device) > 0);
  }

  close(): void {
    // A persistent TAP goes on: whoever opens it next need not know of virtio's header.
    libc().ioctlNumber(this.fd, TUNSETOFFLOAD, 0);
    libc().close(this.fd);
  }
}

function openHere(c: Libc, options: TunOptions): TunDevice {
  if (options.receiveThread ?? options.offload === false) {
    const device = openAs(c, options, true);
    // NAPI without the thread would cost more than it brings.
    if (device.receiveThread) return device;
    device.close();
  }
  return openAs(c, options, false);
}

function openAs(c: Libc, options: TunOptions, napi: boolean): TunDevice {
  const fd = c.open('/dev/net/tun', O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) throw cannotOpen(errno());
  try {
    const name = attach(c, fd, options, napi ? IFF_NAPI : 0);
    const offload = negotiate(c, fd, options);
    const mtu = configure(c, name, options);
    return new TunDevice(fd, name, offload, mtu, napi && writeInterfaceFile(name, 'threaded', '1'));
  } catch (error) {
    c.close(fd);
    throw error;
  }
}

/** TUNSETIFF: from now on the descriptor is this interface. */
function attach(c: Libc, fd: number, options: TunOptions, more: number): string {
  const kind = (options.mode === 'tun' ? IFF_TUN : IFF_TAP) | more;
  // An interface that was made for several queues wants to be asked as such.
  let request = interfaceRequest(options.device);
  let failure = 0;
  for (const queues of [0, IFF_MULTI_QUEUE]) {
    request = interfaceRequest(options.device);
    request.writeUInt16LE(kind | IFF_NO_PI | IFF_VNET_HDR | queues, IFNAMSIZ);
    if (c.ioctl(fd, TUNSETIFF, request) === 0) return nameIn(request);
    failure = errno();
    if (failure !== EINVAL) break;
  }
  throw cannotAttach(failure, options);
}

function negotiate(c: Libc, fd: number, options: TunOptions): TunOffload {
  const number = Buffer.alloc(4);
  number.writeInt32LE(VNET_HEADER);
  if (c.ioctl(fd, TUNSETVNETHDRSZ, number) !== 0) throw failed('TUNSETVNETHDRSZ', errno());
  number.writeInt32LE(1);
  if (c.ioctl(fd, TUNSETVNETLE, number) !== 0) throw failed('TUNSETVNETLE', errno());
  number.writeInt32LE(options.sendBufferBytes ?? WIRE_LIMITS.tapSendBufferBytes);
  if (c.ioctl(fd, TUNSETSNDBUF, number) !== 0) throw failed('TUNSETSNDBUF', errno());
  if (options.offload !== false) {
    for (const offload of OFFLOADS) {
      if (c.ioctlNumber(fd, TUNSETOFFLOAD, offload.flags) === 0) return offload;
    }
  }
  c.ioctlNumber(fd, TUNSETOFFLOAD, 0);
  return NO_OFFLOAD;
}

/** The queue's length, where we may; returns the MTU. */
function configure(c: Libc, name: string, options: TunOptions): number {
  const socket = c.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return 1500;
  const request = interfaceRequest(name);
  request.writeInt32LE(options.queueFrames ?? WIRE_LIMITS.tapKernelQueueFrames, IFNAMSIZ);
  // The owner of a persistent TAP may use it, and not change it: then `ip link set tap0 txqueuelen 5000` is root's.
  c.ioctl(socket, SIOCSIFTXQLEN, request);
  const answer = interfaceRequest(name);
  const mtu = c.ioctl(socket, SIOCGIFMTU, answer) === 0 ? answer.readInt32LE(IFNAMSIZ) : 1500;
  c.close(socket);
  return mtu;
}

function interfaceRequest(name: string): Buffer {
  const request = Buffer.alloc(IFREQ);
  request.write(name, 0, IFNAMSIZ - 1, 'latin1');
  return request;
}

function nameIn(request: Buffer): string {
  const end = request.indexOf(0);
  return request.toString('latin1', 0, end < 0 || end > IFNAMSIZ ? IFNAMSIZ : end);
}

/** What the kernel's `dev_valid_name` asks for. */
function checkName(name: string): void {
  if (/^[!-.0-9;-~]{1,15}$/.test(name) && name !== '.' && name !== '..') return;
  throw new TunError(
    'EINVAL',
    `"${name}" cannot be an interface's name: 1 to 15 characters without space, "/" and ":"`,
  );
}
