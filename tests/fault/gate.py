#!/usr/bin/env python3
"""gate.py TO FILE - carries a server to its database at the unix socket TO, and holds one commit back.

When FILE.before exists, the first commit that comes is held whole; when FILE.within exists, all of it
goes in but its last message, so that the database has taken the team's row and waits for the end. Then
FILE.held appears; once FILE.go exists the rest is carried and the gate is open for good.
"""
import os
import select
import socket
import sys
import threading
import time

# In a Bind: no portal's name, then the statement's; its transaction's first.
COMMIT = b"\0advance\0"
SYNC = 5  # bytes: 'S' and a length of 4
taken = threading.Lock()


def wanted(file):
    for way in "before", "within":
        if os.path.exists(f"{file}.{way}"):
            return way
    return None


def hold(data, source, to, file, way):
    """All of the commit is here when its last message is a Sync."""
    while not data.endswith(b"S\0\0\0\x04"):
        more = source.recv(65536)
        if not more:
            return b""
        data += more
    if way == "within":
        to.sendall(data[:-SYNC])
        data = data[-SYNC:]
    open(f"{file}.held", "w").close()
    while not os.path.exists(f"{file}.go"):
        time.sleep(0.01)
    return data


def carry(source, to, file):
    try:
        while data := source.recv(65536):
            if file and COMMIT in data and not os.path.exists(f"{file}.held"):
                with taken:
                    way = wanted(file)
                    if way and not os.path.exists(f"{file}.held"):
                        data = hold(data, source, to, file, way)
            to.sendall(data)
    except OSError:
        pass
    for each in source, to:
        try:
            each.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def main():
    to, file = sys.argv[1:]
    listener = socket.create_server(("127.0.0.1", 0), backlog=16)
    print(listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = socket.socket(socket.AF_UNIX)
        server.connect(to)
        threading.Thread(target=carry, args=(client, server, file), daemon=True).start()
        threading.Thread(target=carry, args=(server, client, None), daemon=True).start()


main()
