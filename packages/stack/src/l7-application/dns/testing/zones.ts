import { DomainName } from '../name.ts';
import { Zone } from '../zone.ts';

export const name = (text: string): DomainName => {
  const parsed = DomainName.parse(text);
  if (parsed === null) throw new Error(`${text} is no name`);
  return parsed;
};

/** The zone of a master file that is right. */
export function zone(text: string, origin = '.'): Zone {
  const made = Zone.parse(text, name(origin));
  if (!(made instanceof Zone)) throw new Error(made.problems.map(({ line, what }) => `${line}: ${what}`).join('\n'));
  return made;
}

/** A zone with an SOA and one server, and what else is given. */
export function smallZone(origin: string, records: string, server = `ns.${origin}`): Zone {
  const head = `$TTL 1h\n@ SOA ${server} hostmaster 1 1h 15m 1w 5m\n@ NS ${server}\n`;
  return zone(head + records, origin);
}
