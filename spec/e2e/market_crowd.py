# spec/e2e/market_crowd.py -- many clients of one stream of server-sent events, in one process, some of which do not read.
# Usage: market_crowd.py PORT,PORT KEY READERS OTHERS.  Lines on its input: "read N" (so many of the others read from now on),
# "look"; each is answered with a line of JSON.  Node cannot say how little a socket takes in, which is what fills a queue.
import collections
import json
import re
import selectors
import socket
import sys

ports, key = [int(p) for p in sys.argv[1].split(",")], sys.argv[2]
readers, others = int(sys.argv[3]), int(sys.argv[4])
watch = selectors.DefaultSelector()
ID = re.compile(rb"^id: (\d+)$", re.M)


class Client:
    def __init__(self, n, reads, last=None):
        self.port, self.ids, self.rest, self.open, self.ended = ports[n % len(ports)], [], b"", False, False
        self.socket = socket.socket()
        if not reads:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", self.port))
        again = f"Last-Event-ID: {last}\r\n" if last else ""
        self.socket.sendall(f"GET /task-stream HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {key}\r\n{again}\r\n".encode())
        # All read until the stream is open.
        while b"\r\n\r\n" not in self.rest:
            piece = self.socket.recv(1024)
            assert piece, self.rest
            self.rest += piece
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 200"), head
        self.take(b"")
        if reads:
            self.read()

    def read(self):
        self.socket.setblocking(False)
        watch.register(self.socket, selectors.EVENT_READ, self)

    def take(self, piece):
        lines = (self.rest + piece).rsplit(b"\n", 1)
        self.rest = lines.pop()
        for line in lines:
            self.ids += [int(i) for i in ID.findall(line)]

    def on_data(self):
        try:
            piece = self.socket.recv(1 << 16)
        except BlockingIOError:
            return
        if piece:
            self.take(piece)
        else:
            self.ended = True
            watch.unregister(self.socket)


clients = [Client(n, True) for n in range(readers)]
quiet = [Client(n, False) for n in range(others)]


def seen(list_of):
    """How many events clients have, and whether each has them in order, once each and without gaps."""
    counts = collections.Counter(len(c.ids) for c in list_of)
    whole = all(c.ids == list(range(c.ids[0], c.ids[0] + len(c.ids))) for c in list_of if c.ids)
    return {"counts": sorted(counts.items()), "whole": whole, "ended": sum(c.ended for c in list_of)}


def obey(line):
    words = line.split()
    if words[0] == "read":
        for _ in range(int(words[1])):
            client = quiet.pop()
            client.read()
            clients.append(client)
    print(json.dumps({**seen(clients), "quiet": len(quiet)}), flush=True)


watch.register(sys.stdin, selectors.EVENT_READ, None)
print(json.dumps(seen(clients)), flush=True)
while True:
    for found, _ in watch.select():
        if found.data:
            found.data.on_data()
            continue
        line = sys.stdin.readline()
        if not line:
            sys.exit(0)
        obey(line)
