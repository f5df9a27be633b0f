/** How much mail a host keeps, each with its reason. */
export interface MailLimits {
  /** Mailboxes of a host. */
  readonly mailboxes: number;
  /** Messages in one mailbox: past it the mailbox is full (452). */
  readonly messages: number;
  /** Bytes in one mailbox, likewise. */
  readonly mailboxBytes: number;
  /** Bytes of one message, which SIZE tells (RFC 1870). Postfix's `message_size_limit` is 10 MiB as well. */
  readonly messageBytes: number;
}

export const MAIL_LIMITS: MailLimits = {
  mailboxes: 1000,
  messages: 10_000,
  mailboxBytes: 50 << 20,
  messageBytes: 10 << 20,
};
