/**
 * What the socket calls give, by the state that a socket is in: the same scripts run on Linux's sockets (through
 * Python, `posix_table.py`) and on these, and the results have to be the same.
 *
 * A step is `name.call arguments` or `name = how it is made`, and behind `->` stands what comes of it where that is
 * not "ok". `unused` is a port on which nobody listens, `port(s)` the port of `s`, `*` any address.
 */
export interface PosixCase {
  /** What is looked at: heads the row in a test report. */
  readonly about: string;
  readonly script: string;
  /** Why netarium differs from Linux here, where it does; then `script` says what netarium does. */
  readonly differs?: string;
}

const connected = 's = server; c = stream; c.connect 127.0.0.1 port(s)';
const accepted = `${connected}; a = s.accept`;
const refused = 'c = stream; c.blocking 0; c.connect 127.0.0.1 unused -> EINPROGRESS; wait 20';

export const posixTable: readonly PosixCase[] = [
  // A stream that was never connected
  { about: 'send on a fresh stream', script: 's = stream; s.send abc -> EPIPE' },
  { about: 'recv on a fresh stream', script: 's = stream; s.recv 10 -> ENOTCONN' },
  { about: 'shutdown of a fresh stream', script: 's = stream; s.shutdown SHUT_RDWR -> ENOTCONN' },
  { about: 'accept on a fresh stream', script: 's = stream; s.accept -> EINVAL' },
  { about: 'names of a fresh stream', script: 's = stream; s.peer -> ENOTCONN; s.name -> 0.0.0.0 0' },
  { about: 'poll of a fresh stream', script: 's = stream; s.poll -> OUT HUP' },
  { about: 'shutdown with a wrong word', script: `${connected}; c.shutdown 7 -> EINVAL` },
  // bind
  { about: 'bind to a well-known port', script: 's = stream; s.bind 127.0.0.1 80 -> EACCES' },
  { about: 'bind to an address of another host', script: 's = stream; s.bind 192.0.2.77 0 -> EADDRNOTAVAIL' },
  { about: 'bind: the address is looked at first', script: 's = stream; s.bind 192.0.2.77 80 -> EADDRNOTAVAIL' },
  {
    about: 'bind a second time',
    script:
      's = stream; s.bind 127.0.0.1 0; s.bind 127.0.0.1 0 -> EINVAL; s.bind 192.0.2.77 0 -> EADDRNOTAVAIL; s.bind 127.0.0.1 80 -> EACCES',
  },
  { about: 'bind to what another has', script: 's = server; t = stream; t.bind 127.0.0.1 port(s) -> EADDRINUSE' },
  { about: 'bind to all when another has one', script: 's = server; t = stream; t.bind * port(s) -> EADDRINUSE' },
  {
    about: 'bind to one when another has all',
    script: 's = stream; s.bind * 0; t = stream; t.bind 127.0.0.1 port(s) -> EADDRINUSE',
  },
  { about: 'bind the same port on two addresses', script: 's = server; t = stream; t.bind 127.0.0.2 port(s)' },
  {
    about: 'SO_REUSEADDR lets two bind, and one listen',
    script:
      's = stream; s.set SOL_SOCKET SO_REUSEADDR 1; s.bind 127.0.0.1 0; t = stream; t.set SOL_SOCKET SO_REUSEADDR 1; t.bind 127.0.0.1 port(s); t.listen 1; s.listen 1 -> EADDRINUSE',
  },
  {
    about: 'SO_REUSEADDR does not let in where one listens',
    script:
      's = stream; s.set SOL_SOCKET SO_REUSEADDR 1; s.bind 127.0.0.1 0; s.listen 1; t = stream; t.set SOL_SOCKET SO_REUSEADDR 1; t.bind 127.0.0.1 port(s) -> EADDRINUSE',
  },
  {
    about: 'SO_REUSEPORT lets two listen',
    script:
      's = stream; s.set SOL_SOCKET SO_REUSEPORT 1; s.bind 127.0.0.1 0; s.listen 1; t = stream; t.set SOL_SOCKET SO_REUSEPORT 1; t.bind 127.0.0.1 port(s); t.listen 1; u = stream; u.bind 127.0.0.1 port(s) -> EADDRINUSE',
  },
  {
    about: 'TIME-WAIT keeps a port from those without SO_REUSEADDR',
    script:
      's = stream; s.set SOL_SOCKET SO_REUSEADDR 1; s.bind 127.0.0.1 0; s.listen 1; p = stream; p.set SOL_SOCKET SO_REUSEADDR 1; c = stream; c.connect 127.0.0.1 port(s); a = s.accept; a.close; wait 20; c.close; wait 20; t = stream; t.bind 127.0.0.1 port(s) -> EADDRINUSE; keep port(s); s.close; t.bind 127.0.0.1 kept -> EADDRINUSE; p.bind 127.0.0.1 kept; p.listen 1',
  },
  // listen and accept
  { about: 'listen twice', script: 's = stream; s.listen 5; s.listen 1' },
  { about: 'listen without an address', script: 's = stream; s.listen 5; s.name -> 0.0.0.0 port' },
  { about: 'listen when connected', script: `${connected}; c.listen 5 -> EINVAL` },
  { about: 'bind when connected', script: `${connected}; c.bind 127.0.0.1 0 -> EINVAL` },
  { about: 'accept when connected', script: `${connected}; c.accept -> EINVAL` },
  { about: 'connect when listening', script: 's = server; s.connect 127.0.0.1 port(s) -> EISCONN' },
  { about: 'send and recv when listening', script: 's = server; s.send abc -> EPIPE; s.recv 10 -> ENOTCONN' },
  { about: 'names when listening', script: 's = server; s.peer -> ENOTCONN; s.name -> 127.0.0.1 port' },
  { about: 'accept without waiting', script: 's = server; s.blocking 0; s.accept -> EAGAIN' },
  { about: 'accept waits', script: 's = server; s.accept -> waits' },
  { about: 'accept waits as long as it should', script: 's = server; s.timeout 0.05; s.accept -> ETIMEDOUT' },
  {
    about: 'poll when listening',
    script: `s = server; s.poll -> nothing; c = stream; c.connect 127.0.0.1 port(s); wait 10; s.poll -> IN`,
  },
  {
    about: 'shutdown of the sending side when listening',
    script: 's = server; s.shutdown SHUT_WR; s.blocking 0; s.accept -> EAGAIN',
  },
  {
    about: 'shutdown of the receiving side ends listening',
    script:
      's = server; s.shutdown SHUT_RD; s.accept -> EINVAL; s.poll -> OUT HUP; s.listen 1; s.blocking 0; s.accept -> EAGAIN',
  },
  // connect
  { about: 'connect twice', script: `${connected}; c.connect 127.0.0.1 port(s) -> EISCONN` },
  { about: 'names when connected', script: `${connected}; c.name -> 127.0.0.1 port; c.peer -> 127.0.0.1 port` },
  { about: 'connect where nobody listens', script: 'c = stream; c.connect 127.0.0.1 unused -> ECONNREFUSED' },
  {
    about: 'after a connection was refused',
    script:
      'c = stream; c.connect 127.0.0.1 unused -> ECONNREFUSED; c.poll -> OUT HUP; c.recv 10 -> ENOTCONN; c.send x -> EPIPE; c.get SOL_SOCKET SO_ERROR -> 0; c.name -> 0.0.0.0 port; c.peer -> ENOTCONN',
  },
  {
    about: 'connect again after a refusal',
    script:
      's = server; c = stream; c.connect 127.0.0.1 unused -> ECONNREFUSED; c.connect 127.0.0.1 port(s); c.send abc -> 3',
  },
  { about: 'connect to a broadcast', script: 'c = stream; c.connect 255.255.255.255 80 -> ENETUNREACH' },
  { about: 'connect to a group', script: 'c = stream; c.connect 224.0.0.1 80 -> ENETUNREACH' },
  { about: 'connect to any address is this host', script: 'c = stream; c.connect 0.0.0.0 unused -> ECONNREFUSED' },
  { about: 'connect to port 0', script: 'c = stream; c.connect 127.0.0.1 0 -> ECONNREFUSED' },
  {
    about: 'connect without waiting, well',
    script:
      's = server; c = stream; c.blocking 0; c.connect 127.0.0.1 port(s) -> EINPROGRESS; wait 20; c.poll -> OUT; c.recv 10 -> EAGAIN; c.connect 127.0.0.1 port(s); c.connect 127.0.0.1 port(s) -> EISCONN',
  },
  {
    about: 'connect without waiting, refused: connect tells',
    script: `${refused}; c.connect 127.0.0.1 9 -> ECONNREFUSED; c.connect 127.0.0.1 9 -> EINPROGRESS`,
  },
  {
    about: 'connect without waiting, refused: SO_ERROR tells',
    script: `${refused}; c.poll -> IN OUT ERR HUP RDHUP; c.get SOL_SOCKET SO_ERROR -> ECONNREFUSED; c.get SOL_SOCKET SO_ERROR -> 0; c.poll -> IN OUT HUP RDHUP; c.connect 127.0.0.1 9 -> ECONNABORTED; c.connect 127.0.0.1 9 -> EINPROGRESS`,
  },
  {
    about: 'connect without waiting, refused: send tells',
    script: `${refused}; c.send x -> ECONNREFUSED; c.send x -> EPIPE; c.recv 10 -> empty`,
  },
  {
    about: 'connect without waiting, refused: recv tells',
    script: `${refused}; c.recv 10 -> ECONNREFUSED; c.recv 10 -> empty; c.connect 127.0.0.1 9 -> ECONNABORTED`,
  },
  // Streams that are connected
  {
    about: 'data and the end of the stream',
    script: `${accepted}; a.send hello -> 5; wait 20; c.poll -> IN OUT; a.close; wait 20; c.poll -> IN OUT RDHUP; c.recv 3 MSG_PEEK -> hel; c.recv 10 -> hello; c.recv 10 -> empty; c.recv 10 -> empty`,
  },
  {
    about: 'writing to one who has gone',
    script: `${accepted}; a.close; wait 20; c.send x -> 1; wait 20; c.poll -> IN OUT ERR HUP RDHUP; c.send y -> EPIPE; c.recv 10 -> empty`,
  },
  {
    about: 'a peer that closes with data unread resets',
    script: `${accepted}; c.send abc -> 3; wait 10; a.close; wait 20; c.poll -> IN OUT ERR HUP RDHUP; c.peer -> ENOTCONN; c.recv 10 -> ECONNRESET; c.recv 10 -> empty; c.send x -> EPIPE; c.get SOL_SOCKET SO_ERROR -> 0`,
  },
  {
    about: 'a reset, told by send',
    script: `${accepted}; c.send abc -> 3; wait 10; a.close; wait 20; c.send x -> ECONNRESET; c.send x -> EPIPE; c.recv 10 -> empty`,
  },
  {
    about: 'SO_LINGER of 0 resets; the socket is of no more use',
    script: `${accepted}; a.set SOL_SOCKET SO_LINGER 1 0; a.close; wait 20; c.get SOL_SOCKET SO_ERROR -> ECONNRESET; c.get SOL_SOCKET SO_ERROR -> 0; c.recv 10 -> empty; c.peer -> ENOTCONN; c.shutdown SHUT_WR -> ENOTCONN; c.connect 127.0.0.1 port(s) -> EISCONN; c.listen 5 -> EINVAL`,
  },
  { about: 'shutdown of sending', script: `${connected}; c.shutdown SHUT_WR; c.send abc -> EPIPE; c.poll -> OUT` },
  {
    about: 'shutdown of sending: the peer reads to the end and answers',
    script: `${accepted}; c.send abc -> 3; c.shutdown SHUT_WR; wait 20; a.recv 10 -> abc; a.recv 10 -> empty; a.send back -> 4; wait 20; c.recv 10 -> back; a.close; wait 20; c.recv 10 -> empty; c.peer -> ENOTCONN`,
  },
  {
    about: 'shutdown of receiving',
    script: `${connected}; c.shutdown SHUT_RD; c.recv 10 -> empty; c.poll -> IN OUT RDHUP`,
  },
  {
    about: 'shutdown of both',
    script: `${connected}; c.shutdown SHUT_RDWR; c.recv 10 -> empty; c.poll -> IN OUT HUP RDHUP`,
  },
  { about: 'recv without waiting', script: `${connected}; c.blocking 0; c.recv 10 -> EAGAIN` },
  { about: 'recv with MSG_DONTWAIT', script: `${connected}; c.recv 10 MSG_DONTWAIT -> EAGAIN` },
  { about: 'recv waits as long as it should', script: `${connected}; c.timeout 0.05; c.recv 10 -> ETIMEDOUT` },
  { about: 'recv with SO_RCVTIMEO', script: `${connected}; c.patience SO_RCVTIMEO 50; c.recv 10 -> EAGAIN` },
  { about: 'recv waits', script: `${connected}; c.recv 10 -> waits` },
  {
    about: 'recv with MSG_WAITALL takes what is there when the stream ends',
    script: `${accepted}; a.send abc -> 3; a.close; c.recv 10 MSG_WAITALL -> abc`,
  },
  {
    about: 'recv with MSG_WAITALL waits for all',
    script: `${accepted}; a.send abc -> 3; a.send def -> 3; c.recv 6 MSG_WAITALL -> abcdef; a.send abc -> 3; c.recv 6 MSG_WAITALL -> waits`,
  },
  { about: 'nothing at all', script: `${accepted}; c.send bytes(0) -> 0; c.recv 0 -> empty` },
  {
    about: 'sendto on a stream ignores the address',
    script: `${accepted}; c.sendto abc 127.0.0.9 9 -> 3; a.recv 10 -> abc`,
  },
  // Datagrams
  { about: 'send without a peer', script: 's = dgram; s.send abc -> EDESTADDRREQ' },
  { about: 'listen and accept on datagrams', script: 's = dgram; s.listen 5 -> EOPNOTSUPP; s.accept -> EOPNOTSUPP' },
  {
    about: 'names of a fresh datagram socket',
    script: 's = dgram; s.name -> 0.0.0.0 0; s.peer -> ENOTCONN; s.poll -> OUT',
  },
  {
    about: 'recv waits on a fresh one',
    script: 's = dgram; s.recv 10 MSG_DONTWAIT -> EAGAIN; s.timeout 0.05; s.recv 10 -> ETIMEDOUT',
  },
  {
    about: 'to send gives it a port',
    script:
      's = dgram; s.sendto abc 127.0.0.1 0 -> EINVAL; s.name -> 0.0.0.0 port; s.sendto abc 127.0.0.1 9 -> 3; s.name -> 0.0.0.0 port',
  },
  {
    about: 'the largest datagram',
    script: 's = dgram; s.sendto bytes(65507) 127.0.0.1 9 -> 65507; s.sendto bytes(65508) 127.0.0.1 9 -> EMSGSIZE',
  },
  { about: 'far too large', script: 's = dgram; s.sendto bytes(65536) 127.0.0.1 9 -> EMSGSIZE' },
  {
    about: 'a broadcast without SO_BROADCAST',
    script: 's = dgram; s.sendto abc 255.255.255.255 9 -> EACCES; s.connect 255.255.255.255 9 -> EACCES',
  },
  {
    about: 'connect: its names, and the errors that come back',
    script:
      's = dgram; s.connect 127.0.0.1 unused; s.name -> 127.0.0.1 port; s.peer -> 127.0.0.1 port; s.send abc -> 3; wait 10; s.poll -> OUT ERR; s.send abc -> ECONNREFUSED; s.send abc -> 3; wait 10; s.recv 10 -> ECONNREFUSED; s.get SOL_SOCKET SO_ERROR -> 0; s.send x -> 1; wait 10; s.get SOL_SOCKET SO_ERROR -> ECONNREFUSED',
  },
  {
    about: 'errors do not come back without a peer',
    script: 's = dgram; s.sendto abc 127.0.0.1 unused -> 3; wait 10; s.poll -> OUT; s.get SOL_SOCKET SO_ERROR -> 0',
  },
  {
    about: 'errors come back with IP_RECVERR',
    script:
      's = dgram; s.set IPPROTO_IP IP_RECVERR 1; s.sendto abc 127.0.0.1 unused -> 3; wait 10; s.recv 10 -> ECONNREFUSED; s.recv 10 MSG_DONTWAIT -> EAGAIN',
  },
  { about: 'connect to port 0', script: 's = dgram; s.connect 127.0.0.1 0; s.send abc -> 3; s.peer -> ENOTCONN' },
  { about: 'connect to any address', script: 's = dgram; s.connect 0.0.0.0 9; s.peer -> 127.0.0.1 port' },
  {
    about: 'connect elsewhere',
    script: 's = dgram; s.connect 127.0.0.1 9; s.connect 127.0.0.1 10; s.bind 127.0.0.1 0 -> EINVAL',
  },
  {
    about: 'ports of datagrams',
    script:
      's = dgram; s.bind 127.0.0.1 0; t = dgram; t.bind 127.0.0.1 port(s) -> EADDRINUSE; t.bind * port(s) -> EADDRINUSE; t.bind 127.0.0.2 port(s)',
  },
  {
    about: 'SO_REUSEADDR of datagrams needs both',
    script:
      's = dgram; s.set SOL_SOCKET SO_REUSEADDR 1; s.bind 127.0.0.1 0; t = dgram; t.bind 127.0.0.1 port(s) -> EADDRINUSE; t.set SOL_SOCKET SO_REUSEADDR 1; t.bind 127.0.0.1 port(s)',
  },
  {
    about: 'with SO_REUSEADDR the last who came gets the datagrams',
    script:
      's = dgram; s.set SOL_SOCKET SO_REUSEADDR 1; s.bind 127.0.0.1 0; t = dgram; t.set SOL_SOCKET SO_REUSEADDR 1; t.bind 127.0.0.1 port(s); u = dgram; u.sendto abc 127.0.0.1 port(s) -> 3; wait 10; s.recv 10 MSG_DONTWAIT -> EAGAIN; t.recv 10 -> abc',
  },
  {
    about: 'the one who is connected to the sender gets them before',
    script:
      's = dgram; s.set SOL_SOCKET SO_REUSEADDR 1; s.bind 127.0.0.1 0; u = dgram; u.bind 127.0.0.1 0; s.connect 127.0.0.1 port(u); t = dgram; t.set SOL_SOCKET SO_REUSEADDR 1; t.bind 127.0.0.1 port(s); u.sendto abc 127.0.0.1 port(s) -> 3; wait 10; t.recv 10 MSG_DONTWAIT -> EAGAIN; s.recv 10 -> abc',
  },
  {
    about: 'the one who is bound to the address gets them before',
    script:
      's = dgram; s.set SOL_SOCKET SO_REUSEADDR 1; s.bind 127.0.0.1 0; t = dgram; t.set SOL_SOCKET SO_REUSEADDR 1; t.bind * port(s); u = dgram; u.sendto abc 127.0.0.1 port(s) -> 3; u.sendto def 127.0.0.2 port(s) -> 3; wait 10; s.recv 10 -> abc; t.recv 10 -> def',
  },
  {
    about: 'one who is connected hears nobody else, and others learn that nobody is there',
    script:
      's = dgram; s.bind 127.0.0.1 0; s.connect 127.0.0.1 9; t = dgram; t.connect 127.0.0.1 port(s); t.send abc -> 3; wait 10; t.recv 10 -> ECONNREFUSED; s.recv 10 MSG_DONTWAIT -> EAGAIN',
  },
  {
    about: 'what does not fit is lost',
    script:
      's = dgram; s.bind 127.0.0.1 0; s.connect 127.0.0.1 port(s); s.send self -> 4; wait 10; s.poll -> IN OUT; s.recv 2 -> se; s.recv 10 MSG_DONTWAIT -> EAGAIN',
  },
  {
    about: 'datagrams keep their borders',
    script:
      's = dgram; s.bind 127.0.0.1 0; t = dgram; t.sendto one 127.0.0.1 port(s) -> 3; t.sendto bytes(0) 127.0.0.1 port(s) -> 0; t.sendto two 127.0.0.1 port(s) -> 3; wait 10; s.recv 10 MSG_PEEK -> one; s.recv 10 -> one; s.recv 10 -> empty; s.recv 10 -> two',
  },
  {
    about: 'shutdown without a peer fails, and works',
    script:
      's = dgram; s.shutdown SHUT_WR -> ENOTCONN; s.sendto abc 127.0.0.1 9 -> EPIPE; s.shutdown SHUT_RD -> ENOTCONN; s.recv 10 -> empty',
  },
  {
    about: 'shutdown with a peer',
    script:
      's = dgram; s.connect 127.0.0.1 unused; s.shutdown SHUT_WR; s.send x -> EPIPE; s.shutdown SHUT_RD; s.recv 10 -> empty; s.poll -> IN OUT HUP RDHUP',
  },
  // socket, socketpair
  { about: 'no such family', script: 's = socket 77 1 -> EAFNOSUPPORT' },
  {
    about: 'no such type',
    script:
      's = socket AF_INET 77 -> EINVAL; s = socket AF_INET SOCK_SEQPACKET -> ESOCKTNOSUPPORT; s = socket AF_INET 4 -> ESOCKTNOSUPPORT; s = socket AF_INET 0 -> ESOCKTNOSUPPORT',
  },
  {
    about: 'no such protocol',
    script:
      's = socket AF_INET SOCK_STREAM 17 -> EPROTONOSUPPORT; s = socket AF_INET SOCK_DGRAM 6 -> EPROTONOSUPPORT; s = socket AF_INET SOCK_STREAM 1 -> EPROTONOSUPPORT; s = socket AF_INET SOCK_DGRAM 58 -> EPROTONOSUPPORT; s = socket AF_INET SOCK_STREAM 300 -> EINVAL',
  },
  {
    about: 'raw sockets without privilege',
    script:
      's = socket AF_INET SOCK_RAW -> EPROTONOSUPPORT; s = socket AF_INET SOCK_RAW 1 -> EPERM; s = socket AF_PACKET SOCK_RAW -> EPERM',
  },
  {
    about: 'pairs that there are not',
    script:
      's,t = socketpair AF_INET SOCK_STREAM -> EOPNOTSUPP; s,t = socketpair AF_INET SOCK_DGRAM -> EOPNOTSUPP; s,t = socketpair 77 1 -> EAFNOSUPPORT; s,t = socketpair AF_UNIX 4 -> ESOCKTNOSUPPORT',
  },
  {
    about: 'a pair talks, and one end closes',
    script:
      's,t = pair; s.poll -> OUT; s.send abc -> 3; t.poll -> IN OUT; t.recv 10 -> abc; s.close; t.poll -> IN OUT HUP RDHUP; t.recv 10 -> empty; t.send x -> EPIPE; t.get SOL_SOCKET SO_ERROR -> 0',
  },
  {
    about: 'a pair: one end closes with data unread',
    script:
      's,t = pair; t.send unread -> 6; s.close; t.poll -> IN OUT ERR HUP RDHUP; t.recv 10 -> ECONNRESET; t.recv 10 -> empty; t.send x -> EPIPE',
  },
  {
    about: 'a pair: shutdown',
    script:
      's,t = pair; s.shutdown SHUT_WR; s.send x -> EPIPE; t.recv 10 -> empty; t.poll -> IN OUT RDHUP; s.poll -> OUT; t.send back -> 4; s.recv 10 -> back; s.recv 10 MSG_DONTWAIT -> EAGAIN; s.shutdown SHUT_RD; s.recv 10 -> empty; s.poll -> IN OUT HUP RDHUP; t.poll -> IN OUT HUP RDHUP; t.send x -> EPIPE',
  },
  {
    about: 'a pair: shutdown of receiving',
    script:
      's,t = pair; s.shutdown SHUT_RD; s.recv 5 -> empty; t.poll -> OUT; t.send x -> EPIPE; s.poll -> IN OUT RDHUP',
  },
  { about: 'a pair neither listens nor accepts', script: 's,t = pair; s.listen 1 -> EINVAL; s.accept -> EINVAL' },
  // Options
  {
    about: 'what a stream says of itself',
    script:
      's = stream; s.get SOL_SOCKET SO_TYPE -> 1; s.get SOL_SOCKET SO_DOMAIN -> 2; s.get SOL_SOCKET SO_PROTOCOL -> 6; s.get SOL_SOCKET SO_ACCEPTCONN -> 0; s.get IPPROTO_TCP TCP_INFO -> 7; s.listen 1; s.get SOL_SOCKET SO_ACCEPTCONN -> 1; s.get IPPROTO_TCP TCP_INFO -> 10',
  },
  {
    about: 'what a datagram socket says of itself',
    script:
      's = dgram; s.get SOL_SOCKET SO_TYPE -> 2; s.get SOL_SOCKET SO_DOMAIN -> 2; s.get SOL_SOCKET SO_PROTOCOL -> 17; s.get SOL_SOCKET SO_ACCEPTCONN -> 0',
  },
  {
    about: 'options that there are not, streams',
    script:
      's = stream; s.get IPPROTO_TCP 999 -> ENOPROTOOPT; s.set IPPROTO_TCP 999 1 -> ENOPROTOOPT; s.get SOL_SOCKET 999 -> ENOPROTOOPT; s.set SOL_SOCKET 999 1 -> ENOPROTOOPT; s.get 77 1 -> EOPNOTSUPP; s.set 77 1 1 -> ENOPROTOOPT; s.get IPPROTO_IPV6 26 -> EOPNOTSUPP; s.set IPPROTO_IP IP_HDRINCL 1 -> ENOPROTOOPT; s.set SOL_SOCKET SO_SNDLOWAT 2 -> ENOPROTOOPT',
  },
  {
    about: 'options that there are not, datagrams',
    script:
      's = dgram; s.get IPPROTO_TCP TCP_NODELAY -> EOPNOTSUPP; s.set IPPROTO_TCP TCP_NODELAY 1 -> ENOPROTOOPT; s.get IPPROTO_IP 999 -> ENOPROTOOPT; s.set IPPROTO_IP 999 1 -> ENOPROTOOPT; s.get SOL_SOCKET 999 -> ENOPROTOOPT; s.set SOL_SOCKET SO_TYPE 1 -> ENOPROTOOPT; s.set SOL_SOCKET SO_ERROR 1 -> ENOPROTOOPT; s.get 77 1 -> EOPNOTSUPP; s.set 77 1 1 -> ENOPROTOOPT',
  },
  {
    about: 'switches are 0 or 1',
    script:
      's = stream; s.get SOL_SOCKET SO_KEEPALIVE -> 0; s.set SOL_SOCKET SO_KEEPALIVE 5; s.get SOL_SOCKET SO_KEEPALIVE -> 1; s.set IPPROTO_TCP TCP_NODELAY 9; s.get IPPROTO_TCP TCP_NODELAY -> 1; s.set SOL_SOCKET SO_REUSEADDR 1; s.get SOL_SOCKET SO_REUSEADDR -> 1; s.set SOL_SOCKET SO_BROADCAST 1; s.get SOL_SOCKET SO_BROADCAST -> 1',
  },
  {
    about: 'IP_TTL',
    script:
      's = stream; s.get IPPROTO_IP IP_TTL -> 64; s.set IPPROTO_IP IP_TTL 0 -> EINVAL; s.set IPPROTO_IP IP_TTL 256 -> EINVAL; s.set IPPROTO_IP IP_TTL 7; s.get IPPROTO_IP IP_TTL -> 7',
  },
  {
    about: "IP_TOS: the ECN bits of a stream are TCP's",
    script:
      's = stream; s.set IPPROTO_IP IP_TOS 255; s.get IPPROTO_IP IP_TOS -> 252; d = dgram; d.set IPPROTO_IP IP_TOS 255; d.get IPPROTO_IP IP_TOS -> 255',
  },
  {
    about: 'IP_MTU needs a peer',
    script:
      's = stream; s.get IPPROTO_IP IP_MTU -> ENOTCONN; d = dgram; d.get IPPROTO_IP IP_MTU -> ENOTCONN; d.get IPPROTO_IP IP_MTU_DISCOVER -> 1',
  },
  {
    about: 'buffers are told doubled, and have a least size',
    script:
      's = dgram; s.set SOL_SOCKET SO_RCVBUF 5000; s.get SOL_SOCKET SO_RCVBUF -> 10000; s.set SOL_SOCKET SO_RCVBUF 1; s.get SOL_SOCKET SO_RCVBUF -> 2304; s.set SOL_SOCKET SO_SNDBUF 1; s.get SOL_SOCKET SO_SNDBUF -> 4608; t = stream; t.set SOL_SOCKET SO_RCVBUF 5000; t.get SOL_SOCKET SO_RCVBUF -> 10000; t.set SOL_SOCKET SO_SNDBUF 1; t.get SOL_SOCKET SO_SNDBUF -> 4608',
  },
  {
    about: 'SO_LINGER is a structure',
    script:
      's = stream; s.get SOL_SOCKET SO_LINGER -> 0; s.set SOL_SOCKET SO_LINGER 1 -> EINVAL; s.set SOL_SOCKET SO_LINGER 1 5; s.get SOL_SOCKET SO_LINGER -> 1',
  },
  {
    about: 'defaults of TCP',
    script:
      's = stream; s.get IPPROTO_TCP TCP_NODELAY -> 0; s.get IPPROTO_TCP TCP_MAXSEG -> 536; s.get IPPROTO_TCP TCP_KEEPIDLE -> 7200; s.get IPPROTO_TCP TCP_KEEPINTVL -> 75; s.get IPPROTO_TCP TCP_KEEPCNT -> 9; s.get IPPROTO_TCP TCP_SYNCNT -> 6; s.get IPPROTO_TCP TCP_USER_TIMEOUT -> 0; s.get IPPROTO_TCP TCP_QUICKACK -> 1; s.get IPPROTO_TCP TCP_CORK -> 0; s.get SOL_SOCKET SO_RCVLOWAT -> 1',
  },
  {
    about: "values that TCP's options cannot have",
    script:
      's = stream; s.set IPPROTO_TCP TCP_MAXSEG 50 -> EINVAL; s.set IPPROTO_TCP TCP_MAXSEG 1000; s.get IPPROTO_TCP TCP_MAXSEG -> 1000; s.set IPPROTO_TCP TCP_KEEPIDLE 0 -> EINVAL; s.set IPPROTO_TCP TCP_KEEPIDLE 32768 -> EINVAL; s.set IPPROTO_TCP TCP_KEEPCNT 128 -> EINVAL; s.set IPPROTO_TCP TCP_SYNCNT 0 -> EINVAL; s.set IPPROTO_TCP TCP_USER_TIMEOUT -1 -> EINVAL',
  },
  {
    about: "an accepted connection has its listener's options",
    script:
      's = stream; s.bind 127.0.0.1 0; s.set IPPROTO_TCP TCP_NODELAY 1; s.listen 1; s.set SOL_SOCKET SO_KEEPALIVE 1; c = stream; c.connect 127.0.0.1 port(s); a = s.accept; a.get IPPROTO_TCP TCP_NODELAY -> 1; a.get SOL_SOCKET SO_KEEPALIVE -> 1; c.get IPPROTO_TCP TCP_NODELAY -> 0',
  },
  // close
  {
    about: 'every call after close',
    script:
      's = stream; s.close; s.send abc -> EBADF; s.recv 10 -> EBADF; s.connect 127.0.0.1 9 -> EBADF; s.bind 127.0.0.1 0 -> EBADF; s.listen 1 -> EBADF; s.accept -> EBADF; s.shutdown SHUT_RD -> EBADF; s.name -> EBADF; s.peer -> EBADF; s.get SOL_SOCKET SO_TYPE -> EBADF; s.set SOL_SOCKET SO_KEEPALIVE 1 -> EBADF; s.close',
  },
  {
    about: 'a port is free again after close',
    script: 's = server; keep port(s); s.close; t = stream; t.bind 127.0.0.1 kept; t.listen 1',
  },
  {
    about: 'closing a listener refuses',
    script: 's = server; keep port(s); s.close; c = stream; c.connect 127.0.0.1 kept -> ECONNREFUSED',
  },
  {
    about: 'closing a listener resets who was not accepted',
    script: `${connected}; s.close; wait 20; c.recv 10 -> ECONNRESET`,
  },
  {
    about: 'ping sockets',
    script: 's = socket AF_INET SOCK_DGRAM 1; s.poll -> OUT; s.sendto abc 127.0.0.1 0 -> EINVAL',
    differs: 'Linux asks for a group that may ping (net.ipv4.ping_group_range); here everybody may',
  },
  {
    about: 'a recv that is under way when its socket is closed',
    script: 's = dgram; s.bind 127.0.0.1 0; later 10 s.close; s.recv 10 -> EBADF',
    differs: 'on Linux such a call goes on waiting',
  },
  // AF_INET6
  { about: 'names of a fresh IPv6 stream', script: 's = stream6; s.peer -> ENOTCONN; s.name -> :: 0' },
  {
    about: 'an IPv6 stream talks',
    script:
      's = server6; c = stream6; c.connect ::1 port(s); c.peer -> ::1 port; c.name -> ::1 port; a = s.accept; a.peer -> ::1 port; c.send hello -> 5; a.recv 10 -> hello; c.close; a.recv 10 -> empty',
  },
  { about: 'nobody listens over IPv6', script: 'c = stream6; c.connect ::1 unused -> ECONNREFUSED' },
  { about: 'IPv6: bind to an address of another host', script: 's = stream6; s.bind 2001:db8::77 0 -> EADDRNOTAVAIL' },
  { about: 'IPv6: bind to a well-known port', script: 's = stream6; s.bind ::1 80 -> EACCES' },
  { about: 'IPv6: bind to what another has', script: 's = server6; t = stream6; t.bind ::1 port(s) -> EADDRINUSE' },
  {
    about: 'a listener on :: takes IPv4 too, and shows it as a mapped address',
    script:
      's = stream6; s.bind * 0; s.listen 5; c = stream; c.connect 127.0.0.1 port(s); a = s.accept; a.peer -> ::ffff:127.0.0.1 port; a.name -> ::ffff:127.0.0.1 port; d = stream6; d.connect ::1 port(s); b = s.accept; b.peer -> ::1 port',
  },
  {
    about: 'an IPv6 stream connects to a mapped address',
    script:
      's = server; c = stream6; c.connect ::ffff:127.0.0.1 port(s); c.peer -> ::ffff:127.0.0.1 port; a = s.accept; a.peer -> 127.0.0.1 port',
  },
  {
    about: 'IPV6_V6ONLY: IPv6 alone',
    script:
      's = stream6; s.get IPPROTO_IPV6 IPV6_V6ONLY -> 0; s.set IPPROTO_IPV6 IPV6_V6ONLY 1; s.get IPPROTO_IPV6 IPV6_V6ONLY -> 1; s.bind * 0; s.listen 5; c = stream; c.connect 127.0.0.1 port(s) -> ECONNREFUSED; d = stream6; d.set IPPROTO_IPV6 IPV6_V6ONLY 1; d.connect ::ffff:127.0.0.1 port(s) -> ENETUNREACH',
  },
  {
    about: 'IPV6_V6ONLY comes too late',
    script: 's = stream6; s.bind * 0; s.set IPPROTO_IPV6 IPV6_V6ONLY 1 -> EINVAL',
  },
  {
    about: 'IPV6_V6ONLY leaves the port to IPv4',
    script:
      's = stream6; s.set IPPROTO_IPV6 IPV6_V6ONLY 1; s.bind * 0; s.listen 1; t = stream; t.bind * port(s); t.listen 1; c = stream; c.connect 127.0.0.1 port(s); a = t.accept; d = stream6; d.connect ::1 port(s); b = s.accept',
  },
  {
    about: 'without it the port is taken for both',
    script:
      's = stream6; s.bind * 0; t = stream; t.bind * port(s) -> EADDRINUSE; t.bind 127.0.0.1 port(s) -> EADDRINUSE',
  },
  {
    about: 'an address of IPv4 leaves the port to IPv6 addresses',
    script: 's = server; t = stream6; t.bind ::1 port(s); u = stream6; u.bind * port(s) -> EADDRINUSE',
  },
  {
    about: 'a link-local address without its link',
    script: 's = stream6; s.bind fe80::1 0 -> EINVAL; s.connect fe80::1 9 -> EINVAL',
  },
  {
    about: 'the same for datagrams',
    script: 's = dgram6; s.bind fe80::1 0 -> EINVAL; s.connect fe80::1 9 -> EINVAL; s.connect ff02::1 9 -> EINVAL',
  },
  {
    about: 'IPv6 datagrams',
    script:
      's = dgram6; s.bind ::1 0; t = dgram6; t.sendto abc ::1 port(s) -> 3; s.recvfrom 10 -> abc ::1; t.connect ::1 port(s); t.name -> ::1 port; t.send de -> 2; s.recv 10 -> de',
  },
  {
    about: 'a datagram socket on :: hears IPv4',
    script:
      's = dgram6; s.bind * 0; t = dgram; t.sendto abc 127.0.0.1 port(s) -> 3; s.recvfrom 10 -> abc ::ffff:127.0.0.1; u = dgram6; u.sendto de ::1 port(s) -> 2; s.recvfrom 10 -> de ::1',
  },
  {
    about: 'nobody hears a datagram over IPv6',
    script:
      's = dgram6; s.connect ::1 unused; s.send x -> 1; wait 20; s.send x -> ECONNREFUSED; s.get SOL_SOCKET SO_ERROR -> 0',
  },
  {
    about: 'options of IPv6',
    script:
      's = dgram6; s.get IPPROTO_IPV6 IPV6_UNICAST_HOPS -> 64; s.set IPPROTO_IPV6 IPV6_UNICAST_HOPS 5; s.get IPPROTO_IPV6 IPV6_UNICAST_HOPS -> 5; s.set IPPROTO_IPV6 IPV6_UNICAST_HOPS -1; s.get IPPROTO_IPV6 IPV6_UNICAST_HOPS -> 64; s.set IPPROTO_IPV6 IPV6_UNICAST_HOPS 256 -> EINVAL; s.get IPPROTO_IPV6 IPV6_MULTICAST_HOPS -> 1; s.set IPPROTO_IPV6 IPV6_MULTICAST_HOPS 9; s.get IPPROTO_IPV6 IPV6_MULTICAST_HOPS -> 9; s.get IPPROTO_IPV6 IPV6_MULTICAST_LOOP -> 1; s.set IPPROTO_IPV6 IPV6_MULTICAST_LOOP 2 -> EINVAL; s.get IPPROTO_IPV6 IPV6_TCLASS -> 0; s.set IPPROTO_IPV6 IPV6_TCLASS 16; s.get IPPROTO_IPV6 IPV6_TCLASS -> 16; s.set IPPROTO_IPV6 IPV6_TCLASS 256 -> EINVAL; s.get IPPROTO_IPV6 IPV6_RECVPKTINFO -> 0; s.set IPPROTO_IPV6 IPV6_MULTICAST_IF 1; s.get IPPROTO_IPV6 IPV6_MULTICAST_IF -> 1; s.set IPPROTO_IPV6 IPV6_MULTICAST_IF 77 -> ENODEV',
  },
  {
    about: 'groups of IPv6',
    script:
      's = dgram6; s.join ff02::77 1; s.join ff02::77 1 -> EADDRINUSE; s.leave ff02::77 1; s.leave ff02::77 1 -> EADDRNOTAVAIL; s.join 2001:db8::1 1 -> EINVAL; s.join ff02::77 77 -> ENODEV',
  },
  {
    about: 'an option of IPv6 on an IPv4 socket',
    script: 's = stream; s.set IPPROTO_IPV6 IPV6_V6ONLY 1 -> ENOPROTOOPT',
  },
];
