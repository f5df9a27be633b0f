import type { NetError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { Known } from '../dns/cache.ts';
import { DomainName } from '../dns/name.ts';
import type { ResourceRecord } from '../dns/record.ts';
import { Type } from '../dns/types.ts';
import { literalAddress } from '../mail/address.ts';

/** The servers that take a domain's mail, the best first; or why there are none. */
export type MailRoute =
  | { readonly kind: 'servers'; readonly servers: readonly string[] }
  | { readonly kind: 'temporary' | 'permanent'; readonly text: string };

/**
 * Where mail for a domain goes (RFC 5321 5.1): to the servers that its MX records name, those of one preference in any
 * order; without such records to the host of this name. Servers no better than ourselves are left out: they would send
 * it back to us. `find` asks the DNS; null: there is none, and names of hosts are all that is known.
 */
export async function mailRoute(
  domain: string,
  find: ((name: DomainName, type: number) => Promise<Known>) | null,
  isSelf: (host: string) => boolean,
  random: Random,
): Promise<MailRoute> {
  const literal = literalAddress(domain);
  if (literal !== null) return { kind: 'servers', servers: [literal.toString()] };
  const name = DomainName.parse(`${domain}.`);
  if (name === null) return { kind: 'permanent', text: `${domain} is no legal name` };
  const implicit: MailRoute = { kind: 'servers', servers: [domain] };
  if (find === null) return implicit;
  const known = await find(name, Type.MX);
  if (known.kind === 'failure') return { kind: 'temporary', text: `the DNS does not tell of ${domain}: ${known.text}` };
  if (known.kind === 'absence') return implicit;
  const records = [...known.set].map((record) => ({
    preference: preferenceOf(record),
    host: record.target!.toString().replace(/\.$/, '').toLowerCase(),
    mixed: random.below(1 << 30),
  }));
  // RFC 7505: a single MX of the root says that the domain takes no mail.
  if (records.length === 1 && records[0]!.host === '') return { kind: 'permanent', text: `${domain} takes no mail` };
  const own = Math.min(...records.filter(({ host }) => isSelf(host)).map(({ preference }) => preference));
  const better = records.filter(({ host, preference }) => preference < own && host !== '');
  if (better.length === 0) return { kind: 'permanent', text: `mail for ${domain} would come back to this server` };
  better.sort((a, b) => a.preference - b.preference || a.mixed - b.mixed);
  return { kind: 'servers', servers: better.map(({ host }) => host) };
}

function preferenceOf(record: ResourceRecord): number {
  return record.data[0] as number;
}

/** A name that nobody has is for ever; everything else may pass. */
export function isPermanent(error: NetError): boolean {
  return error.code === 'EAI_NONAME';
}
