import { latin1Decode, latin1Encode } from '../../base/utf8.ts';
import { formatMailAddress, type MailAddress } from '../mail/address.ts';
import { formatMailDate, headerSafe, parseMessage } from '../mail/message.ts';
import type { DeliveryResult } from './client.ts';

/**
 * What a sender gets back when its message could not be delivered (RFC 3461's and RFC 3464's report: a part for people,
 * a part for programs, and the header of what it was).
 */
export function deliveryReport(
  reporter: string,
  sender: MailAddress,
  failures: readonly DeliveryResult[],
  message: Uint8Array,
  seconds: number,
  id: string,
): Uint8Array {
  const boundary = `=_${id}`;
  const told = failures.map(({ recipient, text }) => ({
    address: formatMailAddress(recipient),
    text: headerSafe(text).slice(0, 400),
  }));
  const header = latin1Decode(message, 0, parseMessage(message).bodyStart).replace(/\r?\n$/, '');
  const lines = [
    `From: Mail Delivery System <MAILER-DAEMON@${reporter}>`,
    `To: ${formatMailAddress(sender)}`,
    'Subject: Undelivered Mail Returned to Sender',
    `Date: ${formatMailDate(seconds)}`,
    `Message-ID: <${id}@${reporter}>`,
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    `This is the mail system at ${reporter}. Your message could not be delivered to:`,
    '',
    ...told.map(({ address, text }) => `  <${address}>: ${text}`),
    '',
    `--${boundary}`,
    'Content-Type: message/delivery-status',
    '',
    `Reporting-MTA: dns; ${reporter}`,
    ...told.flatMap(({ address, text }) => [
      '',
      `Final-Recipient: rfc822; ${address}`,
      'Action: failed',
      'Status: 5.0.0',
      `Diagnostic-Code: ${/^[2-5][0-9]{2} /.test(text) ? 'smtp' : 'x-netarium'}; ${text}`,
    ]),
    '',
    `--${boundary}`,
    'Content-Type: text/rfc822-headers',
    '',
    header,
    `--${boundary}--`,
    '',
  ];
  return latin1Encode(lines.join('\r\n'));
}
