#!/usr/bin/env python3
"""The window of -display sdl on a virtual X server: what it shows, keys, pointers, consoles, the whole screen, and its end.

usage: window.py --system PATH (with qemu-system-aarch64 also with Debian's kernel, which keys and pointers must reach)
"""
import argparse
import mmap
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "GuestBoot"))
from client import Client  # noqa: E402
from guest import Guest, command  # noqa: E402
from viewer import ppm  # noqa: E402

results = []
WIDTH, HEIGHT = 1400, 900


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail else ""), flush=True)
    results.append(bool(condition))


# Windows of this class have no frame, so that they are where they say.
MANAGER = """<?xml version="1.0"?>
<JWM><Group><Class>apus</Class><Option>noborder</Option><Option>notitle</Option></Group><FocusModel>click</FocusModel></JWM>
"""


class Desktop:
    """An X server whose picture is a file, with a window manager."""

    def __init__(self, work):
        self.place = f"{work}/desktop"
        os.mkdir(self.place)
        reader, writer = os.pipe()
        self.process = subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-fbdir", self.place, "-nolisten", "tcp"],
                                        pass_fds=[writer], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as file:
            self.name = ":" + file.readline().strip()
        with open(f"{self.place}/Xvfb_screen0", "rb") as file:
            self.memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        head = struct.unpack(">25I", self.memory[:100])
        # XWDFile.h: the head's size, colours of 12 bytes behind it, then rows of pixels with blue first.
        self.start, self.stride = head[0] + 12 * head[19], head[12]
        self.environment = {**os.environ, "DISPLAY": self.name, "SDL_VIDEODRIVER": "x11", "SDL_VIDEO_X11_WMCLASS": "apus"}
        with open(f"{work}/jwmrc", "w", encoding="ascii") as file:
            file.write(MANAGER)
        self.manager = subprocess.Popen(["jwm", "-f", f"{work}/jwmrc"], env=self.environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def picture(self, x, y, width, height):
        rows = []
        for row in range(y, y + height):
            begin = self.start + row * self.stride + 4 * x
            data = self.memory[begin:begin + 4 * width]
            pixels = bytearray(3 * width)
            for colour in range(3):
                pixels[colour::3] = data[2 - colour::4]
            rows.append(bytes(pixels))
        return width, height, b"".join(rows)

    def do(self, *words):
        return subprocess.run(["xdotool", *words], env=self.environment, capture_output=True, text=True, timeout=20, check=False).stdout

    def where(self, window):
        """A window's column, row, width and height."""
        words = dict(line.split("=") for line in self.do("getwindowgeometry", "--shell", window).split())
        return tuple(int(words.get(name, 0)) for name in ("X", "Y", "WIDTH", "HEIGHT"))

    def end(self):
        for process in (self.manager, self.process):
            process.terminate()
            process.wait()


class Machine:
    def __init__(self, system, work, desktop, *more, display="sdl"):
        self.path, self.desktop, self.work = f"{work}/qmp{time.monotonic_ns()}", desktop, work
        words = [system, "-M", "virt", "-bios", "none", "-S", "-nodefaults", "-name", "seen", "-qmp", f"unix:{self.path},server=on,wait=off", "-display", display]
        self.process = subprocess.Popen([*words, *more], stdin=subprocess.DEVNULL, env=desktop.environment)
        for _ in range(200):
            if os.path.exists(self.path) or self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.client = Client(self.path)
        self.window = ""
        self.wait(self.find)
        # Out of the way: the pointer is part of the picture.
        desktop.do("mousemove", "--sync", str(WIDTH - 1), str(HEIGHT - 1))

    def find(self):
        self.window = self.desktop.do("search", "--name", "seen").split("\n")[0]
        return self.window

    def wait(self, wanted, seconds=10):
        deadline = time.time() + seconds
        while time.time() < deadline:
            if wanted():
                return True
            time.sleep(0.05)
        return False

    @property
    def place(self):
        return self.desktop.where(self.window)

    def dump(self, device):
        answer = self.client.ask("screendump", filename=f"{self.work}/picture", device=device)
        assert answer == {}, answer
        return ppm(f"{self.work}/picture")

    def shows(self, device):
        """Whether the window shows what a console does, to the pixel."""
        def same():
            wanted = self.dump(device)
            return self.place[2:] == wanted[:2] and self.desktop.picture(*self.place) == wanted
        return self.wait(same)

    def type(self, *keys):
        self.desktop.do("key", "--delay", "30", *keys)

    def end(self):
        self.process.kill()
        self.process.wait()


def window(system, work, desktop):
    options = ["-device", "virtio-gpu-device,id=screen", "-device", "virtio-keyboard-device", "-device", "virtio-tablet-device", "-chardev", "vc,id=mon0", "-mon",
               "chardev=mon0", "-chardev", "vc,id=wide,cols=100,rows=30", "-mon", "chardev=wide"]
    machine = Machine(system, work, desktop, *options)
    try:
        check("a window with the machine's name", machine.window and desktop.do("getwindowname", machine.window).strip() == "QEMU (seen)")
        check("it shows the guest's display", machine.shows("screen"))
        desktop.do("windowfocus", "--sync", machine.window)
        machine.type("ctrl+alt+2")
        check("Ctrl-Alt-2 shows the monitor", machine.shows("mon0"))
        before = machine.dump("mon0")
        desktop.do("type", "--delay", "30", "info Name_1|")
        machine.type("BackSpace", "BackSpace", "BackSpace", "BackSpace", "BackSpace", "BackSpace", "BackSpace", "n", "a", "m", "e", "Return")
        check("what is typed arrives, and is seen", machine.wait(lambda: machine.dump("mon0") != before) and machine.shows("mon0"))
        machine.type("ctrl+alt+3")
        check("Ctrl-Alt-3 shows another console, of another size", machine.shows("wide") and machine.place[2:] == (800, 480))
        machine.type("ctrl+alt+f")
        check("Ctrl-Alt-F takes the whole screen", machine.wait(lambda: machine.place == (0, 0, WIDTH, HEIGHT)), machine.place)
        machine.type("ctrl+alt+f")
        check("and gives it back", machine.wait(lambda: machine.place[2:] == (800, 480)) and machine.shows("wide"), machine.place)
        machine.type("ctrl+alt+1")
        check("Ctrl-Alt-1 shows the guest's display again", machine.shows("screen"))
        machine.type("ctrl+alt+g")
        check("Ctrl-Alt-G grabs, and the title says so", machine.wait(lambda: "exit grab" in desktop.do("getwindowname", machine.window)))
        machine.type("ctrl+alt+g")
        check("and lets go", machine.wait(lambda: desktop.do("getwindowname", machine.window).strip() == "QEMU (seen)"))
        check("the protocol is served meanwhile", machine.client.ask("query-status")["status"] == "prelaunch")
        close(machine)
        check("who closes the window ends the machine", machine.process.wait(20) == 0)
    finally:
        machine.end()


def close(machine):
    """As a window manager asks for it."""
    subprocess.run(["wmctrl", "-i", "-c", machine.window], env=machine.desktop.environment, timeout=20, check=False)


def stays(system, work, desktop):
    machine = Machine(system, work, desktop, "-device", "virtio-gpu-device,id=screen", display="sdl,window-close=off,show-cursor=on,grab-mod=rctrl")
    try:
        close(machine)
        time.sleep(0.5)
        check("with window-close=off it stays", machine.process.poll() is None and machine.shows("screen"))
        check("quit", machine.client.ask("quit") == {} and machine.process.wait(20) == 0)
    finally:
        machine.end()


def guest(system, _, desktop):
    """Debian's kernel on virtio-gpu: what is done at the window reaches it."""
    words = command(system, append="console=tty0 vt.global_cursor_default=0 quiet")
    machine = Guest([*words, "-cpu", "cortex-a57", "-serial", "stdio", "-monitor", "none", "-name", "seen", "-display", "sdl", "-device", "virtio-gpu-pci", "-device",
                     "virtio-keyboard-pci", "-device", "virtio-tablet-pci"], env=desktop.environment)
    try:
        deadline, place = time.time() + 120, None
        while time.time() < deadline and (place or (0, 0, 0, 0))[2:] != (1280, 800):
            machine.read(time.time() + 0.5)
            window = desktop.do("search", "--name", "seen").split("\n")[0]
            place = desktop.where(window) if window else None
        check("the window is as large as the guest's picture", place and place[2:] == (1280, 800), place)
        desktop.do("windowfocus", "--sync", window)
        deadline, last, seen = time.time() + 300, None, None
        while time.time() < deadline and (seen is None or seen != last or sum(1 for byte in seen[2] if byte) < 1000):
            machine.read(time.time() + 1)
            last, seen = seen, desktop.picture(*place)
        desktop.do("type", "--delay", "40", "echo typed=$((6*7)) Upper > /dev/ttyAMA0")
        desktop.do("key", "Return")
        machine.expect("typed=42 Upper", 60)
        check("keys of the window are the guest's", True)
        desktop.do("type", "--delay", "40", "cat /dev/input/event2 | od -v -An -tx2 -w24 > /dev/ttyAMA0")
        desktop.do("key", "Return")
        machine.read(time.time() + 2)
        # From the middle to the corner below, again and again, for od gathers what it reads.
        for _ in range(40):
            for x, y in ((640, 400), (0, 799)):
                desktop.do("mousemove", str(place[0] + x), str(place[1] + y))
                machine.read(time.time() + 0.05)
        machine.expect("0003 0000 400c 0000", 10)
        machine.expect("0003 0001 7fff 0000", 10)
        check("its pointer is the guest's tablet", True)
    finally:
        machine.process.kill()
        machine.process.wait()


def mistakes(system, desktop):
    def told(display, **environment):
        done = subprocess.run([system, "-M", "virt", "-bios", "none", "-S", "-nodefaults", "-display", display], env={**desktop.environment, **environment},
                              capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, check=False)
        return done.stderr.strip() if done.returncode == 1 else f"status {done.returncode}"
    for title, wanted, display, environment in [
            ("OpenGL", "gl=on is not supported", "sdl,gl=on", {}), ("a property that is none", "unknown property 'frames'", "sdl,frames=on", {}),
            ("keys that are none", "lshift-lctrl-lalt, rctrl", "sdl,grab-mod=alt", {}), ("no desktop", "DISPLAY", "sdl", {"DISPLAY": ":999"})]:
        answer = told(display, **environment)
        check(f"{title}: refused by name", wanted in answer, answer)


parser = argparse.ArgumentParser()
parser.add_argument("--system", required=True)
arguments = parser.parse_args()
for program in ("Xvfb", "xdotool", "jwm", "wmctrl"):
    if not shutil.which(program):
        sys.exit(f"window: {program} is missing: scripts/setup test installs it")
with tempfile.TemporaryDirectory() as folder:
    screen = Desktop(folder)
    tests = [(guest, (arguments.system, folder, screen))] if arguments.system.endswith("aarch64") else []
    for test, words in tests + [(window, (arguments.system, folder, screen)), (stays, (arguments.system, folder, screen)), (mistakes, (arguments.system, screen))]:
        try:
            test(*words)
        except (AssertionError, OSError, EOFError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
            check(test.__name__, False, f"{type(error).__name__}: {error}")
    screen.end()
print(f"{len(results)} checks, {results.count(False)} failed")
sys.exit(not all(results))
