#!/usr/bin/env python3
"""Connections that are secured: the machine protocol, migrations and viewers, with certificates, with keys that both know, and with nobody known.

usage: tls.py --system PATH (of qemu-system-riscv64)
"""
import argparse
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time

from certificates import Authority, context
from client import Client, Emulator, connect, free_port
from viewer import Refused, Viewer
from websocket import Frames, WebSocket

results = []
# Where the board puts the file of -bios.
FIRMWARE = 0x80000000


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail else ""), flush=True)
    results.append(bool(condition))


def refused(port, how):
    """Whether a client gets no greeting."""
    try:
        Client(None, negotiate=False, connection=how.wrap_socket(connect(port), server_hostname="localhost"))
    except (OSError, EOFError):
        return True
    return False


def protocol(system, work, folders):
    port = free_port()
    options = ["-object", f"tls-creds-x509,id=t,dir={folders['server']},endpoint=server",
               "-chardev", f"socket,id=c,host=127.0.0.1,port={port},server=on,wait=off,tls-creds=t", "-mon", "chardev=c,mode=control"]
    with Emulator(system, work, "-S", *options) as emulator:
        plain = Client(emulator.path)
        # Somebody who says nothing keeps nobody out.
        silent = connect(port)
        client = Client(None, connection=context(folders["client"]).wrap_socket(connect(port), server_hostname="localhost"))
        whole = client.ask("query-qmp-schema")
        check("the machine protocol by TLS: a long answer is the one that a Unix socket gives", whole == plain.ask("query-qmp-schema"))
        client.socket.close()
        silent.close()
        check("a client without a certificate is turned away", refused(port, context(authority=f"{folders['server']}/ca-cert.pem")))
        check("a client whose certificate somebody else has signed is turned away", refused(port, stranger(folders)))
        with connect(port) as wrong:
            wrong.sendall(b'{"execute":"qmp_capabilities"}\r\n')
            try:
                told = wrong.recv(4096)
            except ConnectionResetError:
                told = b""
            check("a client that does not speak TLS is told nothing", b"QMP" not in told)
        client = Client(None, connection=context(folders["client"]).wrap_socket(connect(port), server_hostname="localhost"))
        check("after all that the next client is served", client.ask("query-status")["status"] == "prelaunch")
        answer = client.ask("quit")
        check("the answer to quit comes before the end", answer == {} and emulator.process.wait(10) == 0, str(answer))


def stranger(folders):
    made = ssl.create_default_context(cafile=f"{folders['server']}/ca-cert.pem")
    made.load_cert_chain(f"{folders['stranger']}/client-cert.pem", f"{folders['stranger']}/client-key.pem")
    return made


def memory(client, work, start, size):
    client.ask("pmemsave", val=start, size=size, filename=f"{work}/memory")
    with open(f"{work}/memory", "rb") as file:
        return file.read()


def migrate(source, place, wanted, **parameters):
    source.ask("migrate-set-parameters", **parameters)
    refusal = source.ask("migrate", uri=f"tcp:127.0.0.1:{place}" if isinstance(place, int) else place)
    if refusal:
        return wanted == "refused", str(refusal)
    for _ in range(500):
        info = source.ask("query-migrate")
        if info.get("status") in ("completed", "failed"):
            break
        time.sleep(0.02)
    return info["status"] == wanted, info.get("error-desc", info["status"])


def migrations(system, work, folders):
    start, size = FIRMWARE, 1 << 20
    with open(f"{work}/firmware", "wb") as file:
        file.write(os.urandom(size))
    objects = {
        "certificates": lambda end: f"tls-creds-x509,id=t,dir={folders[end]},endpoint={end}",
        "keys": lambda end: f"tls-creds-psk,id=t,dir={folders['keys']},endpoint={end},username=qemu",
        "nobody known": lambda end: f"tls-creds-anon,id=t,endpoint={end}",
    }
    machine = ["-S", "-m", "64", "-bios", f"{work}/firmware"]
    for name, kind in objects.items():
        for channels in (False, True):
            port = free_port()
            with Emulator(system, work, *machine, "-object", kind("client"), "-object", kind("server").replace("id=t", "id=other")) as one, \
                    Emulator(system, work, *machine, "-object", kind("server"), "-incoming", "defer") as two:
                source, target = Client(one.path), Client(two.path)
                target.ask("migrate-set-parameters", **{"tls-creds": "t"})
                for side in (source, target):
                    side.ask("migrate-set-capabilities", capabilities=[{"capability": "multifd", "state": channels}])
                title = f"a migration by TLS, {name}" + (", by several channels" if channels else "")
                target.ask("migrate-incoming", uri=f"tcp:127.0.0.1:{port}")
                if name == "certificates" and not channels:
                    for what, parameters in [("for another name", {"tls-creds": "t", "tls-hostname": "elsewhere"}), ("without TLS", {"tls-creds": ""})]:
                        check(f"{title}: {what} it fails, and the machine stays", *migrate(source, port, "failed", **parameters))
                    source.ask("migrate-set-parameters", **{"tls-creds": "other", "tls-hostname": ""})
                    refusal = source.ask("migrate", uri="tcp:127.0.0.1:1")
                    check(f"{title}: a server's credentials are refused by name", "endpoint=client" in str(refusal), str(refusal))
                before = memory(source, work, start, size)
                check(title, *migrate(source, port, "completed", **{"tls-creds": "t", "tls-hostname": None}))
                check(f"{title}: memory is as it was", memory(target, work, start, size) == before)


