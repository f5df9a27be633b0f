// What runs on the kernel's side, in Python: ordinary blocking sockets, no options but those named.

/**
 * The client: `way` host seconds. Prints one number: MB/s (10^6 bytes), round trips a second, or datagrams a second.
 * `in` is from here to the server, `out` from the server to here.
 */
export const CLIENT = `
import socket, sys, time
way, host, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
if way == "frames":
  s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
  s.connect((host, 9)); b = bytes(1472); n = 0; t = time.time(); e = t + seconds
  while time.time() < e:
    for i in range(64): s.send(b)
    n += 64
  print(n / (time.time() - t)); sys.exit()
s = socket.create_connection((host, {"in": 5001, "out": 5002, "pingpong": 5003}[way]))
def run(seconds):
  n = 0; t = time.time(); e = t + seconds
  if way == "in":
    while time.time() < e: n += s.send(b)
    n /= 1e6
  elif way == "out":
    while time.time() < e: n += s.recv_into(v)
    n /= 1e6
  else:
    while time.time() < e:
      s.sendall(b); g = 0
      while g < 64: g += len(s.recv(64 - g))
      n += 1
  return n / (time.time() - t)
b = bytes(1 << 20); v = bytearray(1 << 20)
if way == "pingpong":
  s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
  b = bytes(64)
run(seconds / 4)
print(run(seconds))
`;

/** The server of the peers: a sink on port 5001, a source on 5002, an echo on 5003, and datagrams on 9. */
export const SERVER = `
import socket, threading
def serve(port, talk):
  l = socket.create_server(("", port))
  def run():
    while True:
      c, a = l.accept()
      try: talk(c)
      except OSError: pass
      c.close()
  threading.Thread(target=run).start()
v = bytearray(1 << 20); z = bytes(1 << 18)
def sink(c):
  while c.recv_into(v): pass
def source(c):
  while True: c.sendall(z)
def echo(c):
  c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
  while True:
    d = c.recv(65536)
    if not d: break
    c.sendall(d)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("", 9))
def datagrams():
  while True: u.recv_into(v)
threading.Thread(target=datagrams).start()
serve(5001, sink); serve(5002, source); serve(5003, echo)
print("ready", flush=True)
`;

/** The page that both web servers serve, 612 bytes as nginx's first page. */
export const PAGE = `<!DOCTYPE html>\n<title>Welcome</title>\n${'<p>It works.</p>\n'.repeat(36)}`.padEnd(612, '\n');

/** The peer of our web server: node:http, the same page with the same header fields. */
export const HTTP_SERVER = `
const page = Buffer.from(${JSON.stringify(PAGE)});
require('node:http').createServer((request, response) => {
  response.writeHead(200, {
    'Accept-Ranges': 'bytes',
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': page.length,
  });
  response.end(page);
}).listen(80, () => console.log('ready'));
`;
