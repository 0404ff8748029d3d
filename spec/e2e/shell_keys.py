"""A shell in a terminal, and somebody who types: shell_keys.py SCRIPT SHELL [ARG..], where SCRIPT is a JSON list of
[keys to type, text to wait for].  Prints what the terminal showed after the last keys; exits with 1 when a text does not
come in time."""
import json
import os
import pty
import re
import select
import sys
import time

WAIT_S = 20


def read_until(fd, text):
    seen, end = "", time.monotonic() + WAIT_S
    while text not in plain(seen):
        if time.monotonic() > end or not select.select([fd], [], [], end - time.monotonic())[0]:
            sys.stderr.write("not seen: %r in %r" % (text, seen))
            sys.exit(1)
        try:
            seen += os.read(fd, 65536).decode("utf-8", "replace")
        except OSError:
            sys.exit("it has ended, and %r was not in %r" % (text, seen))
    return plain(seen)


def plain(text):
    """Without what moves the cursor and colours."""
    return re.sub(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\\\)?|[()][0-9A-B]|[=>])", "", text)


def main():
    steps, command = json.loads(sys.argv[1]), sys.argv[2:]
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    shown = ""
    for keys, text in steps:
        os.write(fd, keys.encode())
        shown = read_until(fd, text)
    print(shown)
    os.kill(pid, 9)


main()
