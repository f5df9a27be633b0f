"""Runs the scripts of posix-table.ts on the sockets of this machine: reads them as JSON, writes what each step gave."""

import errno
import json
import os
import select
import signal
import socket
import struct
import sys
import time


class Stuck(Exception):
    pass


def on_alarm(_signal, _frame):
    raise Stuck()


CONSTANTS = {name: getattr(socket, name) for name in dir(socket) if name.isupper()}
CONSTANTS.update(
    IP_MTU_DISCOVER=10, IP_MTU=14, IP_RECVERR=11, IP_PMTUDISC_DO=2, IP_PMTUDISC_WANT=1, IP_PMTUDISC_DONT=0, SO_NO_CHECK=11
)
POLL = {name: getattr(select, name) for name in ("POLLIN", "POLLOUT", "POLLERR", "POLLHUP", "POLLRDHUP", "POLLNVAL")}


def number(word):
    if word in CONSTANTS:
        return int(CONSTANTS[word])
    return int(word, 0)


class Machine:
    def __init__(self):
        self.sockets = {}

    def port(self, word):
        if word == "kept":
            return self.kept
        if word.startswith("port("):
            return self.sockets[word[5:-1]].getsockname()[1]
        if word == "unused":
            probe = socket.socket()
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
            probe.close()
            return port
        return int(word)

    def address(self, words):
        return ("" if words[0] == "*" else words[0], self.port(words[1]))

    def data(self, word):
        return b"x" * int(word[6:-1]) if word.startswith("bytes(") else word.encode()

    def shown(self, address):
        return f"{address[0]} {'0' if address[1] == 0 else 'port'}"

    def step(self, words):
        if len(words) > 1 and words[1] == "=":
            result = self.make(words[2:])
            if isinstance(result, tuple):
                for name, made in zip(words[0].split(","), result):
                    self.sockets[name] = made
            else:
                self.sockets[words[0]] = result
            return "ok"
        if words[0] == "keep":
            self.kept = self.port(words[1])
            return "ok"
        if words[0] == "wait":
            time.sleep(int(words[1]) / 1000)
            return "ok"
        name, call = words[0].split(".")
        return self.call(self.sockets[name], call, words[1:])

    def make(self, words):
        if words[0] == "stream":
            return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if words[0] == "dgram":
            return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        if words[0] == "stream6":
            return socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        if words[0] == "dgram6":
            return socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        if words[0] == "pair":
            return socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        if words[0] == "socketpair":
            return socket.socketpair(number(words[1]), number(words[2]))
        if words[0] == "socket":
            return socket.socket(*[number(word) for word in words[1:]])
        if words[0] in ("server", "server6"):
            old = words[0] == "server"
            server = socket.socket(socket.AF_INET if old else socket.AF_INET6)
            server.bind(("127.0.0.1" if old else "::1", 0))
            server.listen(5)
            return server
        name, call = words[0].split(".")
        assert call == "accept"
        return self.sockets[name].accept()[0]

    def call(self, s, call, args):
        if call == "bind":
            s.bind(self.address(args))
        elif call == "listen":
            s.listen(number(args[0]))
        elif call == "accept":
            s.accept()
        elif call == "connect":
            s.connect(self.address(args))
        elif call == "send":
            return str(s.send(self.data(args[0]), number(args[1]) if len(args) > 1 else 0))
        elif call == "sendto":
            return str(s.sendto(self.data(args[0]), self.address(args[1:])))
        elif call == "recv":
            return show(s.recv(int(args[0]), sum(number(flag) for flag in args[1:])))
        elif call == "recvfrom":
            data, sender = s.recvfrom(int(args[0]))
            return f"{show(data)} {sender[0]}"
        elif call in ("join", "leave"):
            option = socket.IPV6_JOIN_GROUP if call == "join" else socket.IPV6_LEAVE_GROUP
            s.setsockopt(socket.IPPROTO_IPV6, option, socket.inet_pton(socket.AF_INET6, args[0]) + struct.pack("i", int(args[1])))
        elif call == "shutdown":
            s.shutdown(number(args[0]))
        elif call == "close":
            s.close()
        elif call == "blocking":
            s.setblocking(args[0] == "1")
        elif call == "patience":
            s.setsockopt(socket.SOL_SOCKET, number(args[0]), struct.pack("ll", 0, int(args[1]) * 1000))
        elif call == "timeout":
            s.settimeout(float(args[0]))
        elif call == "set":
            values = [number(word) for word in args[2:]]
            value = values[0] if len(values) == 1 else struct.pack("i" * len(values), *values)
            s.setsockopt(number(args[0]), number(args[1]), value)
        elif call == "get":
            value = s.getsockopt(number(args[0]), number(args[1]))
            return errno.errorcode.get(value, str(value)) if args[1] == "SO_ERROR" else str(value)
        elif call == "name":
            return self.shown(s.getsockname())
        elif call == "peer":
            return self.shown(s.getpeername())
        elif call == "poll":
            poller = select.poll()
            poller.register(s, POLL["POLLIN"] | POLL["POLLOUT"] | POLL["POLLRDHUP"])
            events = dict(poller.poll(0)).get(s.fileno(), 0)
            return " ".join(name[4:] for name, bit in POLL.items() if events & bit) or "nothing"
        else:
            raise ValueError(call)
        return "ok"


def show(data):
    if data == b"":
        return "empty"
    return data.decode() if len(data) <= 20 else f"bytes({len(data)})"


def run(script):
    machine = Machine()
    results = []
    for line in script.split(";"):
        words = line.split()
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.5)
            results.append(machine.step(words))
        except Stuck:
            results.append("waits")
        except socket.timeout:
            results.append("ETIMEDOUT")
        except OSError as error:
            name = errno.errorcode.get(error.errno, str(error))
            results.append("EOPNOTSUPP" if name == "ENOTSUP" else name)  # one number, two names
        except (OverflowError, ValueError, KeyError) as error:
            results.append(f"bad argument: {error}")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    for s in machine.sockets.values():
        s.close()
    return results


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, on_alarm)
    if os.geteuid() == 0:
        os.setegid(65534)
        os.seteuid(65534)
    json.dump([run(script) for script in json.load(sys.stdin)], sys.stdout)
