// Which of Debian's packages has which program. `variable` skips the checks that need it, with the reason that it tells.

import { fileURLToPath } from 'node:url';

const of = (command, name = command, probe = ['--version']) => ({
  command,
  package: name,
  probe,
  variable: `NETARIUM_WITHOUT_${command.toUpperCase().replaceAll('-', '_')}`,
});

export const PACKAGES = [
  of('ip', 'iproute2', ['-V']),
  of('ping', 'iputils-ping', ['-V']),
  of('tracepath', 'iputils-tracepath', ['-V']),
  of('arping', 'iputils-arping', ['-V']),
  of('traceroute'),
  of('curl'),
  of('wget'),
  of('nc', 'netcat-openbsd', ['-h']),
  of('python3'),
  of('tshark'),
  of('tcpdump'),
  of('iperf3'),
  of('nmap'),
  of('hping3'),
  of('nft', 'nftables'),
  of('ethtool'),
  of('qemu-system-x86_64', 'qemu-system-x86'),
  of('ovs-vswitchd', 'openvswitch-switch'),
  of('dig', 'bind9-dnsutils', ['-v']),
  of('nslookup', 'bind9-dnsutils', ['-version']),
  of('host', 'bind9-host', ['-V']),
  of('drill', 'ldnsutils', ['-v']),
  of('kdig', 'knot-dnsutils', ['-V']),
  of('named', 'bind9', ['-v']),
  of('unbound', 'unbound', ['-V']),
  of('dnsmasq', 'dnsmasq-base'),
  of('dnsperf', 'dnsperf', ['-h']),
  of('dhclient', 'isc-dhcp-client'),
  of('udhcpc', 'udhcpc', ['--help']),
  of('dhcpcd', 'dhcpcd-base'),
  of('dhcpd', 'isc-dhcp-server'),
  of('rdisc6', 'ndisc6', ['-V']),
  of('ndisc6', 'ndisc6', ['-V']),
  of('radvd', 'radvd', ['-c', '-C', fileURLToPath(new URL('radvd.conf', import.meta.url))]), // its -v is a failure
  of('bridge', 'iproute2', ['-V']),
  of('vtysh', 'frr', ['--help']),
  of('bird', 'bird2'),
  of('tftp', 'tftp-hpa', ['-V']),
  of('lftp'),
];
