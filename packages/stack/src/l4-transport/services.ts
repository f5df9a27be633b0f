/**
 * Service names and their ports, as IANA's registry has them (RFC 6335) and `/etc/services` tells a machine: what
 * `getservbyname(3)` and `getservbyport(3)` answer from, and what tools print instead of a number.
 */

export type ServiceProtocol = 'tcp' | 'udp';

export interface Service {
  /** The official name, e.g. `http`. */
  readonly name: string;
  readonly port: number;
  readonly protocols: readonly ServiceProtocol[];
  readonly aliases: readonly string[];
  /** What it is for, in a few words. */
  readonly text: string;
}

const BOTH: readonly ServiceProtocol[] = ['tcp', 'udp'];
const TCP: readonly ServiceProtocol[] = ['tcp'];
const UDP: readonly ServiceProtocol[] = ['udp'];

type Row = readonly [
  name: string,
  port: number,
  protocols: readonly ServiceProtocol[],
  text: string,
  ...aliases: string[],
];

const ROWS: readonly Row[] = [
  ['tcpmux', 1, TCP, 'one port for many services (RFC 1078)'],
  ['echo', 7, BOTH, 'sends back what it gets (RFC 862)'],
  ['discard', 9, BOTH, 'throws away what it gets (RFC 863)', 'sink', 'null'],
  ['systat', 11, TCP, 'who is logged in (RFC 866)', 'users'],
  ['daytime', 13, BOTH, 'date and time as text (RFC 867)'],
  ['netstat', 15, TCP, 'the connections of a machine'],
  ['qotd', 17, BOTH, 'quote of the day (RFC 865)', 'quote'],
  ['chargen', 19, BOTH, 'sends characters without end (RFC 864)', 'ttytst', 'source'],
  ['ftp-data', 20, TCP, 'file transfer: the data (RFC 959)'],
  ['ftp', 21, TCP, 'file transfer: the dialogue (RFC 959)'],
  ['ssh', 22, TCP, 'secure remote login (RFC 4253)'],
  ['telnet', 23, TCP, 'remote login (RFC 854)'],
  ['smtp', 25, TCP, 'mail transfer (RFC 5321)', 'mail'],
  ['time', 37, BOTH, 'seconds since 1900 (RFC 868)', 'timserver'],
  ['whois', 43, TCP, 'who owns a name (RFC 3912)', 'nicname'],
  ['domain', 53, BOTH, 'names to addresses: DNS (RFC 1035)'],
  ['bootps', 67, UDP, 'BOOTP and DHCP servers (RFC 951, 2131)'],
  ['bootpc', 68, UDP, 'BOOTP and DHCP clients (RFC 951, 2131)'],
  ['tftp', 69, UDP, 'trivial file transfer (RFC 1350)'],
  ['gopher', 70, TCP, 'menus and documents (RFC 1436)'],
  ['finger', 79, TCP, 'about a user (RFC 1288)'],
  ['http', 80, TCP, 'the web (RFC 9110)', 'www'],
  ['kerberos', 88, BOTH, 'authentication by tickets (RFC 4120)', 'kerberos5', 'krb5', 'kerberos-sec'],
  ['pop2', 109, TCP, 'mailboxes, version 2 (RFC 937)', 'pop-2', 'postoffice'],
  ['pop3', 110, TCP, 'mailboxes, version 3 (RFC 1939)', 'pop-3'],
  ['sunrpc', 111, BOTH, 'ports of remote procedures (RFC 1833)', 'portmapper', 'rpcbind'],
  ['auth', 113, TCP, 'whose connection is it (RFC 1413)', 'authentication', 'tap', 'ident'],
  ['nntp', 119, TCP, 'news (RFC 3977)', 'readnews', 'untp'],
  ['ntp', 123, UDP, 'the time of day (RFC 5905)'],
  ['netbios-ns', 137, UDP, 'NetBIOS names (RFC 1002)'],
  ['netbios-dgm', 138, UDP, 'NetBIOS datagrams (RFC 1002)'],
  ['netbios-ssn', 139, TCP, 'NetBIOS sessions (RFC 1002)'],
  ['imap', 143, TCP, 'mailboxes kept on the server (RFC 9051)', 'imap2'],
  ['snmp', 161, BOTH, 'network management (RFC 3411)'],
  ['snmp-trap', 162, BOTH, 'network management: notices', 'snmptrap'],
  ['bgp', 179, TCP, 'routes between providers (RFC 4271)'],
  ['irc', 194, BOTH, 'chat (RFC 1459)'],
  ['ldap', 389, BOTH, 'directories (RFC 4511)'],
  ['https', 443, BOTH, 'the web over TLS, and HTTP/3 over QUIC (RFC 9110)'],
  ['microsoft-ds', 445, TCP, 'files of Windows (SMB)'],
  ['submissions', 465, TCP, 'mail submission over TLS (RFC 8314)', 'ssmtp', 'smtps', 'urd'],
  ['isakmp', 500, UDP, 'keys of IPsec (RFC 7296)'],
  ['exec', 512, TCP, 'remote execution (BSD)'],
  ['login', 513, TCP, 'remote login (RFC 1282)'],
  ['who', 513, UDP, 'who is logged in on the network', 'whod'],
  ['shell', 514, TCP, 'remote shell (BSD)', 'cmd', 'syslog'],
  ['syslog', 514, UDP, 'log messages (RFC 5426)'],
  ['printer', 515, TCP, 'printing (RFC 1179)', 'spooler'],
  ['talk', 517, UDP, 'two people on two terminals'],
  ['route', 520, UDP, 'routing information: RIP (RFC 2453)', 'router', 'routed'],
  ['ripng', 521, UDP, 'routing information for IPv6 (RFC 2080)'],
  ['dhcpv6-client', 546, UDP, 'DHCP for IPv6, clients (RFC 8415)'],
  ['dhcpv6-server', 547, UDP, 'DHCP for IPv6, servers (RFC 8415)'],
  ['nntps', 563, TCP, 'news over TLS (RFC 4642)', 'snntp'],
  ['submission', 587, TCP, 'mail submission (RFC 6409)'],
  ['ipp', 631, BOTH, 'printing (RFC 8010)'],
  ['ldaps', 636, BOTH, 'directories over TLS'],
  ['domain-s', 853, BOTH, 'DNS over TLS and DTLS (RFC 7858, 8094)'],
  ['rsync', 873, TCP, 'files, by their differences'],
  ['ftps-data', 989, TCP, 'file transfer over TLS: the data'],
  ['ftps', 990, TCP, 'file transfer over TLS: the dialogue'],
  ['telnets', 992, TCP, 'telnet over TLS'],
  ['imaps', 993, TCP, 'IMAP over TLS (RFC 8314)'],
  ['pop3s', 995, TCP, 'POP3 over TLS (RFC 8314)'],
  ['socks', 1080, TCP, 'proxy for connections (RFC 1928)'],
  ['openvpn', 1194, BOTH, 'a virtual private network'],
  ['radius', 1812, BOTH, 'authentication for access (RFC 2865)'],
  ['radius-acct', 1813, BOTH, 'accounting for access (RFC 2866)', 'radacct'],
  ['mqtt', 1883, TCP, 'messages between things'],
  ['nfs', 2049, BOTH, 'a network file system (RFC 7530)'],
  ['mysql', 3306, TCP, 'a database'],
  ['ms-wbt-server', 3389, BOTH, 'remote desktop of Windows'],
  ['stun', 3478, BOTH, 'addresses behind a NAT (RFC 8489)', 'turn'],
  ['svn', 3690, TCP, 'Subversion', 'subversion'],
  ['ipsec-nat-t', 4500, UDP, 'IPsec through a NAT (RFC 3948)'],
  ['vxlan', 4789, UDP, 'Ethernet over UDP (RFC 7348)'],
  ['rtp', 5004, UDP, 'sound and pictures (RFC 3550)', 'avt-profile-1'],
  ['rtcp', 5005, UDP, 'reports about RTP (RFC 3550)', 'avt-profile-2'],
  ['sip', 5060, BOTH, 'calls: set up and ended (RFC 3261)'],
  ['sips', 5061, BOTH, 'SIP over TLS (RFC 3261)', 'sip-tls'],
  ['xmpp-client', 5222, TCP, 'chat: clients (RFC 6120)', 'jabber-client'],
  ['xmpp-server', 5269, TCP, 'chat: servers (RFC 6120)', 'jabber-server'],
  ['mdns', 5353, UDP, 'names without a server (RFC 6762)'],
  ['llmnr', 5355, BOTH, 'names without a server, of Windows (RFC 4795)'],
  ['postgresql', 5432, TCP, 'a database', 'postgres'],
  ['coap', 5683, BOTH, 'HTTP for small things (RFC 7252)'],
  ['redis', 6379, TCP, 'a store of keys and values'],
  ['ircd', 6667, TCP, 'chat (RFC 2812)'],
  ['http-alt', 8080, BOTH, 'the web, another port', 'webcache', 'http_alt'],
  ['https-alt', 8443, TCP, 'the web over TLS, another port', 'pcsync-https'],
  ['git', 9418, TCP, 'Git'],
];

