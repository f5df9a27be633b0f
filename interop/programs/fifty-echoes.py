# Fifty connections at once to an echo server, non-blocking, by one selector loop; 100 KiB through each.

import os
import selectors
import socket

SIZE = 100 << 10
selector = selectors.DefaultSelector()
total = 0
wrong = 0

for i in range(50):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setblocking(False)
    s.connect_ex(("10.77.1.80", 7))
    selector.register(s, selectors.EVENT_READ | selectors.EVENT_WRITE, {"data": os.urandom(SIZE), "sent": 0, "got": b""})

while selector.get_map():
    for key, events in selector.select(timeout=10):
        s, state = key.fileobj, key.data
        if events & selectors.EVENT_WRITE and state["sent"] < SIZE:
            state["sent"] += s.send(state["data"][state["sent"]:state["sent"] + 8192])
            if state["sent"] == SIZE:
                s.shutdown(socket.SHUT_WR)
                selector.modify(s, selectors.EVENT_READ, state)
        if events & selectors.EVENT_READ:
            piece = s.recv(65536)
            state["got"] += piece
            if not piece:
                total += len(state["got"])
                wrong += state["got"] != state["data"]
                selector.unregister(s)
                s.close()

print("50 connections,", total, "bytes,", "all as they were sent" if wrong == 0 else f"{wrong} wrong")
