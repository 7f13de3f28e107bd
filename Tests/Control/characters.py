#!/usr/bin/env python3
"""Character back ends as their users meet them: WebSockets, Telnet both ways, serial ports, hubs, text consoles.

usage: characters.py --system PATH (of qemu-system-riscv64)
"""
import argparse
import os
import pty
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time

from client import Client, Emulator, connect, free_port
from viewer import Viewer, ppm
from websocket import Frames, WebSocket

results = []


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail else ""), flush=True)
    results.append(bool(condition))


def web_sockets(system, work):
    port = free_port()
    with Emulator(system, work, "-S", "-chardev", f"socket,id=c,host=127.0.0.1,port={port},server=on,wait=off,websocket=on", "-mon", "chardev=c,mode=control") as emulator:
        plain = Client(emulator.path)
        web = WebSocket(connect(port))
        check("a WebSocket is accepted, for bytes", web.is_accepted and b"Sec-WebSocket-Protocol: binary" in web.head)
        client = Client(None, connection=Frames(web))
        check("the machine protocol by a WebSocket: a long answer is the one that a Unix socket gives", client.ask("query-qmp-schema") == plain.ask("query-qmp-schema"))
        web.send(9, b"are you there")
        check("a ping is answered", web.receive() == (10, b"are you there"))
        whole = b'{"execute":"query-name"}'
        web.send(2, whole[:5], final=False)
        web.send(9, b"")
        web.send(0, whole[5:])
        check("a message in frames, with a ping between them", [web.receive()[0], web.receive()[0]] == [10, 2])
        name = [entry["filename"] for entry in plain.ask("query-chardev") if entry["label"] == "c"][0]
        check("query-chardev tells of it", name == f"websocket:127.0.0.1:{port},server=on", name)
        web.send(8, struct.pack(">H", 1000))
        check("the end is said back", web.reason() == 1000)
        for title, words, wanted in [
                ("text", {"opcode": 1, "data": b"hello"}, 1003), ("a frame without a mask", {"opcode": 2, "data": b"x", "masked": False}, 1002),
                ("a ping in pieces", {"opcode": 9, "data": b"", "final": False}, 1002), ("the rest of nothing", {"opcode": 0, "data": b"x"}, 1002),
                ("an opcode that is none", {"opcode": 5, "data": b""}, 1002), ("a long ping", {"opcode": 9, "data": bytes(200)}, 1002)]:
            web = WebSocket(connect(port))
            web.send(**words)
            told = web.reason()
            check(f"{title}: the connection ends with its reason", told == wanted, told)
            web.socket.close()
        for title, words in [("another protocol", {"protocol": "chat"}), ("another version", {"version": 8})]:
            check(f"{title} is turned away", WebSocket(connect(port), **words).head.startswith(b"HTTP/1.1 400 "))
        with connect(port) as stranger:
            stranger.sendall(b"{}\r\n" * 2000)
            check("what is no request is turned away", stranger.recv(100).startswith(b"HTTP/1.1 400 "))
        client = Client(None, connection=Frames(WebSocket(connect(port), protocol=None)))
        check("after all that the next client is served, also one that names no protocol", client.ask("query-status")["status"] == "prelaunch")


def telnet(system, work):
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as server, \
            Emulator(system, work, "-S", "-chardev", f"socket,id=c,host=127.0.0.1,port={port},telnet=on", "-mon", "chardev=c") as emulator:
        server.settimeout(20)
        line, _ = server.accept()
        line.settimeout(20)
        # DO ECHO, WILL ECHO twice, WILL and DO BINARY, DO NAWS.
        line.sendall(bytes([255, 253, 1, 255, 251, 1, 255, 251, 1, 255, 251, 0, 255, 253, 0, 255, 253, 31]))
        wanted = bytes([255, 252, 1, 255, 253, 1, 255, 253, 0, 255, 251, 0, 255, 252, 31])
        heard = b""
        while wanted not in heard:
            data = line.recv(4096)
            if not data:
                break
            heard += data
        check("a Telnet client answers what it is asked, once", heard.endswith(wanted) and heard.count(bytes([255, 253, 1])) == 1)
        line.sendall(b"info status\r")
        while b"prelaunch" not in heard:
            data = line.recv(4096)
            if not data:
                break
            heard += data
        check("and is a monitor's line", b"prelaunch" in heard)
        Client(emulator.path).ask("quit")
    done = run(system, "-chardev", "socket,id=c,host=127.0.0.1,port=1,tn3270=on,server=on,wait=off")
    check("tn3270 is refused by name", "tn3270=on is not supported" in done, done)


