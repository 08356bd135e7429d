"""A second implementation of the link, on dissononce and OpenSSL instead of our C and libsodium.

Run by test_noise_peer over a socket as standard input and output:

    noise_peer.py client SECRET SERVER_PUBLIC | server SECRET        (hexadecimal)

Each session: handshake; then this side says handshake hash, the other's static key and (as server)
the hello it got; then every message comes back reversed, until "next" (another handshake on the same
stream) or "bye". Written from the description of the wire, not from our code.
"""
import hashlib
import random
import struct
import sys

try:
    from dissononce.cipher.chachapoly import ChaChaPolyCipher
    from dissononce.dh.x25519.private import PrivateKey
    from dissononce.dh.x25519.public import PublicKey
    from dissononce.dh.x25519.x25519 import X25519DH
    from dissononce.hash.blake2b import Blake2bHash
    from dissononce.processing.handshakepatterns.interactive.XK import XKHandshakePattern
    from dissononce.processing.impl.cipherstate import CipherState
    from dissononce.processing.impl.handshakestate import HandshakeState
    from dissononce.processing.impl.symmetricstate import SymmetricState
except ImportError as missing:
    print(missing, file=sys.stderr)
    sys.exit(77)

CHUNK_MAX = 65000
HELLO = b"hello from python"


def read_exactly(n):
    data = sys.stdin.buffer.read(n)
    if len(data) != n:
        raise EOFError("the stream ended")
    return data


def read_record():
    (length,) = struct.unpack(">H", read_exactly(2))
    return read_exactly(length)


def write(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def write_record(data):
    write(struct.pack(">H", len(data)) + bytes(data))


class Session:
    def __init__(self, role, keys, server_public):
        key_id = hashlib.blake2b(server_public).digest()[:2]
        header = b"SLCE" + bytes([1, 0]) + key_id
        client = role == "client"
        if client:
            write(header)
        elif read_exactly(8) != header:
            raise ValueError("another header than expected")
        noise = HandshakeState(
            SymmetricState(CipherState(ChaChaPolyCipher()), Blake2bHash()), X25519DH())
        noise.initialize(XKHandshakePattern(), client, b"Sluice v1" + header, s=keys,
                         rs=PublicKey(server_public) if client else None)
        self.hello = b""
        ciphers = None
        for message in range(3):
            out = bytearray()
            if client == (message % 2 == 0):
                ciphers = noise.write_message(HELLO if message == 2 else b"", out)
                write_record(out)
            else:
                ciphers = noise.read_message(read_record(), out)
                self.hello = bytes(out)
        self.sending, self.receiving = ciphers if client else reversed(ciphers)
        self.binding = noise.symmetricstate.get_handshake_hash()
        self.peer = noise.rs.data

    def send(self, message):
        """In chunks of random sizes: the receiver must not care how a frame is cut."""
        at, first = 0, True
        while first or at < len(message):
            most = min(CHUNK_MAX - 5, len(message) - at)
            n = random.choice([most, random.randint(min(1, most), most)])
            chunk = bytes([1 if at + n == len(message) else 0])
            if first:
                chunk += struct.pack(">I", len(message))
            write_record(self.sending.encrypt_with_ad(b"", chunk + message[at:at + n]))
            at, first = at + n, False

    def receive(self):
        message, total = b"", None
        while True:
            chunk = self.receiving.decrypt_with_ad(b"", read_record())
            flags, body = chunk[0], chunk[1:]
            if total is None:
                (total,) = struct.unpack(">I", body[:4])
                body = body[4:]
            message += body
            if flags == 1:
                if len(message) != total:
                    raise ValueError("a frame of another length than declared")
                return message


def main():
    role, secret = sys.argv[1], bytes.fromhex(sys.argv[2])
    keys = X25519DH().generate_keypair(PrivateKey(secret))
    server_public = keys.public.data if role == "server" else bytes.fromhex(sys.argv[3])
    while True:
        session = Session(role, keys, server_public)
        session.send(session.binding + session.peer + session.hello)
        while True:
            message = session.receive()
            if message == b"bye":
                return
            if message == b"next":
                break
            session.send(message[::-1])


if __name__ == "__main__":
    main()
