import type { Dissection, Field } from './dissection.ts';

/** Advertisements that a sentence names; the rest it counts. */
const NAMED = 3;
const MAX_AGE = 3600;

const KINDS: Readonly<Record<number, string>> = {
  1: 'the links of router',
  2: 'the routers on network',
  3: 'the way to network',
  4: 'the way to border router',
  5: 'the way out to network',
};

/** What an OSPF packet says (RFC 2328 4.3); null: it is none, or cannot be read. */
export function ospfSentence(dissection: Dissection): string | null {
  const layer = dissection.layers.find(({ name }) => name === 'ospf');
  const type = layer === undefined ? undefined : first(layer, 'ospf.msg')?.value;
  if (layer === undefined || type === undefined) return null;
  const who = `router ${text(layer, 'ospf.srcrouter')}`;
  switch (type) {
    case 1:
      return helloSentence(layer, who);
    case 2:
      return descriptionSentence(layer, who);
    case 3:
      return `${who} asks for ${listed(all(layer, 'ospf.lsr').map((each) => request(each)))}`;
    case 4:
      return updateSentence(layer, who);
    case 5: {
      const count = all(layer, 'ospf.lsa_header').length;
      return `${who} has received ${count === 1 ? 'an advertisement' : `${count} advertisements`}`;
    }
    default:
      return null;
  }
}

function helloSentence(layer: Field, who: string): string | null {
  const hello = first(layer, 'ospf.hello');
  if (hello === undefined) return null;
  const heard = all(hello, 'ospf.hello.active_neighbor').map((each) => each.text);
  const parts = [`${who} says hello, and hears ${heard.length === 0 ? 'nobody yet' : listed(heard)}`];
  const designated = text(hello, 'ospf.hello.designated_router');
  const backup = text(hello, 'ospf.hello.backup_designated_router');
  if (designated !== '0.0.0.0') {
    parts.push(`the designated router is ${designated}${backup === '0.0.0.0' ? '' : `, its backup ${backup}`}`);
  }
  return parts.join('; ');
}

function descriptionSentence(layer: Field, who: string): string {
  const set = (name: string): boolean => first(layer, name)?.value === true;
  const number = text(layer, 'ospf.db.dd_sequence');
  if (set('ospf.dbd.i')) return `${who} wants to compare databases, and to lead, beginning with number ${number}`;
  const count = all(layer, 'ospf.lsa_header').length;
  const more = set('ospf.dbd.m') ? ', and more' : '';
  const part = set('ospf.dbd.ms') ? 'leads' : 'follows';
  return `${who} ${part}, number ${number}: it has ${count === 0 ? 'nothing more' : `${count} advertisements${more}`}`;
}

function updateSentence(layer: Field, who: string): string {
  const said: string[] = [];
  const taken: string[] = [];
  for (const each of all(layer, 'ospf.lsa_header')) {
    const gone = Number(first(each, 'ospf.lsa.age')?.value) >= MAX_AGE;
    const links = first(each, 'ospf.lsa.number_of_links')?.value;
    (gone ? taken : said).push(links === undefined ? subject(each) : `${subject(each)} (${links})`);
  }
  const parts: string[] = [];
  if (said.length > 0) parts.push(`tells ${listed(said)}`);
  if (taken.length > 0) parts.push(`passes on that this is no more: ${listed(taken)}`);
  return parts.length === 0 ? `${who} has no news` : `${who} ${parts.join('; ')}`;
}

function subject(lsa: Field): string {
  const type = Number(first(lsa, 'ospf.lsa')?.value);
  return `${KINDS[type] ?? `an advertisement of type ${type}`} ${text(lsa, 'ospf.lsa.id')}`;
}

function request(entry: Field): string {
  const type = Number(first(entry, 'ospf.lsa')?.value);
  return `${KINDS[type] ?? `an advertisement of type ${type}`} ${text(entry, 'ospf.link_state_id')}`;
}

function listed(words: readonly string[]): string {
  if (words.length <= NAMED) return words.join(', ');
  return `${words.slice(0, NAMED).join(', ')} and ${words.length - NAMED} more`;
}

function text(field: Field, name: string): string {
  return first(field, name)?.text ?? '';
}

/** The first field of this name inside another. */
function first(field: Field, name: string): Field | undefined {
  for (const child of field.children) {
    const found = child.name === name ? child : first(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function all(field: Field, name: string): Field[] {
  return field.children.flatMap((child) => (child.name === name ? [child] : all(child, name)));
}
