#!/usr/bin/env python3
"""Screens, keyboards and viewers: Debian's kernel on virtio-gpu, what is typed, what a VNC viewer sees, and other displays.

usage: display.py --system PATH (of qemu-system-aarch64)
"""
import argparse
import os
import socket
import struct
import sys
import tempfile
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "GuestBoot"))
from client import Client, Emulator  # noqa: E402
from guest import Guest, board, command  # noqa: E402
from viewer import Refused, Viewer, ppm  # noqa: E402

results = []
DEVICES = ["-device", "virtio-gpu-pci,id=screen", "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci,id=tablet"]


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail else ""), flush=True)
    results.append(bool(condition))


def png(path):
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    place, packed = 8, b""
    while place < len(data):
        count, kind = struct.unpack(">I4s", data[place:place + 8])
        body = data[place + 8:place + 8 + count]
        assert struct.unpack(">I", data[place + 8 + count:place + 12 + count])[0] == zlib.crc32(kind + body)
        if kind == b"IHDR":
            width, height = struct.unpack(">II", body[:8])
        if kind == b"IDAT":
            packed += body
        place += 12 + count
    rows = zlib.decompress(packed)
    stride = 3 * width + 1
    assert len(rows) == stride * height and not any(rows[::stride])
    return width, height, b"".join(rows[y * stride + 1:(y + 1) * stride] for y in range(height))


class Screen:
    """A guest with its screen, and a client of its machine protocol."""

    count = 0

    def __init__(self, system, work, *more, words=None):
        Screen.count += 1
        self.work, path = work, f"{work}/qmp{Screen.count}"
        words = words or command(system, append="console=tty0 vt.global_cursor_default=0 quiet")
        self.guest = Guest([*words, "-cpu", "cortex-a57", "-serial", "stdio", "-qmp", f"unix:{path},server=on,wait=off", *more])
        deadline = time.time() + 30
        while not os.path.exists(path) and self.guest.process.poll() is None and time.time() < deadline:
            self.guest.read(time.time() + 0.05)
        if self.guest.process.poll() is not None:
            raise AssertionError(self.guest.output.decode(errors="replace"))
        self.client = Client(path)
        self.client.socket.settimeout(60)

    def picture(self, **arguments):
        path = f"{self.work}/picture"
        answer = self.client.ask("screendump", filename=path, **arguments)
        assert answer == {}, answer
        return png(path) if arguments.get("format") == "png" else ppm(path)

    def shows(self, wanted, seconds):
        """Waits until the picture is as wanted and stands still for a second; gives it, or None."""
        deadline, last = time.time() + seconds, None
        while time.time() < deadline:
            self.guest.read(time.time() + 0.5)
            picture = self.picture()
            if wanted(picture) and picture == last:
                return picture
            last = picture
            time.sleep(0.5)
        return None

    def type(self, text):
        names = {" ": "spc", "\n": "ret", "/": "slash", ".": "dot", ">": "shift-dot", "=": "equal", "-": "minus", ";": "semicolon", "$": "shift-4",
                 "(": "shift-9", ")": "shift-0", "*": "shift-8"}
        for letter in text:
            keys = names.get(letter, f"shift-{letter.lower()}" if letter.isupper() else letter).split("-")
            answer = self.client.ask("send-key", keys=[{"type": "qcode", "data": key} for key in keys], hold__time=20)
            assert answer == {}, answer

    def end(self):
        self.client.close()
        self.guest.process.kill()
        self.guest.process.wait()


def is_lit(picture):
    return sum(1 for byte in picture[2] if byte) > 1000


def booted(screen, size=(1280, 800)):
    """The shell's picture, when it is there."""
    return screen.shows(lambda picture: picture[:2] == size and is_lit(picture), 300)


