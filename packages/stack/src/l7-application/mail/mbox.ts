import { latin1Decode, latin1Encode } from '../../base/utf8.ts';
import { civilTime, DAY_NAMES, MONTH_NAMES } from '../calendar.ts';
import type { StoredMessage } from './mailboxes.ts';

/**
 * Mailboxes as files (RFC 4155, in the way called mboxrd): each message begins with a line `From sender date`, and a line of
 * a message that looks like one, with any number of `>` before it, gets one `>` more. Lines end with LF.
 */
export function writeMbox(messages: readonly StoredMessage[]): Uint8Array {
  const texts = messages.map(({ bytes, sender, seconds }) => {
    const text = latin1Decode(bytes)
      .replace(/\r\n/g, '\n')
      .replace(/^(>*From )/gm, '>$1');
    const from = `From ${sender === '' ? 'MAILER-DAEMON' : sender} ${asctime(seconds)}\n`;
    return `${from}${text}${text.endsWith('\n') ? '' : '\n'}\n`;
  });
  return latin1Encode(texts.join(''));
}

/** The messages of such a file, with whom they are from; what stands before the first is nobody's. */
export function readMbox(bytes: Uint8Array): { sender: string; bytes: Uint8Array }[] {
  const text = latin1Decode(bytes).replace(/\r\n/g, '\n');
  const parts = text.split(/^From (.*)\n/m);
  const messages: { sender: string; bytes: Uint8Array }[] = [];
  for (let i = 1; i + 1 < parts.length; i += 2) {
    const sender = parts[i]!.split(' ')[0]!;
    const body = parts[i + 1]!.replace(/\n\n$/, '\n').replace(/^>(>*From )/gm, '$1');
    messages.push({
      sender: sender === 'MAILER-DAEMON' ? '' : sender,
      bytes: latin1Encode(body.replace(/\n/g, '\r\n')),
    });
  }
  return messages;
}

/** `Thu Jan  1 00:00:05 1970`. */
function asctime(seconds: number): string {
  const { year, month, day, hour, minute, second, weekday } = civilTime(seconds);
  const time = [hour, minute, second].map((value) => String(value).padStart(2, '0')).join(':');
  return `${DAY_NAMES[weekday]} ${MONTH_NAMES[month - 1]} ${String(day).padStart(2)} ${time} ${year}`;
}