def by_descriptors(system, work, folders):
    """Both ends are given a connection that somebody else has made, as libvirt does it."""
    start, size = FIRMWARE, 1 << 20
    title = "a migration by TLS, descriptors"
    machine = ["-S", "-m", "64", "-bios", f"{work}/firmware"]
    credentials = [f"tls-creds-x509,id=t,dir={folders[end]},endpoint={end}" for end in ("client", "server")]
    with Emulator(system, work, *machine, "-object", credentials[0]) as one, Emulator(system, work, *machine, "-object", credentials[1], "-incoming", "defer") as two:
        source, target = Client(one.path), Client(two.path)
        target.ask("migrate-set-parameters", **{"tls-creds": "t"})
        ends = socket.socketpair()
        for side, end in zip((source, target), ends):
            side.ask("getfd", [end.fileno()], fdname="way")
            end.close()
        target.ask("migrate-incoming", uri="fd:way")
        before = memory(source, work, start, size)
        check(f"{title}: nobody's name is known", *migrate(source, "fd:way", "refused", **{"tls-creds": "t"}))
        check(title, *migrate(source, "fd:way", "completed", **{"tls-hostname": "localhost"}))
        check(f"{title}: memory is as it was", memory(target, work, start, size) == before)


def viewers(system, work, folders):
    number = free_port() - 5900
    objects = ["-object", f"tls-creds-x509,id=t,dir={folders['server']},endpoint=server,verify-peer=off", "-object", "secret,id=s,data=geheim"]
    with Emulator(system, work, "-S", *objects, "-vnc", f"127.0.0.1:{number},tls-creds=t,password-secret=s", "-device", "virtio-gpu-device") as emulator:
        client = Client(emulator.path)
        told = client.ask("query-vnc")
        check("query-vnc tells of it", told["auth"] == "vencrypt+x509+vnc", told["auth"])
        servers = client.ask("query-vnc-servers")[0]
        check("query-vnc-servers does, too", (servers["auth"], servers["vencrypt"]) == ("vencrypt", "x509-vnc"), str(servers["auth"]))
        address = ("127.0.0.1", 5900 + number)
        viewer = Viewer(address, password="geheim", tls=context(authority=f"{folders['server']}/ca-cert.pem"))
        client.ask("screendump", filename=f"{work}/screen")
        with open(f"{work}/screen", "rb") as file:
            width, height = map(int, file.read().split(b"\n", 3)[1].split())
        check("a viewer by VeNCrypt sees the screen", viewer.picture()[:2] == (width, height), f"{width} x {height}")
        for title, words in [("without TLS", {"password": "geheim"}), ("with a wrong password", {"password": "nein", "tls": context(authority=f"{folders['server']}/ca-cert.pem")})]:
            try:
                Viewer(address, **words)
                check(f"a viewer {title} is turned away", False)
            except (Refused, OSError, EOFError) as error:
                check(f"a viewer {title} is turned away", True, str(error))
        check("the first one still sees it", viewer.picture()[:2] == (width, height))


