"""A viewer of screens: the Remote Framebuffer Protocol (RFC 6143) with raw rectangles, also within TLS (VeNCrypt)."""
import socket
import struct
import subprocess
import time

RAW, DESKTOP_SIZE = 0, -223
VENCRYPT, X509_NONE, X509_VNC = 19, 260, 261


def encrypted(challenge, password):
    """The challenge under DES with the password as its key, whose bytes are read with their bits in the other order."""
    key = bytes(int(f"{byte:08b}"[::-1], 2) for byte in password.encode()[:8].ljust(8, b"\0"))
    words = ["openssl", "enc", "-des-ecb", "-nopad", "-K", key.hex(), "-provider", "legacy", "-provider", "default"]
    return subprocess.run(words, input=challenge, capture_output=True, check=True).stdout


def ppm(path):
    """A picture as (width, height, bytes of red, green and blue)."""
    with open(path, "rb") as file:
        magic, size, most, pixels = file.read().split(b"\n", 3)
    width, height = map(int, size.split())
    assert magic == b"P6" and most == b"255" and len(pixels) == 3 * width * height
    return width, height, pixels


class Refused(Exception):
    """The server does not let the viewer in."""


class Viewer:
    def __init__(self, address, password=None, shared=True, seconds=60, tls=None, connection=None):
        """`connection` is one that somebody else has made, instead of an address."""
        self.socket = connection or socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        self.socket.settimeout(seconds)
        if not connection:
            self.socket.connect(address)
        assert self.take(12) == b"RFB 003.008\n"
        self.socket.sendall(b"RFB 003.008\n")
        count = self.take(1)[0]
        if not count:
            raise Refused(self.take(struct.unpack(">I", self.take(4))[0]).decode())
        self.kinds = list(self.take(count))
        kind = 2 if password is not None else 1
        if (VENCRYPT if tls else kind) not in self.kinds:
            raise Refused(f"security types {self.kinds}")
        if tls:
            self.secure(tls, X509_NONE if password is None else X509_VNC)
        else:
            self.socket.sendall(bytes([kind]))
        if kind == 2:
            self.socket.sendall(encrypted(self.take(16), password))
        if struct.unpack(">I", self.take(4))[0]:
            raise Refused("the password is wrong")
        self.socket.sendall(bytes([shared]))
        self.width, self.height = struct.unpack(">HH", self.take(4))
        self.take(16)
        self.name = self.take(struct.unpack(">I", self.take(4))[0]).decode()
        # 32 bits a pixel, little-endian, with blue in the low bits.
        self.socket.sendall(struct.pack(">B3xBBBBHHHBBB3x", 0, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0))
        self.socket.sendall(struct.pack(">BxHii", 2, 2, RAW, DESKTOP_SIZE))
        self.pixels = bytearray(4 * self.width * self.height)

    def secure(self, context, kind):
        """Agrees on VeNCrypt 0.2 of a kind, and goes on within TLS."""
        self.socket.sendall(bytes([VENCRYPT]))
        assert self.take(2) == b"\0\2"
        self.socket.sendall(b"\0\2")
        assert self.take(1) == b"\0"
        kinds = struct.unpack(f">{self.take(1)[0]}I", self.take(4))
        if kind not in kinds:
            raise Refused(f"kinds of VeNCrypt {kinds}")
        self.socket.sendall(struct.pack(">I", kind))
        assert self.take(1) == b"\1"
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def take(self, count):
        data = bytearray()
        while len(data) < count:
            piece = self.socket.recv(min(1 << 20, count - len(data)))
            if not piece:
                raise EOFError
            data += piece
        return bytes(data)

    def request(self, incremental=True):
        self.socket.sendall(struct.pack(">BBHHHH", 3, incremental, 0, 0, self.width, self.height))

    def update(self):
        """Reads one update; whether it had anything in it but another size."""
        kind = self.take(1)[0]
        if kind != 0:
            assert kind in (2, 3), f"message {kind}"
            if kind == 3:
                self.take(struct.unpack(">3xI", self.take(7))[0])
            return False
        drawn = False
        for _ in range(struct.unpack(">xH", self.take(3))[0]):
            x, y, width, height, encoding = struct.unpack(">HHHHi", self.take(12))
            if encoding == DESKTOP_SIZE:
                self.width, self.height = width, height
                self.pixels = bytearray(4 * width * height)
                continue
            assert encoding == RAW
            data = self.take(4 * width * height)
            for row in range(height):
                start = 4 * ((y + row) * self.width + x)
                self.pixels[start:start + 4 * width] = data[4 * width * row:4 * width * (row + 1)]
            drawn = True
        return drawn

    def picture(self):
        """The whole picture now, as (width, height, bytes of red, green and blue)."""
        self.request(incremental=False)
        while not self.update() or len(self.pixels) != 4 * self.width * self.height:
            self.request(incremental=False)
        pixels = bytearray(3 * self.width * self.height)
        for colour in range(3):
            pixels[colour::3] = self.pixels[2 - colour::4]
        return self.width, self.height, bytes(pixels)

    def key(self, symbol, down):
        self.socket.sendall(struct.pack(">BBxxI", 4, down, symbol))

    def type(self, text):
        for letter in text:
            symbol = 0xff0d if letter == "\n" else ord(letter)
            shifted = letter.isupper() or letter in '~!@#$%^&*()_+{}|:"<>?'
            if shifted:
                self.key(0xffe1, True)
            self.key(symbol, True)
            self.key(symbol, False)
            if shifted:
                self.key(0xffe1, False)
            # A guest's input layer keeps a few events for a reader that is slow.
            time.sleep(0.02)

    def pointer(self, x, y, buttons=0):
        self.socket.sendall(struct.pack(">BBHH", 5, buttons, x, y))

    def close(self):
        self.socket.close()
