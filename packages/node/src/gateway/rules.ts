import { IpAddress } from '@netarium/stack/base/ip-address';
import { Prefix } from '@netarium/stack/base/prefix';
import { BuildError } from '@netarium/stack/network/build-error';
import { parsePortRange } from '@netarium/stack/network/outside-words';

export type RuleProtocol = 'tcp' | 'udp' | 'icmp';

/** Who may be reached: plain data, as it stands in a scenario. The first rule that matches decides. */
export interface RuleDescription {
  action: 'allow' | 'deny';
  /** Absent: all of them. */
  protocol?: RuleProtocol;
  /** Real addresses: `127.0.0.0/8`, `192.0.2.7`, or `any`. */
  to: string;
  /** `80`, `8000-8080`, `53,80,443`; absent: all. Ports are TCP's and UDP's: a rule with ports says nothing of ICMP. */
  ports?: string;
}

/** What a gateway lets through when nobody says: the real machine's own loopback. */
export const LOOPBACK_ONLY: readonly RuleDescription[] = [{ action: 'allow', to: '127.0.0.0/8' }];

const EVERYWHERE = ['0.0.0.0/0', '::/0'];

class Rule {
  readonly allows: boolean;
  readonly text: string;
  private readonly protocol: RuleProtocol | null;
  private readonly prefixes: readonly Prefix[];
  /** First and last of each range; null: all ports. */
  private readonly ports: readonly (readonly [number, number])[] | null;

  constructor({ action, protocol, to, ports }: RuleDescription) {
    const where = `rule "${action} ${to}"`;
    if (action !== 'allow' && action !== 'deny') throw new BuildError(`${where}: the action is allow or deny`);
    if (protocol !== undefined && protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'icmp') {
      throw new BuildError(`${where}: there is no protocol "${protocol}"; there are tcp, udp, icmp`);
    }
    if (protocol === 'icmp' && ports !== undefined) throw new BuildError(`${where}: ICMP has no ports`);
    this.allows = action === 'allow';
    this.protocol = protocol ?? null;
    this.prefixes = to === 'any' ? EVERYWHERE.map((text) => Prefix.parse(text)!) : [prefixOf(to, where)];
    this.ports = ports === undefined ? null : ports.split(',').map((range) => portsOf(range.trim(), where));
    this.text = [action, protocol ?? '', `to ${to}`, ports === undefined ? '' : `ports ${ports}`]
      .filter((part) => part !== '')
      .join(' ');
  }

  matches(protocol: RuleProtocol, address: IpAddress, port: number): boolean {
    if (this.protocol !== null && this.protocol !== protocol) return false;
    if (!this.prefixes.some((prefix) => prefix.contains(address))) return false;
    if (this.ports === null) return true;
    return protocol !== 'icmp' && this.ports.some(([first, last]) => port >= first && port <= last);
  }
}

/** Which real addresses the inside may reach. What no rule matches is denied. */
export class Rules {
  private readonly rules: readonly Rule[];

  /** Throws a BuildError that says what is wrong with which rule. */
  constructor(descriptions: readonly RuleDescription[]) {
    this.rules = descriptions.map((description) => new Rule(description));
  }

  /** `port` is 0 for ICMP. */
  allows(protocol: RuleProtocol, address: IpAddress, port: number): boolean {
    return this.deciding(protocol, address, port)?.allows === true;
  }

  /** The rule that decides, in words; for traces. */
  why(protocol: RuleProtocol, address: IpAddress, port: number): string {
    return this.deciding(protocol, address, port)?.text ?? 'no rule allows it';
  }

  private deciding(protocol: RuleProtocol, address: IpAddress, port: number): Rule | null {
    return this.rules.find((rule) => rule.matches(protocol, address, port)) ?? null;
  }
}

function prefixOf(text: string, where: string): Prefix {
  const prefix = Prefix.parse(text);
  if (prefix !== null) return prefix;
  const address = IpAddress.parse(text);
  if (address === null) {
    throw new BuildError(`${where}: "${text}" is neither an address nor a prefix like 192.0.2.0/24, nor "any"`);
  }
  return new Prefix(address, address.family === 4 ? 32 : 128);
}

function portsOf(text: string, where: string): readonly [number, number] {
  const range = parsePortRange(text);
  if (range !== null) return range;
  throw new BuildError(`${where}: "${text}" are no ports; write them like 80, 8000-8080 or 53,80,443`);
}