def kernel(system, work):
    """The kernel's console on virtio-gpu, by screendump, by keys, and by a viewer."""
    path = f"{work}/vnc"
    screen = Screen(system, work, *DEVICES, "-vnc", f"unix:{path}", "-name", "seen")
    try:
        first = booted(screen)
        check("the kernel's console is on the screen", first is not None)
        check("the same as PNG", first == screen.picture(format="png", device="screen", head=0))
        mice = screen.client.ask("query-mice")
        check("the tablet is in use", [(mouse["name"], mouse["absolute"], mouse["current"]) for mouse in mice] == [("QEMU Virtio Tablet", True, True)], mice)
        screen.type("echo typed=$((6*7)) > /dev/ttyAMA0\n")
        screen.guest.expect("typed=42", 60)
        second = screen.shows(lambda picture: picture != first, 60)
        check("what is typed arrives, and is on the screen", second is not None)
        viewers(screen, path)
        mistakes(screen)
    finally:
        screen.end()


def viewers(screen, path):
    viewer = Viewer(path)
    check("a viewer is let in", viewer.name == "QEMU (seen)" and (viewer.width, viewer.height) == (1280, 800), viewer.name)
    check("it sees what the screendump shows", viewer.picture() == screen.picture())
    check("VNC_CONNECTED and VNC_INITIALIZED", screen.client.wait("VNC_CONNECTED") is not None and screen.client.wait("VNC_INITIALIZED") is not None)
    information = screen.client.ask("query-vnc")
    check("query-vnc", information["enabled"] and information["family"] == "unix" and len(information["clients"]) == 1, information)
    before = screen.picture()
    viewer.type("echo Viewer=$((6*9)) > /dev/ttyAMA0\n")
    screen.guest.expect("Viewer=54", 60)
    after = screen.shows(lambda picture: picture != before, 60)
    check("its keys arrive, and it sees what they do", after is not None and viewer.picture() == after)
    # Pointer events of the tablet, of 24 bytes each: the second of a batch is the row.
    viewer.type("dd if=/dev/input/event2 bs=24 count=2 2>&- | od -An -tx2 -w24 > /dev/ttyAMA0\n")
    screen.guest.read(time.time() + 2)
    viewer.pointer(1279, 0)
    screen.guest.expect("0003 0000 7fff 0000", 60)
    # One that never reads: the guest, the protocol and other viewers go on.
    lazy = Viewer(path)
    for _ in range(200):
        lazy.request(incremental=False)
    start = time.time()
    for _ in range(20):
        screen.client.ask("query-status")
    check("a viewer that does not read holds nobody up", time.time() - start < 10 and viewer.picture() == screen.picture(), f"{time.time() - start:.2f} s")
    viewer.close()
    check("VNC_DISCONNECTED", screen.client.wait("VNC_DISCONNECTED", 60) is not None)
    lazy.close()


def mistakes(screen):
    ask = screen.client.ask
    check("no such display", ask("screendump", filename="/dev/null", device="nobody")[0] == "DeviceNotFound")
    check("a device without a picture", ask("screendump", filename="/dev/null", device="tablet")[0] == "GenericError")
    check("an output that is not there", ask("screendump", filename="/dev/null", device="screen", head=3)[0] == "GenericError")
    check("no password to change", ask("change-vnc-password", password="x")[0] == "GenericError")
    event = {"type": "rel", "data": {"axis": "x", "value": 1}}
    check("no mouse to move", ask("input-send-event", events=[event])[0] == "GenericError")
    event = {"type": "btn", "data": {"button": "left", "down": True}}
    check("a button", ask("input-send-event", device="screen", events=[event]) == {})
    human = ask("human-monitor-command", command__line="info mice")
    check("info mice", human.startswith("* Mouse #") and "QEMU Virtio Tablet (absolute)" in human, human)