def run(system, *words):
    """What an emulator complains of that does not start."""
    done = subprocess.run([system, "-M", "virt", "-bios", "none", "-S", "-display", "none", "-nodefaults", *words], capture_output=True, text=True, timeout=20,
                          stdin=subprocess.DEVNULL, check=False)
    return done.stderr.strip() if done.returncode == 1 else f"status {done.returncode}"


def read_until(descriptor, wanted, seconds=10):
    heard, deadline = b"", time.time() + seconds
    os.set_blocking(descriptor, False)
    while wanted not in heard and time.time() < deadline:
        try:
            heard += os.read(descriptor, 4096)
        except BlockingIOError:
            time.sleep(0.02)
    return heard


def serial(system, work):
    """A terminal stands for a serial port; the guest is a program of eight instructions that sets the UART up and writes a letter."""
    ours, theirs = pty.openpty()
    path = os.ttyname(theirs)
    program = b"".join(struct.pack("<I", word) for word in [
        0x100002b7,  # lui t0, 0x10000: the UART
        0x08000313, 0x006281a3,  # li t1, 0x80; sb t1, 3(t0): the divisor
        0x01800313, 0x00628023,  # li t1, 24; sb t1, 0(t0): 9600 baud
        0x01e00313, 0x006281a3,  # li t1, 0x1e; sb t1, 3(t0): 7 bits, even parity, two stop bits
        0x04100313, 0x00628023,  # li t1, 'A'; sb t1, 0(t0)
        0x0000006f,  # j .
    ])
    with open(f"{work}/program", "wb") as file:
        file.write(program)
    words = [system, "-M", "virt", "-bios", f"{work}/program", "-display", "none", "-serial", path, "-monitor", "none"]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL) as process:
        heard = read_until(ours, b"A")
        _, _, flags, local, _, speed, _ = termios.tcgetattr(theirs)
        check("the guest writes to a serial port", b"A" in heard, heard)
        # A pseudo-terminal has eight bits and no parity, whatever it is told.
        check("at its speed, with its stop bits", speed == termios.B9600 and flags & termios.CSTOPB, f"{speed} {flags:o}")
        check("without a line discipline", not local & (termios.ICANON | termios.ECHO | termios.ISIG))
        process.kill()
    os.close(theirs)
    os.close(ours)
    told = run(system, "-chardev", "serial,id=c,path=/dev/null")
    check("what is no terminal is refused", "/dev/null" in told, told)
    told = run(system, "-chardev", '{"backend":"null","id":"c"}')
    check("JSON for -chardev is refused by name", "JSON" in told, told)


def hubs(system, work):
    paths = [f"{work}/hub{n}" for n in range(2)]
    backends = [word for n, path in enumerate(paths) for word in ["-chardev", f"socket,id=s{n},path={path},server=on,wait=off"]]
    with Emulator(system, work, "-S", *backends, "-chardev", "hub,id=h,chardevs.0=s0,chardevs.1=s1", "-mon", "chardev=h") as emulator:
        client = Client(emulator.path)
        sides = []
        for path in paths:
            side = socket.socket(socket.AF_UNIX)
            side.connect(path)
            side.settimeout(10)
            sides.append(side)
        time.sleep(0.3)

        def heard_by_all(wanted):
            for side in sides:
                data = b""
                while wanted not in data:
                    part = side.recv(4096)
                    if not part:
                        return False
                    data += part
            return True

        sides[0].sendall(b"info name\ninfo status\n")
        check("what one side of a hub asks both hear", heard_by_all(b"prelaunch"))
        sides[1].sendall(b"info version\n")
        check("and the other way round", heard_by_all(b"Apus"))
        sides[1].close()
        sides.pop()
        sides[0].sendall(b"info status\n")
        check("one goes, the other stays", heard_by_all(b"prelaunch"))
        check("a hub's back end is in use", client.ask("chardev-remove", id="s0")[0] == "GenericError")
    told = run(system, "-chardev", "null,id=a,mux=on", "-chardev", "hub,id=h,chardevs.0=a")
    check("a hub of a multiplexer is refused", "no multiplexer" in told, told)


def picture(client, work, **arguments):
    answer = client.ask("screendump", filename=f"{work}/picture", **arguments)
    assert answer == {}, answer
    return ppm(f"{work}/picture")


def ink(shown, rows=None):
    """Pixels that are not black, of some rows."""
    width, height, pixels = shown
    rows = rows or range(height)
    return sum(1 for y in rows for x in range(width) if any(pixels[3 * (y * width + x):3 * (y * width + x) + 3]))


