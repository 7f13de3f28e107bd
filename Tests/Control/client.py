"""The machine protocol by raw sockets: what the tests share."""
import array
import json
import os
import select
import socket
import subprocess
import time

MACHINE = ["-M", "virt", "-bios", "none", "-display", "none", "-nodefaults"]


class Emulator:
    """An emulator with the machine protocol on a Unix socket."""

    def __init__(self, system, work, *more, machine=MACHINE):
        self.path = f"{work}/qmp{time.monotonic_ns()}"
        words = [system, *machine, "-qmp", f"unix:{self.path},server=on,wait=off", *more]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL)
        for _ in range(200):
            if os.path.exists(self.path) or self.process.poll() is not None:
                break
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Client:
    """A raw connection: messages out, messages in."""

    def __init__(self, path, negotiate=True, connection=None):
        """`connection` is one that somebody else has made, instead of a path."""
        self.socket = connection or self.connect(path)
        self.socket.settimeout(20)
        self.rest = b""
        self.events = []
        self.greeting = self.read()
        if negotiate:
            assert self.ask("qmp_capabilities") == {}

    @staticmethod
    def connect(path):
        found = socket.socket(socket.AF_UNIX)
        for wait in [0.02] * 100 + [0]:
            try:
                found.connect(path)
                break
            except ConnectionRefusedError:
                # The socket has its name a moment before it listens.
                if not wait:
                    raise
                time.sleep(wait)
        return found

    def read(self):
        while b"\r\n" not in self.rest:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self.rest += data
        line, self.rest = self.rest.split(b"\r\n", 1)
        return json.loads(line)

    def send(self, text, descriptors=()):
        if descriptors:
            self.socket.sendmsg([text.encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))])
        else:
            self.socket.sendall(text.encode())

    def answer(self):
        while True:
            message = self.read()
            if "event" not in message:
                return message
            self.events.append(message)

    def ask(self, command, descriptors=(), **arguments):
        """What a command returns, or its error's class and sentence."""
        arguments = {name.replace("__", "-"): value for name, value in arguments.items()}
        self.send(json.dumps({"execute": command, "arguments": arguments}), descriptors)
        message = self.answer()
        return message["return"] if "return" in message else (message["error"]["class"], message["error"]["desc"])

    def wait(self, event, seconds=10):
        """The next event of a name, its data."""
        deadline = time.time() + seconds
        while time.time() < deadline:
            for number, message in enumerate(self.events):
                if message["event"] == event:
                    del self.events[:number + 1]
                    return message.get("data", {})
            if b"\r\n" in self.rest or select.select([self.socket], [], [], deadline - time.time())[0]:
                message = self.read()
                if "event" in message:
                    self.events.append(message)
        return None

    def close(self):
        self.socket.close()


def free_port():
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return place.getsockname()[1]


def connect(port):
    """A connection to a port that somebody is about to listen on."""
    for wait in [0.02] * 100 + [0]:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=20)
        except ConnectionRefusedError:
            if not wait:
                raise
            time.sleep(wait)
    return None
