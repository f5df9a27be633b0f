import { fieldOf } from '../mail/message.ts';
import type { Article } from './news-store.ts';

/** The fields of an overview, in RFC 3977 8.4's order; those with a colon in front are no fields but counts. */
export const OVERVIEW = ['Subject:', 'From:', 'Date:', 'Message-ID:', 'References:', ':bytes', ':lines', 'Xref:full'];

/** A line of OVER: what is between the tabs has none, nor an end of a line. */
export function overviewLine(number: number, article: Article): string {
  const fields = ['Subject', 'From', 'Date', 'Message-ID', 'References', ':bytes', ':lines'];
  const xref = fieldOf(article.message, 'Xref') ?? '';
  return [number, ...fields.map((name) => headerOf(article, name)), `Xref: ${xref}`].join('\t');
}

/** What HDR tells: a field, or a count of an article (RFC 3977 8.5). */
export function headerOf(article: Article, name: string): string {
  if (name.toLowerCase() === ':bytes') return String(article.bytes.length);
  if (name.toLowerCase() === ':lines') return String(article.lines);
  return (fieldOf(article.message, name) ?? '').replace(/[\0\t\r\n]/g, ' ');
}
