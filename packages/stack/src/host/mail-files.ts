import { Errno, NetError } from '../base/errors.ts';
import { Mailboxes } from '../l7-application/mail/mailboxes.ts';
import { readMbox, writeMbox } from '../l7-application/mail/mbox.ts';
import type { FileStat, Files } from './files.ts';
import type { Machine } from './machine.ts';

const SPOOL = '/var/mail';

/**
 * A host's mailboxes, shown as the files that people look for: `/var/mail/USER`. They are kept in memory; programs
 * that deliver and fetch mail work with the mailboxes themselves.
 */
export class MailFiles implements Files {
  readonly immediate = true;
  readonly mailboxes: Mailboxes;

  constructor(mailboxes: Mailboxes) {
    this.mailboxes = mailboxes;
  }

  async stat(path: string): Promise<FileStat | null> {
    if (path === '/') return { kind: 'directory', size: 0, modifiedMs: 0 };
    const text = this.text(path);
    return text === null ? null : { kind: 'file', size: text.length, modifiedMs: 0 };
  }

  async read(path: string): Promise<Uint8Array> {
    const text = this.text(path);
    if (text === null) throw new NetError(path === '/' ? Errno.EISDIR : Errno.ENOENT, 'open', path);
    return text;
  }

  async list(path: string): Promise<string[]> {
    if (path !== '/') throw new NetError(this.text(path) === null ? Errno.ENOENT : Errno.ENOTDIR, 'scandir', path);
    return this.mailboxes.users;
  }

  /** Mail comes by SMTP. */
  async write(path: string, _bytes: Uint8Array): Promise<void> {
    throw new NetError(Errno.EACCES, 'open', path);
  }

  private text(path: string): Uint8Array | null {
    const mailbox = this.mailboxes.find(path.slice(1));
    return mailbox === null ? null : writeMbox(mailbox.messages);
  }
}

/** The mailboxes of a host. The first who asks gets them made, with what files in `/var/mail` had until then. */
export async function mailboxesOf(host: Machine): Promise<Mailboxes> {
  const known = host.files.mountedAt(SPOOL);
  if (known instanceof MailFiles) return known.mailboxes;
  const mailboxes = new Mailboxes();
  for (const user of await host.files.list(SPOOL).catch(() => [])) {
    const bytes = await host.files.read(`${SPOOL}/${user}`).catch(() => null);
    for (const message of bytes === null ? [] : readMbox(bytes)) {
      mailboxes.open(user)?.add(message.bytes, message.sender, 0);
    }
  }
  // Another program may have made them while we read.
  const made = host.files.mountedAt(SPOOL);
  if (made instanceof MailFiles) return made.mailboxes;
  host.files.mount(SPOOL, new MailFiles(mailboxes));
  return mailboxes;
}
