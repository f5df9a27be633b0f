import type { Program } from '../program.ts';
import { arp } from './arp.ts';
import { arping } from './arping.ts';
import { cat } from './cat.ts';
import { conntrack } from './conntrack.ts';
import { dhclient } from './dhclient.ts';
import { dhcpd } from './dhcpd.ts';
import { dhcrelay } from './dhcrelay.ts';
import { dig } from './dig.ts';
import { dnsd } from './dnsd.ts';
import { echo } from './echo.ts';
import { firewall } from './firewall.ts';
import { ftp } from './ftp.ts';
import { ftpd } from './ftpd.ts';
import { get } from './get.ts';
import { helpFor } from './help.ts';
import { host } from './host.ts';
import { hostname } from './hostname.ts';
import { httpd } from './httpd.ts';
import { inetd } from './inetd.ts';
import { ip } from './ip.ts';
import { ls } from './ls.ts';
import { mail } from './mail.ts';
import { mcjoin } from './mcjoin.ts';
import { nc } from './nc.ts';
import { netstat } from './netstat.ts';
import { news } from './news.ts';
import { nntpd } from './nntpd.ts';
import { ping } from './ping.ts';
import { pop3d } from './pop3d.ts';
import { rip } from './rip.ts';
import { route } from './route.ts';
import { show } from './show.ts';
import { sleep } from './sleep.ts';
import { smtpd } from './smtpd.ts';
import { tcpdump } from './tcpdump.ts';
import { tftp } from './tftp.ts';
import { tftpd } from './tftpd.ts';
import { tracepath } from './tracepath.ts';
import { traceroute } from './traceroute.ts';

const ALL = [
  arp,
  arping,
  cat,
  conntrack,
  dhclient,
  dhcpd,
  dhcrelay,
  dig,
  dnsd,
  echo,
  firewall,
  ftp,
  ftpd,
  get,
  host,
  hostname,
  httpd,
  inetd,
  ip,
  ls,
  mail,
  mcjoin,
  nc,
  netstat,
  news,
  nntpd,
  ping,
  pop3d,
  rip,
  route,
  show,
  sleep,
  smtpd,
  tcpdump,
  tftp,
  tftpd,
  tracepath,
  traceroute,
];

const byName = new Map(ALL.map((program) => [program.name, program]));
byName.set('help', helpFor(byName));

/** The programs of every host, by name. */
export const programs: ReadonlyMap<string, Program> = byName;
