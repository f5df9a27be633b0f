/**
 * How much of the DNS is done for anybody, each with its unit and its reason. A server, a resolver and a test hand on
 * the same object; a test lowers single values to stand at a limit and one past it.
 */
export interface DnsLimits {
  /**
   * Bytes of a message over UDP, offered and sent: what crosses an IPv6 link of the least MTU in one piece, as the
   * DNS flag day of 2020 asks for. A client that offers less gets less, and nobody less than 512 (RFC 6891 6.2.5).
   */
  readonly udpBytes: number;
  /** CNAMEs followed for one question: a chain is written by strangers, and may be a ring (BIND: 16). */
  readonly aliases: number;

  /** Bytes of a zone's master file, and records in it: memory, not time, is what a zone takes. */
  readonly zoneFileBytes: number;
  readonly zoneRecords: number;
  /** Mistakes of one master file that are told before its reader gives up. */
  readonly zoneProblems: number;

  /** TCP connections of one server, all together and of one client (BIND's `tcp-clients` is 150). Past it: closed. */
  readonly connections: number;
  readonly connectionsPerClient: number;
  /** Questions of one connection that are worked on at once; the next wait in the connection (RFC 7766 6.2.1.1). */
  readonly pipelined: number;
  /** Seconds that a connection may rest, and that a message may take to come (RFC 7766 6.2.3: a few seconds). */
  readonly idleSeconds: number;
  /** Questions over UDP that wait for a resolver at once (BIND's `recursive-clients`); past it SERVFAIL. */
  readonly recursiveClients: number;
  /**
   * Answers of one kind to one client network in a second over UDP; past it every second one comes truncated, so that a
   * real client asks over TCP, and the others not at all. 0: no limit, as most servers come; an authoritative server
   * on a real wire wants one, because its answers are longer than the questions that somebody forged.
   */
  readonly responsesPerSecond: number;
  /** Client networks that are counted for that at once. */
  readonly rateEntries: number;

  /** Record sets, and absences, that a cache holds; past it the one that was used longest ago goes. */
  readonly cacheEntries: number;
  /** Seconds at most that something is believed (RFC 8767 4: a day to a week), and that there is nothing (RFC 2308 5: 3 h). */
  readonly cacheSeconds: number;
  readonly absenceSeconds: number;
  /** Seconds that a failure is remembered, so that a broken zone is not asked for at each question (RFC 9520 3.2). */
  readonly failureSeconds: number;

  /** Questions that may be asked of servers for one question of a client: what a hostile zone can make of it (NXNSAttack). */
  readonly queriesPerQuestion: number;
  /** Name servers whose addresses are being looked for in order to look for a name server's address (BIND: 7). */
  readonly depth: number;
  /** Name servers of one zone that are looked at; more are no use. */
  readonly nameServers: number;
  /** Seconds until a client is told that there is no answer (BIND's `resolver-query-timeout`). */
  readonly resolveSeconds: number;
  /** Milliseconds until a server that was never heard of is asked again, or another is; doubled each time. */
  readonly firstTimeoutMs: number;
  /** Milliseconds that no timeout is longer than. */
  readonly lastTimeoutMs: number;
  /** Datagrams to one server for one question. */
  readonly triesPerServer: number;
  /** Servers of which a resolver remembers how fast they are, and seconds that it avoids a lame one (RFC 4697 2.2). */
  readonly serverEntries: number;
  readonly lameSeconds: number;
  /** Questions of clients that are worked on at once, whatever they came by. */
  readonly questionsAtOnce: number;
  /** Datagrams that are no answer to what was asked before a socket is given up: somebody is guessing (RFC 5452 9). */
  readonly strayReplies: number;
}

export const DNS_LIMITS: DnsLimits = {
  udpBytes: 1232,
  aliases: 16,
  zoneFileBytes: 256 << 20,
  zoneRecords: 5_000_000,
  zoneProblems: 20,
  connections: 150,
  connectionsPerClient: 20,
  pipelined: 32,
  idleSeconds: 10,
  recursiveClients: 1000,
  responsesPerSecond: 0,
  rateEntries: 10_000,
  cacheEntries: 50_000,
  cacheSeconds: 86_400,
  absenceSeconds: 10_800,
  failureSeconds: 5,
  queriesPerQuestion: 64,
  depth: 7,
  nameServers: 16,
  resolveSeconds: 10,
  firstTimeoutMs: 800,
  lastTimeoutMs: 5000,
  triesPerServer: 3,
  serverEntries: 10_000,
  lameSeconds: 600,
  questionsAtOnce: 2000,
  strayReplies: 100,
};
