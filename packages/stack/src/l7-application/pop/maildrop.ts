import { md5 } from '../../base/md5.ts';
import { utf8Encode } from '../../base/utf8.ts';
import type { Mailbox, Mailboxes, StoredMessage } from '../mail/mailboxes.ts';

/** Who may fetch mail. */
export interface PopAccounts {
  readonly mailboxes: Mailboxes;
  /** Users in lower case and their passwords. */
  readonly passwords: ReadonlyMap<string, string>;
}

/**
 * A mailbox while somebody has it open: its messages as they were at the beginning, numbered from 1, and those marked to be
 * deleted. What is marked is deleted by `update` and by nothing else (RFC 1939 6).
 */
export class Maildrop {
  readonly messages: readonly StoredMessage[];
  private readonly mailbox: Mailbox;
  private readonly deleted = new Set<string>();

  private constructor(mailbox: Mailbox) {
    this.mailbox = mailbox;
    this.messages = [...mailbox.messages];
  }

  /** Null: somebody else has it open, or there is no room for one more mailbox. */
  static open(mailboxes: Mailboxes, user: string): Maildrop | null {
    const mailbox = mailboxes.open(user);
    if (mailbox === null || mailbox.locked) return null;
    mailbox.locked = true;
    return new Maildrop(mailbox);
  }

  /** The message of this number (from 1); null: there is none, or it is deleted. */
  get(number: number): StoredMessage | null {
    const message = this.messages[number - 1];
    return message === undefined || this.deleted.has(message.uid) ? null : message;
  }

  /** Those that are not deleted, with their numbers. */
  list(): { number: number; message: StoredMessage }[] {
    return this.messages
      .map((message, i) => ({ number: i + 1, message }))
      .filter(({ message }) => !this.deleted.has(message.uid));
  }

  delete(number: number): void {
    const message = this.get(number);
    if (message !== null) this.deleted.add(message.uid);
  }

  undelete(): void {
    this.deleted.clear();
  }

  update(): void {
    this.mailbox.remove(this.deleted);
  }

  close(): void {
    this.mailbox.locked = false;
  }
}

/** RFC 1939 7, APOP: what proves that one knows the password, 32 digits. */
export function apopDigest(timestamp: string, password: string): string {
  return [...md5(utf8Encode(timestamp + password))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
