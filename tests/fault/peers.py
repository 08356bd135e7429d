"""What else there is on a network: servers that are none of ours, clients that mean no good, and a
relay that writes down what it carries. Standard library only.

    peers.py http|silent|echo|close|blackhole [VERSION]   prints its port, serves until ended
    peers.py version N                 answers like a Sluice server of version N
    peers.py relay TO_PORT FILE        carries to TO_PORT, appends all bytes of both ways to FILE
    peers.py send PORT WHAT            garbage|http|slow|prefix: prints how it ended, after how long
    peers.py idle PORT COUNT SOURCES   holds COUNT connections from that many addresses, says "held",
                                       then how many are still open whenever a line comes in
    peers.py weather TO SEED CALM [PORT]  carries to a port or a unix socket, on a bad line: cuts after
                                       some bytes, stalls, splits, delays, as the seed says, until
                                       there is a file CALM; then as a good one
    peers.py cut TO_PORT               carries a client's messages 1 and 3 in, and then nothing back
    peers.py tamper TO_PORT in|out AT  carries all, but for one bit of byte AT towards the server or back
    peers.py other-key INVITATION same|else   the line with another server key, of the same id or not
    peers.py relined INVITATION PORT [other-code]   the line with another port, or another code too
"""
import base64
import hashlib
import os
import random
import select
import socket
import sys
import threading
import time

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
RFC = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def say(*words):
    print(*words, flush=True)


# --- servers that are none

def serve(answer, port=0):
    listener = socket.create_server(("127.0.0.1", port), backlog=16)
    say(listener.getsockname()[1])
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def http(connection):
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    connection.close()


def silent(connection):
    while connection.recv(4096):
        pass


def echo(connection):
    while data := connection.recv(4096):
        connection.sendall(data)


def close(connection):
    connection.recv(4096)
    connection.close()


def version(number):
    def answer(connection):
        connection.recv(4096)
        connection.sendall(b"SLCE" + bytes([number, 0]) + b"ab")
        connection.close()
    return answer


