# spec/e2e/socketio_client.py -- python-socketio against scripts/echo: one line "ok NAME" for each thing that works.
# Usage: python socketio_client.py URL TRANSPORTS (comma-separated)
import sys
import threading

import socketio

url, transports = sys.argv[1], sys.argv[2].split(",")


def client(**options):
    sio = socketio.Client(reconnection=False)
    sio.events = {}

    @sio.on("*", namespace="*")
    def anything(event, namespace, *args):
        sio.events.setdefault(event, []).append(list(args))
        waiter.set()

    sio.connect(url, socketio_path="/echo.io/", transports=transports, wait_timeout=5, **options)
    return sio


waiter = threading.Event()


def wait_for(sio, event, n=1):
    for _ in range(200):
        if len(sio.events.get(event, [])) >= n:
            return sio.events.pop(event)
        waiter.wait(0.1)
        waiter.clear()
    raise AssertionError(f"no {event}")


def same(what, got, want):
    if got != want:
        raise AssertionError(f"{what}: {got!r} is not {want!r}")
    print("ok", what, flush=True)


one = client(auth={"a": 1})
same("welcome", wait_for(one, "welcome"), [[{"a": 1}, "nobody"]])
for args in (1, "2", {"3": [True]}), (None,), ([],), ("ü € \U0001f600",), (b"\0\1\xff", {"deep": [b"x"]}):
    one.emit("message", args)
    same(f"echo {args!r}", wait_for(one, "message-back"), [list(args)])
same("acknowledgement", one.call("message-with-ack", (b"x", 2)), (b"x", 2))
two = client()
for sio in one, two:
    sio.call("join", "r")
one.emit("tell", ("r", b"all"))
same("rooms", [wait_for(one, "told"), wait_for(two, "told")], [[[b"all"]], [[b"all"]]])
same("members", sorted(one.call("who", "r")), sorted([one.get_sid(), two.get_sid()]))
many = client(namespaces=["/custom", "/dynamic-7"])
many.emit("message", "x", namespace="/dynamic-7")
same("namespaces", wait_for(many, "message-back"), [["/dynamic-7", "x"]])
for i in range(15):  # it takes 16 packets of one poll
    one.emit("message", i)
same("order", wait_for(one, "message-back", 15), [[i] for i in range(15)])
same("transport", one.transport(), transports[-1])
two.emit("bye")
for _ in range(100):
    if not two.connected:
        break
    waiter.wait(0.05)
same("disconnect", two.connected, False)
for sio in one, many:
    sio.disconnect()
print("done", flush=True)
