import { errno, type Libc, libc } from './libc.ts';
import { codeOf, failed, TunError } from './tun-error.ts';

const O_RDONLY = 0;
const O_CLOEXEC = 0x80000;
/** `<sched.h>` */
const CLONE_NEWNET = 0x40000000;

/**
 * Runs `action` with this thread in a network namespace, given by its file (`/run/netns/lab`, `/proc/1234/ns/net`), and
 * comes back: what is opened in it belongs there, wherever it is used. Nothing else runs meanwhile, for `action` waits
 * for nothing. Needs root. Throws a TunError when it cannot be entered.
 */
export function inNamespace<T>(namespace: string | undefined, action: () => T): T {
  if (namespace === undefined) return action();
  const c = libc();
  const home = c.open('/proc/thread-self/ns/net', O_RDONLY | O_CLOEXEC);
  const there = c.open(namespace, O_RDONLY | O_CLOEXEC);
  try {
    if (there < 0) throw new TunError(codeOf(errno()), `${namespace} is no network namespace that can be opened`);
    if (c.setNamespace(there, CLONE_NEWNET) !== 0) {
      throw new TunError(codeOf(errno()), `entering the network namespace ${namespace} needs root (CAP_SYS_ADMIN)`);
    }
    try {
      return action();
    } finally {
      comeBack(c, home);
    }
  } finally {
    if (there >= 0) c.close(there);
    c.close(home);
  }
}

/** A thread that stays in a namespace that is not its own would make everything that follows wrong. */
function comeBack(c: Libc, home: number): void {
  if (c.setNamespace(home, CLONE_NEWNET) !== 0) throw failed('setns', errno());
}
