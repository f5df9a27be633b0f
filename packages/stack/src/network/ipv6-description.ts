/** As in `description.ts`: `'10s'`, or a number of **seconds**. */
type Duration = string | number;

/** What a router tells the hosts of a link (RFC 4861 6.2.1, RFC 8106, RFC 4191). What is left out has RFC 4861's default. */
export interface AdvertiseDescription {
  /** `'2001:db8:1::/64'`, or with more words. Absent: the networks of the interface's own addresses. */
  prefixes?: (string | AdvertisedPrefixDescription)[];
  /** The longest time between two advertisements, 3s to 30m; default 10m. The shortest is a third of it. */
  interval?: Duration;
  /** How long the router is a default router, up to 9000s; 0: it is none. Default: three intervals. */
  lifetime?: Duration;
  /** Name servers. */
  dns?: string | string[];
  /** Domains in which hosts look for short names. */
  search?: string[];
  /** Bytes, 1280 or more. */
  mtu?: number;
  /** Addresses are to be had by DHCPv6 (M), or other things are (O). */
  managed?: boolean;
  other?: boolean;
  /** Among several routers; default medium. */
  preference?: 'high' | 'medium' | 'low';
  hopLimit?: number;
  /** How long hosts take a neighbour to be reachable, and how long they wait for an answer. */
  reachable?: Duration;
  retransmit?: Duration;
  /** Networks that this router, default router or not, is the way to (RFC 4191). */
  routes?: { to: string; preference?: 'high' | 'medium' | 'low'; lifetime?: Duration }[];
}

export interface AdvertisedPrefixDescription {
  prefix: string;
  /** Its addresses are neighbours; default true. */
  onLink?: boolean;
  /** Hosts make themselves addresses of it; default true. */
  autonomous?: boolean;
  /** How long addresses of it are valid, and preferred; default 30 and 7 days. */
  valid?: Duration;
  preferred?: Duration;
}