def passwords(system, work):
    with Emulator(system, work, "-vnc", "127.0.0.1:0,to=99,password=on,websocket=on", "-device", "virtio-gpu-pci") as emulator:
        client = Client(emulator.path)
        port = int(client.ask("query-vnc")["service"])
        check("query-vnc tells the kind of password", client.ask("query-vnc")["auth"] == "vnc")
        check("both servers are told of", [place["websocket"] for place in client.ask("query-vnc-servers")[0]["server"]] == [False, True])

        def let_in(password):
            try:
                Viewer(("127.0.0.1", port), password=password).close()
                return True
            except (Refused, EOFError, ConnectionResetError):
                return False

        check("without a password nobody is let in", not let_in(""))
        check("set_password", client.ask("set_password", protocol="vnc", password="secret") == {} and let_in("secret"))
        check("a wrong one", not let_in("Secret"))
        check("none where one is asked for", not let_in(None))
        check("expire_password", client.ask("expire_password", protocol="vnc", time="now") == {} and not let_in("secret"))
        client.ask("expire_password", protocol="vnc", time="never")
        client.ask("human-monitor-command", command__line="change vnc password other")
        check("change vnc password", let_in("other") and not let_in("secret"))
        check("a WebSocket", web_socket(client.ask("query-vnc-servers")[0]["server"][1]["service"]) == b"RFB 003.008\n")
        check("quit with a server", client.ask("quit") == {} and emulator.process.wait(30) == 0)


def web_socket(port):
    """The first message of a server to a browser (RFC 6455)."""
    with socket.create_connection(("127.0.0.1", int(port)), 60) as connection:
        lines = ["GET / HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                 "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: binary", "Origin: http://localhost", "", ""]
        connection.sendall("\r\n".join(lines).encode())
        data = b""
        while b"\r\n\r\n" not in data or len(data.split(b"\r\n\r\n", 1)[1]) < 14:
            piece = connection.recv(4096)
            if not piece:
                break
            data += piece
    head, frame = data.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 101") and b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head, head
    # A final binary frame of 12 bytes.
    assert frame[:2] == b"\x82\x0c", frame
    return frame[2:14]


def displays(system, work):
    """Other devices with a picture."""
    screen = Screen(system, work, "-device", "bochs-display,id=b,xres=1024,yres=768", "-vnc", f"unix:{work}/bochs")
    try:
        picture = booted(screen, (1024, 768))
        check("the kernel's console on bochs-display", picture is not None)
        check("and in a viewer", picture is not None and Viewer(f"{work}/bochs").picture() == picture)
    finally:
        screen.end()
    files = board(system).files
    firmware = [system, "-M", "virt", "-m", "512", "-nographic", "-bios", f"{files}/AAVMF_CODE.fd"]
    screen = Screen(system, work, "-device", "ramfb", words=firmware)
    try:
        check("firmware's picture on ramfb", screen.shows(is_lit, 120) is not None)
    finally:
        screen.end()


def moves(system, work):
    """A machine that moves takes its picture along."""
    screen = Screen(system, work, *DEVICES)
    try:
        picture = booted(screen)
        screen.client.ask("stop")
        screen.client.ask("migrate", uri=f"file:{work}/machine")
        deadline = time.time() + 120
        while screen.client.ask("query-migrate").get("status") not in ("completed", "failed") and time.time() < deadline:
            time.sleep(0.2)
    finally:
        screen.end()
    other = Screen(system, work, *DEVICES, "-incoming", f"file:{work}/machine", "-S")
    try:
        deadline = time.time() + 120
        while other.client.ask("query-status")["status"] == "inmigrate" and time.time() < deadline:
            time.sleep(0.2)
        check("the picture has come along", picture is not None and other.picture() == picture)
        other.client.ask("cont")
        other.type("echo moved=$((6*7)) > /dev/ttyAMA0\n")
        other.guest.expect("moved=42", 60)
        check("and the keyboard", other.shows(lambda now: now != picture, 60) is not None)
    finally:
        other.end()


parser = argparse.ArgumentParser()
parser.add_argument("--system", required=True)
options = parser.parse_args()
with tempfile.TemporaryDirectory() as folder:
    for test in [passwords, kernel, displays, moves]:
        try:
            test(options.system, folder)
        except (AssertionError, OSError, EOFError) as error:
            check(test.__name__, False, str(error))
sys.exit(not all(results))