def web_sockets(system, work, folders):
    """WebSockets within TLS: of character back ends and of viewers; and certificates that are renewed."""
    port, number, web_port = free_port(), free_port() - 5900, free_port()
    folder = f"{work}/renewed"
    shutil.copytree(folders["server"], folder)
    ours = context(authority=f"{folders['server']}/ca-cert.pem")

    def web(port, how=ours):
        return Frames(WebSocket(how.wrap_socket(connect(port), server_hostname="localhost")))

    options = ["-object", f"tls-creds-x509,id=t,dir={folder},endpoint=server,verify-peer=off", "-mon", "chardev=c,mode=control", "-device", "virtio-gpu-device",
               "-chardev", f"socket,id=c,host=127.0.0.1,port={port},server=on,wait=off,tls-creds=t,websocket=on",
               "-vnc", f"127.0.0.1:{number},tls-creds=t,websocket={web_port}"]
    with Emulator(system, work, "-S", *options) as emulator:
        plain = Client(emulator.path)
        client = Client(None, connection=web(port))
        check("a WebSocket within TLS: a long answer is the one that a Unix socket gives", client.ask("query-qmp-schema") == plain.ask("query-qmp-schema"))
        client.socket.close()
        viewer = Viewer(None, connection=web(web_port))
        check("a viewer's WebSocket within TLS", viewer.picture()[:2] == (640, 480))
        servers = plain.ask("query-vnc-servers")[0]["server"]
        check("query-vnc-servers tells of both ways", [(server["auth"], server["websocket"]) for server in servers] == [("vencrypt", False), ("none", True)], str(servers))
        try:
            WebSocket(connect(web_port))
            check("a WebSocket without TLS is turned away", False)
        except (OSError, EOFError):
            check("a WebSocket without TLS is turned away", True)
        for name in os.listdir(folders["other"]):
            shutil.copy(f"{folders['other']}/{name}", folder)
        check("new files alone change nothing", Viewer(None, connection=web(web_port)).picture()[:2] == (640, 480))
        answer = plain.ask("display-reload", **{"type": "vnc", "tls-certs": True})
        check("display-reload: viewers from now on get the new certificate",
              answer == {} and refused_by(lambda: web(web_port)) and Viewer(None, connection=web(web_port, context(authority=f"{folders['other']}/ca-cert.pem"))).width == 640)
        check("those who are there stay", viewer.picture()[:2] == (640, 480))
        with open(f"{folder}/server-cert.pem", "w") as file:
            file.write("no certificate\n")
        answer = plain.ask("display-reload", **{"type": "vnc", "tls-certs": True})
        check("files that are none are refused, and the old ones serve on",
              answer[0] == "GenericError" and Viewer(None, connection=web(web_port, context(authority=f"{folders['other']}/ca-cert.pem"))).width == 640, str(answer))


def refused_by(attempt):
    try:
        attempt()
    except ssl.SSLError:
        return True
    return False


def wrong_files(system, authority, folders, work):
    authority.sign(f"{work}/client-as-server", "server", usage="clientAuth")
    authority.sign(f"{work}/mixed", "server")
    shutil.copy(f"{folders['stranger']}/ca-cert.pem", f"{work}/mixed/ca-cert.pem")
    authority.sign(f"{work}/two", "server")
    shutil.copy(f"{folders['server']}/server-key.pem", f"{work}/two/server-key.pem")
    authority.sign(f"{work}/secret", "server", password="sesam")
    os.makedirs(f"{work}/noise")
    for name in ("ca-cert.pem", "server-cert.pem", "server-key.pem"):
        with open(f"{work}/noise/{name}", "w") as file:
            file.write("no certificate\n")
    def status(*words):
        done = subprocess.run([system, "-M", "virt", "-bios", "none", "-S", "-display", "none", "-monitor", "none", "-serial", "null", *words],
                              capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
        return done.returncode, done.stderr.strip()
    for title, words, wanted in [
            ("a folder that is not there", "dir=/nowhere", "/nowhere/ca-cert.pem"),
            ("files that are none", f"dir={work}/noise", "holds no certificate"),
            ("a client's certificate", f"dir={work}/client-as-server", "may not be used as a server"),
            ("somebody else's authority", f"dir={work}/mixed", "is not accepted"),
            ("another one's key", f"dir={work}/two", "server-key.pem"),
            ("an encrypted key without its password", f"dir={work}/secret", "server-key.pem"),
            ("priorities that are none", f"dir={folders['server']},priority=NONSENSE", "NONSENSE")]:
        code, told = status("-object", f"tls-creds-x509,id=t,endpoint=server,{words}")
        check(f"{title}: refused by name", code == 1 and wanted in told, told)
    told = status("-object", "tls-creds-x509,id=t,endpoint=server,dir=" + folders["server"], "-chardev", f"socket,id=c,path={work}/s,server=on,wait=off,tls-creds=t")
    check("TLS on a Unix socket: refused", told[0] == 1 and "TCP" in told[1], told[1])
    with Emulator(system, work, "-S", "-object", "secret,id=p,data=sesam", "-object", f"tls-creds-x509,id=t,endpoint=server,dir={work}/secret,passwordid=p") as emulator:
        check("an encrypted key with its password", Client(emulator.path).ask("query-status")["status"] == "prelaunch")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        authority, other = Authority(work, "authority"), Authority(work, "other")
        folders = {name: f"{work}/{name}" for name in ("server", "client", "stranger", "keys", "other")}
        authority.sign(folders["server"], "server")
        authority.sign(folders["client"], "client")
        other.sign(folders["stranger"], "client")
        other.sign(folders["other"], "server")
        os.makedirs(folders["keys"])
        with open(f"{folders['keys']}/keys.psk", "w") as file:
            file.write("qemu:0123456789abcdef0123456789abcdef\n")
        protocol(arguments.system, work, folders)
        migrations(arguments.system, work, folders)
        by_descriptors(arguments.system, work, folders)
        viewers(arguments.system, work, folders)
        web_sockets(arguments.system, work, folders)
        wrong_files(arguments.system, authority, folders, work)
    print(f"{'FAILED' if not all(results) else 'ok    '}  secured connections: {len(results)} checks, {results.count(False)} bad", flush=True)
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
