"""A client of WebSockets (RFC 6455): what the tests share."""
import base64
import hashlib
import os
import struct


class WebSocket:
    """A client of a WebSocket (RFC 6455), which can also do wrong."""

    def __init__(self, connection, protocol="binary", version=13):
        self.socket = connection
        self.key = base64.b64encode(os.urandom(16)).decode()
        wanted = f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol else ""
        self.socket.sendall((f"GET /anything HTTP/1.1\r\nHost: here\r\nOrigin: http://here\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: {self.key}\r\n"
                             f"Sec-WebSocket-Version: {version}\r\n{wanted}\r\n").encode())
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            data = self.socket.recv(4096)
            if not data:
                raise EOFError
            self.rest += data
        self.head, self.rest = self.rest.split(b"\r\n\r\n", 1)

    @property
    def is_accepted(self):
        digest = hashlib.sha1((self.key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        return self.head.startswith(b"HTTP/1.1 101 ") and base64.b64encode(digest) in self.head

    def frame(self, opcode, data, final=True, masked=True):
        size = bytes([len(data) | 0x80]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
        mask = os.urandom(4)
        body = bytes(byte ^ mask[n % 4] for n, byte in enumerate(data))
        if not masked:
            size, mask, body = bytes([size[0] & 0x7f]) + size[1:], b"", data
        return bytes([final << 7 | opcode]) + size + mask + body

    def send(self, opcode, data, **words):
        self.socket.sendall(self.frame(opcode, data, **words))

    def take(self, count):
        while len(self.rest) < count:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self.rest += data
        data, self.rest = self.rest[:count], self.rest[count:]
        return data

    def receive(self):
        """The next frame, as opcode and body."""
        first, size = self.take(2)
        assert first & 0x80 and not size & 0x80
        if size == 126:
            size, = struct.unpack(">H", self.take(2))
        elif size == 127:
            size, = struct.unpack(">Q", self.take(8))
        return first & 15, self.take(size)

    def reason(self):
        """Why the server closes, after what it has still said."""
        while True:
            opcode, body = self.receive()
            if opcode == 8:
                return struct.unpack(">H", body)[0]


class Frames:
    """A connection whose bytes are in a WebSocket's frames, for whoever wants a socket."""

    def __init__(self, web):
        self.web, self.rest = web, b""

    def settimeout(self, seconds):
        self.web.socket.settimeout(seconds)

    def sendall(self, data):
        self.web.send(2, data)

    def recv(self, count):
        while not self.rest:
            opcode, self.rest = self.web.receive()
            if opcode == 8:
                return b""
            if opcode != 2:
                self.rest = b""
        data, self.rest = self.rest[:count], self.rest[count:]
        return data

    def close(self):
        self.web.socket.close()
