import { MAIL_LIMITS, type MailLimits } from './limits.ts';

/** A message in a mailbox. */
export interface StoredMessage {
  /** Unique in its mailbox for ever (RFC 1939 7, UIDL): 1 to 70 characters from `!` to `~`. */
  readonly uid: string;
  /** As it was sent, with its trace fields; lines end with CRLF. */
  readonly bytes: Uint8Array;
  /** Whom errors would have gone to; '' for nobody. */
  readonly sender: string;
  /** When it came, seconds since 1970. */
  readonly seconds: number;
}

/** One user's mail. */
export class Mailbox {
  readonly user: string;
  /** Somebody has it open with POP: nobody else may (RFC 1939 4). Mail comes in all the same. */
  locked = false;
  private readonly limits: MailLimits;
  private readonly stored: StoredMessage[] = [];
  private bytesStored = 0;
  private nextUid = 1;

  constructor(user: string, limits: MailLimits) {
    this.user = user;
    this.limits = limits;
  }

  get messages(): readonly StoredMessage[] {
    return this.stored;
  }

  get bytes(): number {
    return this.bytesStored;
  }

  hasRoomFor(bytes: number): boolean {
    return this.stored.length < this.limits.messages && this.bytesStored + bytes <= this.limits.mailboxBytes;
  }

  /** Puts a message in; false: there is no room. */
  add(bytes: Uint8Array, sender: string, seconds: number): boolean {
    if (!this.hasRoomFor(bytes.length)) return false;
    this.stored.push({ uid: `${seconds}.${this.nextUid++}`, bytes, sender, seconds });
    this.bytesStored += bytes.length;
    return true;
  }

  /** Takes messages out; those that are gone already are no error. */
  remove(uids: ReadonlySet<string>): void {
    for (let i = this.stored.length - 1; i >= 0; i--) {
      if (!uids.has(this.stored[i]!.uid)) continue;
      this.bytesStored -= this.stored[i]!.bytes.length;
      this.stored.splice(i, 1);
    }
  }
}

/** The mailboxes of a host, by user. Names are told apart without regard to case. */
export class Mailboxes {
  private readonly limits: MailLimits;
  private readonly byUser = new Map<string, Mailbox>();

  constructor(limits: MailLimits = MAIL_LIMITS) {
    this.limits = limits;
  }

  get users(): string[] {
    return [...this.byUser.keys()].sort();
  }

  find(user: string): Mailbox | null {
    return this.byUser.get(user.toLowerCase()) ?? null;
  }

  /** The user's mailbox, made when there is none; null: there are as many as may be. */
  open(user: string): Mailbox | null {
    const key = user.toLowerCase();
    const known = this.byUser.get(key);
    if (known !== undefined) return known;
    if (this.byUser.size >= this.limits.mailboxes) return null;
    const made = new Mailbox(key, this.limits);
    this.byUser.set(key, made);
    return made;
  }
}