def text_consoles(system, work):
    number = free_port() - 5900
    options = ["-device", "virtio-gpu-device,id=screen", "-chardev", "vc,id=mon0,cols=80,rows=24", "-mon", "chardev=mon0",
               "-chardev", f"socket,id=line,path={work}/line,server=on,wait=off", "-vnc", f"127.0.0.1:{number}", "-vnc", f"127.0.0.1:{number + 1},display=screen"]
    with Emulator(system, work, "-S", *options) as emulator:
        client = Client(emulator.path)
        first = picture(client, work, device="mon0")
        check("a monitor is drawn on a console of its own", first[:2] == (640, 384) and ink(first, range(16)) > 50, f"{first[:2]}, {ink(first)} pixels")
        check("the guest's display is the first", picture(client, work)[:2] == (640, 480))
        viewer, bound = Viewer(("127.0.0.1", 5900 + number)), Viewer(("127.0.0.1", 5901 + number))
        check("and is what a viewer sees", viewer.picture() == picture(client, work, device="screen"))
        servers = client.ask("query-vnc-servers")
        check("two servers have their names", [server["id"] for server in servers] == ["default", "vnc2"], servers)

        def choose(by, digit):
            for down in (True, False):
                for symbol in (0xffe3, 0xffe9, ord(digit)) if down else (ord(digit), 0xffe9, 0xffe3):
                    by.key(symbol, down)

        def shows(by, wanted, seconds=5):
            deadline = time.time() + seconds
            while time.time() < deadline:
                seen = by.picture()
                if wanted(seen):
                    return seen
                time.sleep(0.1)
            return None

        choose(viewer, "2")
        check("Ctrl-Alt-2 shows the monitor", shows(viewer, lambda seen: seen == picture(client, work, device="mon0")) is not None)
        viewer.type("info status\n")
        after = shows(viewer, lambda seen: ink(seen, range(32, 48)) > 50)
        check("what is typed there is answered there", after is not None and after != first)
        check("a server with a display of its own stays there", bound.picture()[:2] == (640, 480))
        choose(bound, "2")
        check("and cannot be taken away from it", bound.picture()[:2] == (640, 480) and viewer.picture()[:2] == (640, 384))
        choose(viewer, "1")
        check("Ctrl-Alt-1 shows the guest's display again", shows(viewer, lambda seen: seen[:2] == (640, 480)) is not None)
        answer = client.ask("chardev-add", id="late", backend={"type": "vc", "data": {"cols": 10, "rows": 5}})
        check("a console that is made while the machine runs", answer == {} and picture(client, work, device="late")[:2] == (80, 80), answer)
        check("and goes again", client.ask("chardev-remove", id="late") == {} and client.ask("screendump", filename="/dev/null", device="late")[0] == "DeviceNotFound")
        update(client, work, number)
    told = run(system, "-chardev", "vc,id=a,cols=100000,rows=1")
    check("a console that is too wide is refused", "1 to 1000" in told, told)


def update(client, work, number):
    """Servers that listen elsewhere."""
    path = f"{work}/elsewhere"
    answer = client.ask("display-update", type="vnc", addresses=[{"type": "unix", "path": path}])
    check("display-update: the server listens elsewhere", answer == {} and Viewer(path).width == 640, answer)
    try:
        socket.create_connection(("127.0.0.1", 5900 + number), timeout=5).close()
        check("and no longer where it did", False)
    except ConnectionRefusedError:
        check("and no longer where it did", True)
    answer = client.ask("display-update", type="vnc", addresses=[{"type": "unix", "path": "/nowhere/x"}])
    check("a place that cannot be: it stays", answer[0] == "GenericError" and Viewer(path).width == 640, answer)
    answer = client.ask("display-reload", **{"type": "vnc", "tls-certs": True})
    check("display-reload without TLS", answer == ("GenericError", "vnc tls is not enabled"), answer)


def reverse(system, work):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        server.settimeout(20)
        with Emulator(system, work, "-S", "-vnc", f"127.0.0.1:{port},reverse=on", "-device", "virtio-gpu-device"):
            connection, _ = server.accept()
            viewer = Viewer(None, connection=connection)
            check("a viewer that waits is connected to", viewer.picture()[:2] == (640, 480))
    told = run(system, "-vnc", "127.0.0.1:1,reverse=on", "-device", "virtio-gpu-device")
    check("a viewer that is not there", "127.0.0.1:1" in told, told)


parser = argparse.ArgumentParser()
parser.add_argument("--system", required=True)
options = parser.parse_args()
with tempfile.TemporaryDirectory() as folder:
    for test in [web_sockets, telnet, serial, hubs, text_consoles, reverse]:
        try:
            test(options.system, folder)
        except (AssertionError, OSError, EOFError, TypeError, KeyError, IndexError) as error:
            check(test.__name__, False, f"{type(error).__name__}: {error}")
print(f"{len(results)} checks, {results.count(False)} failed")
sys.exit(not all(results))