def blackhole():
    """A listener whose queue is full: the system drops what wants to connect."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    port = listener.getsockname()[1]
    held = []
    for _ in range(4):
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex(("127.0.0.1", port))
        held.append(connection)
    say(port)
    threading.Event().wait()


# --- the relay

def carry(source, to, record, lock):
    try:
        while data := source.recv(65536):
            with lock:
                record.write(data)
                record.flush()
            to.sendall(data)
    except OSError:
        pass
    for each in (source, to):
        try:
            each.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def relay(to_port, path):
    record, lock = open(path, "ab"), threading.Lock()

    def answer(connection):
        server = socket.create_connection(("127.0.0.1", to_port))
        threading.Thread(target=carry, args=(server, connection, record, lock),
                         daemon=True).start()
        carry(connection, server, record, lock)
    serve(answer)


def weather(to, seed, calm, port=0):
    """Each connection has its own fate, drawn when it comes."""
    chance, lock = random.Random(seed), threading.Lock()

    def bad():
        return not os.path.exists(calm)

    def close_both(pair):
        for each in pair:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def carry_badly(source, to, fate):
        try:
            while data := source.recv(65536):
                with fate["lock"]:
                    fate["left"] -= len(data)
                    last = fate["left"] <= 0 and bad()
                if last:
                    to.sendall(data[:max(0, len(data) + fate["left"])])
                    return
                if bad() and fate["random"].random() < fate["stall"]:
                    end = time.monotonic() + fate["random"].random() * 4
                    while time.monotonic() < end and bad():
                        time.sleep(0.05)
                while data:
                    piece = len(data)
                    if bad() and fate["splits"]:
                        piece = min(piece, fate["random"].randint(1, 1400))
                        time.sleep(fate["random"].random() * 0.002)
                    to.sendall(data[:piece])
                    data = data[piece:]
        except OSError:
            pass
        finally:
            close_both((source, to))

    def answer(client):
        try:
            if to.isdigit():
                server = socket.create_connection(("127.0.0.1", int(to)))
            else:
                server = socket.socket(socket.AF_UNIX)
                server.connect(to)
        except OSError:
            client.close()
            return
        with lock:
            draw = random.Random(chance.random())
        fate = {"lock": threading.Lock(), "random": draw, "splits": draw.random() < 0.5,
                "stall": draw.choice([0, 0, 0.02, 0.1]),
                "left": draw.choice([draw.randint(1, 4000), draw.randint(1, 200000), 1 << 50])}
        for each in (client, server):
            if each.family == socket.AF_INET:
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=carry_badly, args=(server, client, fate), daemon=True).start()
        carry_badly(client, server, fate)
    serve(answer, port)


def cut(to_port):
    header_and_message_1 = 58

    def answer(client):
        server = socket.create_connection(("127.0.0.1", to_port))
        carried = 0
        while True:
            for source in select.select([client, server], [], [])[0]:
                data = source.recv(65536)
                if source is client:
                    carried += len(data)
                    server.sendall(data)
                elif carried > header_and_message_1:
                    client.close()
                    server.close()
                    return
                else:
                    client.sendall(data)
    serve(answer)


def carry_but(source, to, at):
    passed = 0
    try:
        while data := bytearray(source.recv(65536)):
            if passed <= at < passed + len(data):
                data[at - passed] ^= 4
            passed += len(data)
            to.sendall(data)
    except OSError:
        pass
    for each in (source, to):
        try:
            each.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def tamper(to_port, way, at):
    never = 1 << 60

    def answer(client):
        server = socket.create_connection(("127.0.0.1", to_port))
        back = at if way == "out" else never
        threading.Thread(target=carry_but, args=(server, client, back), daemon=True).start()
        carry_but(client, server, at if way == "in" else never)
    serve(answer)


# --- clients that mean no good

def ended(connection, began):
    """Waits until the other side has closed."""
    answer = 0
    try:
        while data := connection.recv(65536):
            answer += len(data)
        how = "closed"
    except ConnectionError:
        how = "closed"
    except TimeoutError:
        how = "open"
    say(how, answer, "bytes", int((time.monotonic() - began) * 1000), "ms")


def send(port, what):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.settimeout(30)
    began = time.monotonic()
    if what == "garbage":
        connection.sendall(os.urandom(40000))
    elif what == "http":
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    elif what == "prefix":
        connection.sendall(b"SLCE\x01\x00")
    elif what == "slow":
        try:
            for byte in b"SLCE\x01\x00" + os.urandom(60):
                connection.sendall(bytes([byte]))
                if select.select([connection], [], [], 1)[0]:
                    break
        except ConnectionError:
            pass
    ended(connection, began)


def idle(port, count, sources):
    held = []
    for i in range(count):
        connection = socket.socket()
        connection.bind((f"127.0.1.{1 + i % sources}", 0))
        connection.connect(("127.0.0.1", port))
        connection.setblocking(False)
        held.append(connection)
    say("held")
    for _ in sys.stdin:
        still = 0
        for connection in held:
            try:
                still += connection.recv(1, socket.MSG_PEEK) != b""
            except BlockingIOError:
                still += 1
            except ConnectionError:
                pass
        say(still)


# --- invitations

def base32(data):
    return base64.b32encode(data).decode().rstrip("=").translate(str.maketrans(RFC, ALPHABET))


def unbase32(text):
    text = text.lower().translate(str.maketrans(ALPHABET, RFC))
    return base64.b32decode(text + "=" * (-len(text) % 8))


def key_id(key):
    return hashlib.blake2b(key).digest()[:2]


def line_parts(line):
    head, tail = line.strip().rsplit("-", 1)
    data = unbase32(tail)
    return head, data[:32], data[32:48]


def line_say(head, key, code):
    check = hashlib.blake2b((head + "-").encode() + key + code, digest_size=32).digest()[:4]
    say(head + "-" + base32(key + code + check))


def other_key(line, which):
    """A key whose secret nobody has: X25519 takes any 32 bytes."""
    head, ours, code = line_parts(line)
    while True:
        key = os.urandom(32)
        if (key_id(key) == key_id(ours)) == (which == "same"):
            break
    line_say(head, key, code)


def relined(line, port, *other):
    _, key, code = line_parts(line)
    line_say(f"sluice1-127.0.0.1:{port}", key, os.urandom(16) if other else code)


def main():
    what, words = sys.argv[1], sys.argv[2:]
    if what in ("http", "silent", "echo", "close"):
        serve({"http": http, "silent": silent, "echo": echo, "close": close}[what])
    elif what == "blackhole":
        blackhole()
    elif what == "version":
        serve(version(int(words[0])))
    elif what == "relay":
        relay(int(words[0]), words[1])
    elif what == "weather":
        weather(words[0], int(words[1]), words[2], int(words[3]) if len(words) > 3 else 0)
    elif what == "cut":
        cut(int(words[0]))
    elif what == "tamper":
        tamper(int(words[0]), words[1], int(words[2]))
    elif what == "send":
        send(int(words[0]), words[1])
    elif what == "idle":
        idle(int(words[0]), int(words[1]), int(words[2]))
    elif what == "other-key":
        other_key(words[0], words[1])
    elif what == "relined":
        relined(*words)
    else:
        sys.exit(f"peers.py: no {what}")


if __name__ == "__main__":
    main()
