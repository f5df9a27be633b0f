/** What each of `examples/broken` is told: one file for each sort of mistake, all its problems in the order of its lines. */
export const BROKEN: Readonly<Record<string, readonly string[]>> = {
  'address-twice.yaml': [
    '3:44: 10.0.0.1 is the address of "alice:eth0" already (line 2); expected an address of its own. Did you mean "10.0.0.2/24"?',
  ],
  'alias-bomb.yaml': ['7:7: this has more than 2000000 parts, aliases written out; expected a smaller network'],
  'bad-addresses.yaml': [
    '2:40: "10.0.0.256/24" is not an address: 256 is more than 255; expected an address and its prefix length, such as 10.0.1.10/24',
    '3:40: "10.0.0.2" has no prefix length; expected an address and its prefix length, such as 10.0.1.10/24. Did you mean "10.0.0.2/24"?',
    '4:40: "10.0.0.3/33" has no prefix length from 0 to 32; expected an address and its prefix length, such as 10.0.1.10/24. Did you mean "10.0.0.3/24"?',
    '5:40: "10.0.4/24" has 3 numbers where an address has four; expected an address and its prefix length, such as 10.0.1.10/24',
    '6:40: "10.0.0.05/24" has a number with a leading 0; expected an address and its prefix length, such as 10.0.1.10/24. Did you mean "10.0.0.5/24"?',
    '7:40: "localhost" is not an address; expected an address and its prefix length, such as 10.0.1.10/24',
    '8:40: 127.0.0.2 is a loopback address, which every host has already; expected an address and its prefix length, such as 10.0.1.10/24',
    '9:40: 224.0.0.1 is a multicast address, which belongs to groups; expected an address and its prefix length, such as 10.0.1.10/24',
    '10:40: 10.0.0.0 stands for the whole network 10.0.0.0/24; expected an address of a host in it. Did you mean "10.0.0.1/24"?',
    '11:40: 10.0.0.255 is the broadcast address of 10.0.0.0/24; expected an address of a host in it. Did you mean "10.0.0.254/24"?',
    '12:47: "02-00-00-00-00" is not a MAC address; expected six bytes in hexadecimal, such as 02:00:00:00:00:01',
    '13:47: "01:00:5e:00:00:01" is a group\'s address: its first byte is odd; expected six bytes in hexadecimal, such as 02:00:00:00:00:01. Did you mean "02:00:5e:00:00:01"?',
  ],
  'bad-numbers.yaml': [
    '2:73: mtu cannot be 67; expected a whole number of bytes from 68 to 65535',
    '3:73: mtu cannot be the text "1500"; expected a whole number of bytes from 68 to 65535, without quotes',
    '4:33: ports cannot be 0; expected a whole number from 1 to 4095',
    '6:46: queue cannot be -1; expected a whole number of frames from 0 to 1000000',
    '7:44: queue cannot be "many"; expected a whole number of frames from 0 to 1000000',
    '8:7: seed cannot be 1.5; expected a whole number from 0, or a text',
  ],
  'bad-units.yaml': [
    '6:11: "100M" has no unit of rate that is known (bit, kbit, Mbit, Gbit, MB/s); expected a rate such as 100Mbit, 1Gbit, 10MB/s or unlimited',
    '7:12: "10 apples" has no unit of time that is known (ns, us, ms, s, m, h); expected a duration such as 10ms, 1.5s or 2m',
    '8:13: "1,5ms" has no unit; expected a duration such as 10ms, 1.5s or 2m. Did you mean "1.5ms"?',
    '9:11: "150%" is more than 100%; expected a percentage such as 1%, or a number from 0 to 1. Did you mean "100%"?',
    '10:18: 5 is more than 1, which is everything; expected a percentage such as 1%, or a number from 0 to 1. Did you mean "5%"?',
    '11:17: "-1%" is negative; expected a percentage such as 1%, or a number from 0 to 1',
  ],
  'duplicate-key.yaml': ['4:3: "alice" is here for the second time; expected it once; it is in line 2 already'],
  'empty.yaml': ['1:1: the file is empty; expected at least one node, such as nodes: { alice: { kind: host } }'],
  'faults.yaml': [
    '7:22: there is no link "uplink"; expected a link\'s name or endpoint: alice:eth0-bob:eth0, alice:eth0, bob:eth0',
    '8:7: this fault breaks nothing; expected either down: true, or set: with properties of the link',
    '9:11: "soon" is not a duration; expected a duration such as 10ms, 1.5s or 2m',
    '9:41: down cannot be "yes"; expected true or false. Did you mean "true"?',
    '10:46: this fault says down and set at once; expected either down: true, or set: with properties of the link',
    '11:41: unknown word "los" in set; expected one of loss, burst, bitErrors, corruption, duplication, reordering, reorderingDelay, jitter, rate, delay, queue. Did you mean "loss"?',
    '12:40: this fault breaks nothing; expected down: true, or set: with what changes. Did you mean "true"?',
  ],
  'gateway.yaml': [
    '2:69: the gateway 10.0.1.1 is in no network of "alice"; expected an address in 10.0.0.0/24. Did you mean "10.0.0.1"?',
    '3:69: the gateway 10.0.0.11 is "bob" itself; expected another node\'s address. Did you mean "10.0.0.1"?',
    '4:69: "10.0.0.1/24" has a prefix length, which does not belong here; expected an IPv4 address such as 10.0.1.1. Did you mean "10.0.0.1"?',
  ],
  'ipv6.yaml': [
    '3:44: "2001:db8::2/64" is an IPv6 address, and IPv6 is not there yet; expected an address and its prefix length, such as 10.0.1.10/24',
  ],
  'link-ends.yaml': [
    '6:17: there is no node "alcie"; expected one of alice, bob, sw1. Did you mean "alice:eth0"?',
    '7:17: "bob" has no interface "eth5"; expected one of eth0, eth1. Did you mean "bob:eth0"?',
    '7:27: the switch "sw1" has no port "5"; expected a port from 1 to 4',
    '9:27: "sw1:2" is at the end of another link already (line 8); expected a port without a cable. Did you mean "sw1:3"?',
    '10:17: "alice" has no interface left: its only one is taken; expected one more interface of "alice"',
    '10:24: the switch "sw1" has no port "x"; expected a port from 1 to 4. Did you mean "sw1:1"?',
    '11:5: endpoints cannot be a list of one; expected two endpoints, such as [alice:eth0, sw1:1]',
    '11:17: "alice:eth0" is at the end of another link already (line 8); expected an interface without a cable',
  ],
  'mac-twice.yaml': [
    '3:73: 02:00:00:00:00:0a is the MAC address of "alice:eth0" already (line 2); expected an address of its own, or none: the network assigns one',
  ],
  'missing-kind.yaml': ['3:3: "bob" has no kind; expected kind: host, or router, switch, hub'],
  'node-names.yaml': [
    '2:3: "web_server" cannot be the name of a node; expected letters, digits and hyphens, at most 63 of them, no hyphen at either end',
    '3:3: "-x" cannot be the name of a node; expected letters, digits and hyphens, at most 63 of them, no hyphen at either end',
    '5:3: "alice" names "Alice" already (line 4); expected a name of its own; upper and lower case are the same',
    '6:37: the alias "ALICE" names "Alice" already (line 4); expected a name of its own; upper and lower case are the same',
    '7:34: every host calls itself "localhost" (RFC 6761 6.3); expected another name',
    '7:60: every host has a loopback interface "lo" already; expected another name. Did you mean "eth0"?',
  ],
  'not-yaml-indent.yaml': [
    '1:8: not YAML: the line after this one is indented too far; expected words that belong together in one column',
  ],
  'not-yaml-no-colon.yaml': [
    '3:5: not YAML: this is no "word: value"; expected a colon and a space after the word, in each line',
  ],
  'not-yaml-open-list.yaml': [
    '5:3: not YAML: a list or map that began before this is not closed; expected the closing ]',
  ],
  'not-yaml-tab.yaml': ['2:1: not YAML: this line is indented with a tab; expected spaces'],
  'not-yaml-text.yaml': [
    '1:1: this is a text, not a scenario; expected the words of a scenario: title, seed, nodes, dns, links, services, files, faults',
  ],
  'routes.yaml': [
    '6:33: the next hop 10.9.9.9 is in no network of "r1"; expected an address in 10.0.0.0/24',
    '7:15: "10.0.3.7/24" has bits set behind its prefix; expected a network such as 10.0.2.0/24, or default. Did you mean "10.0.3.0/24"?',
    '8:11: this route says where, but not how; expected via: the next hop, or interface: the link',
    '9:39: "r1" has no interface "eht0"; expected eth0. Did you mean "eth0"?',
  ],
  'services.yaml': [
    '7:13: there is no node "wbe"; expected web. Did you mean "web"?',
    '8:13: "sw1" is a switch, which runs no programs; expected a host or router: web',
    '9:23: an empty text is not a command line; expected a program and its arguments, such as "httpd /srv"',
    '10:5: the word "run" is missing in service 4; expected a command line such as "httpd /srv"',
    '12:24: "srv" does not begin with /; expected a directory in the node, from its root, such as /srv. Did you mean "/srv"?',
  ],
  'two-documents.yaml': [
    '6:1: not YAML for one scenario: a second document begins here; expected one scenario a file, without --- in between',
  ],
  'unknown-kind.yaml': [
    '3:18: unknown kind "swich"; expected one of host, router, switch, hub. Did you mean "switch"?',
  ],
  'unknown-word.yaml': [
    '3:24: unknown word "gatway" in node "bob"; expected one of kind, interfaces, gateway, routes, aliases, nameServers, search, dns. Did you mean "gateway"?',
    '4:1: unknown word "lnks"; expected one of title, seed, nodes, dns, links, services, files, faults. Did you mean "links"?',
  ],
};