/** The table, by port. */
export const services: readonly Service[] = ROWS.map(([name, port, protocols, text, ...aliases]) => ({
  name,
  port,
  protocols,
  aliases,
  text,
}));

const byName = new Map<string, Service[]>();
const byPort = new Map<number, Service[]>();
for (const service of services) {
  for (const name of [service.name, ...service.aliases]) {
    const known = byName.get(name);
    if (known === undefined) byName.set(name, [service]);
    else if (name === service.name)
      known.unshift(service); // an official name goes before another's alias
    else known.push(service);
  }
  const there = byPort.get(service.port);
  if (there === undefined) byPort.set(service.port, [service]);
  else there.push(service);
}

/** The service of this name or alias; null if there is none, or not over `protocol`. */
export function getservbyname(name: string, protocol?: string): Service | null {
  return matching(byName.get(name), protocol);
}

/** The service whose port this is; null if there is none, or not over `protocol`. */
export function getservbyport(port: number, protocol?: string): Service | null {
  return matching(byPort.get(port), protocol);
}

function matching(found: readonly Service[] | undefined, protocol: string | undefined): Service | null {
  if (found === undefined) return null;
  if (protocol === undefined) return found[0]!;
  return found.find((service) => service.protocols.some((known) => known === protocol)) ?? null;
}
