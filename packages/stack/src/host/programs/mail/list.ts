import { fieldOf, headerSafe, parseMessage } from '../../../l7-application/mail/message.ts';

/** `   1 alice@lab.example   Thu, 01 Jan 1970 00:00:05 +0000   412  hello`. */
export function listLine(number: number, header: Uint8Array, bytes: number): string {
  const message = parseMessage(header);
  const part = (name: string, most: number) => headerSafe(fieldOf(message, name) ?? '').slice(0, most);
  const columns = [String(number).padStart(4), part('From', 60).padEnd(28), part('Date', 40).padEnd(31)];
  return `${columns.join(' ')} ${String(bytes).padStart(6)}  ${part('Subject', 120)}\n`;
}
