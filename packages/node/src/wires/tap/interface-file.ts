import { writeSync } from 'node:fs';
import { type Libc, libc } from './libc.ts';

const O_WRONLY = 1;
const O_CLOEXEC = 0x80000;
/** `<linux/mount.h>` */
const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const FSCONFIG_CMD_CREATE = 6;

/**
 * Writes to one of an interface's files in sysfs (`/sys/class/net/tap0/threaded`), in the network namespace that this
 * thread is in: `/sys` itself shows those of whoever mounted it. So sysfs is mounted anew, and nowhere: the mount has no
 * place in the tree and is gone with its descriptor. True when it worked; it needs root and Linux 5.2.
 */
export function writeInterfaceFile(device: string, file: string, value: string): boolean {
  const c = libc();
  const context = c.fsopen('sysfs', FSOPEN_CLOEXEC);
  if (context < 0) return false;
  const made = c.fsconfig(context, FSCONFIG_CMD_CREATE);
  const mount = made < 0 ? -1 : c.fsmount(context, FSMOUNT_CLOEXEC);
  c.close(context);
  if (mount < 0) return false;
  const fd = c.openat(mount, `class/net/${device}/${file}`, O_WRONLY | O_CLOEXEC);
  c.close(mount);
  return fd >= 0 && writeAndClose(c, fd, value);
}

function writeAndClose(c: Libc, fd: number, value: string): boolean {
  try {
    return writeSync(fd, value) === value.length;
  } catch {
    return false; // the interface has no such thing, or the value makes no sense to it
  } finally {
    c.close(fd);
  }
}
