#!/usr/bin/env python3
"""The machine protocol, by raw sockets and by PyPI's qemu.qmp, and its schema against the distribution's QEMU.

usage: qmp.py --system PATH [--peer PATH] [--write] [--connects N]
"""
import argparse
import asyncio
import glob
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

import schema
from client import MACHINE, Client, Emulator

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
DECLARED = os.path.join(HERE, "differences.txt")
sys.path.insert(0, os.path.join(ROOT, "build", "python"))
results = []


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail and not condition else ""), flush=True)
    results.append(bool(condition))


def conversation(system, work):
    with Emulator(system, work) as emulator:
        client = Client(emulator.path)
        check("greeting", client.greeting["QMP"]["version"]["qemu"] == {"major": 7, "minor": 2, "micro": 0} and client.greeting["QMP"]["capabilities"] == ["oob"])
        check("status", client.ask("query-status") == {"running": True, "singlestep": False, "status": "running"})
        check("stop", client.ask("stop") == {} and client.wait("STOP") == {} and client.ask("query-status")["status"] == "paused")
        check("cont", client.ask("cont") == {} and client.wait("RESUME") == {} and client.ask("query-status")["running"])
        reset = {"guest": False, "reason": "host-qmp-system-reset"}
        check("reset", client.ask("system_reset") == {} and client.wait("RESET") == reset)
        check("power button", client.ask("system_powerdown") == {} and client.wait("POWERDOWN") == {})
        client.send('{"execute":"query-status"')
        client.send(',"id":"in two"}{"execute":"nosuch"}')
        check("messages in pieces", client.answer()["id"] == "in two" and client.answer()["error"]["class"] == "CommandNotFound")
        client.send('}{"execute": 1]\n{"execute":"query-uuid"}')
        answers = [client.answer() for _ in range(3)]
        check("mistakes and going on", ["error" in answer for answer in answers] == [True, True, False], answers)
        commands = [command["name"] for command in client.ask("query-commands")]
        listed = [entry["name"] for entry in client.ask("query-qmp-schema") if entry["meta-type"] == "command"]
        check("the schema tells of all commands", sorted(listed) == commands)
        with open(os.path.join(ROOT, "docs", "qmp.md")) as file:
            documented = [line[3:].strip() for line in file if line.startswith("## ") and not line.startswith("## Events")]
        # Arm's emulators have one more.
        everywhere = commands if "arm" in system or "aarch64" in system else sorted([*commands, "query-gic-capabilities"])
        check("docs/qmp.md tells of all commands", sorted(documented) == everywhere, sorted(set(documented) ^ set(everywhere)))
        # This machine has no balloon, and no cpus that could come.
        queries = [name for name in commands if name.startswith("query-") and name not in ("query-hotpluggable-cpus", "query-balloon")]
        failed = [name for name in queries if isinstance(client.ask(name), tuple)]
        check(f"all {len(queries)} queries answer", not failed, failed)
        check("quit", client.ask("quit") == {} and emulator.process.wait(20) == 0)


def several_monitors(system, work):
    more = ["-chardev", f"socket,id=m,path={work}/second,server=on,wait=off", "-mon", "chardev=m,mode=control,pretty=on",
            "-monitor", f"unix:{work}/human,server=on,wait=off"]
    with Emulator(system, work, *more) as emulator:
        first, human = Client(emulator.path), socket.socket(socket.AF_UNIX)
        second = socket.socket(socket.AF_UNIX)
        second.connect(f"{work}/second")
        human.connect(f"{work}/human")
        second.sendall(b'{"execute":"qmp_capabilities"}')
        time.sleep(0.3)
        human.sendall(b"stop\n")
        check("an event reaches every client", first.wait("STOP") == {})
        time.sleep(0.3)
        text = second.recv(65536).decode()
        check("pretty answers", '{\n    "QMP": {\n' in text and '    "event": "STOP"\n}\r\n' in text, text)
        for _ in range(400):  # this one never reads
            first.ask("stop")
            first.ask("cont")
        check("a client that does not read", first.ask("query-status")["running"])


def objects(system, work):
    image = f"{work}/disk"
    with open(image, "wb") as file:
        file.truncate(1 << 20)
    more = [
        "-drive", f"file={image},format=raw,if=none,id=d", "-device", json.dumps({"driver": "virtio-blk-device", "drive": "d", "id": "disk", "num-queues": 2}),
        "-object", json.dumps({"qom-type": "memory-backend-memfd", "id": "mem", "size": 64 << 20, "share": True}), "-m", "64", "-M", "virt,memory-backend=mem",
        "-netdev", json.dumps({"type": "user", "id": "net", "hostfwd": [{"str": "tcp:127.0.0.1:0-:1"}]}), "-device", "virtio-net-device,netdev=net,id=card",
        "-device", "virtio-serial-device,id=bus", "-chardev", "ringbuf,id=ring", "-object", "rng-random,id=rng,filename=/dev/urandom",
        "-device", "virtio-rng-device,rng=rng", "-name", "test", "-uuid", "550e8400-e29b-41d4-a716-446655440000",
    ]
    with Emulator(system, work, *more) as emulator:
        client = Client(emulator.path)
        check("uuid and name", client.ask("query-uuid")["UUID"].startswith("550e8400") and client.ask("query-name") == {"name": "test"})
        check("qom-get", client.ask("qom-get", path="/machine/peripheral/disk", property="num-queues") == 2)
        check("partial paths", client.ask("qom-get", path="disk", property="type") == "virtio-blk-device")
        check("qom-set refuses", client.ask("qom-set", path="disk", property="serial", value="x") == ("GenericError", "Property 'virtio-blk-device.serial' is not writable"))
        check("memdev", [(entry["id"], entry["share"]) for entry in client.ask("query-memdev")] == [("mem", True)])
        check("object-del of what is used", client.ask("object-del", id="mem")[0] == "GenericError")
        check("object-del of what a device goes on holding", client.ask("object-del", id="rng") == {})
        check("object-add", client.ask("object-add", qom__type="secret", id="s", data="x") == {} and client.ask("object-del", id="s") == {})
        check("block", client.ask("query-block")[0]["inserted"]["image"]["virtual-size"] == 1 << 20)
        check("block_resize", client.ask("block_resize", device="d", size=2 << 20) == {} and os.path.getsize(image) == 2 << 20)
        check("set_link", client.ask("set_link", name="card", up=False) == {} and client.ask("set_link", name="nosuch", up=True)[0] == "DeviceNotFound")
        check("rx-filter", client.ask("query-rx-filter", name="card")[0]["main-mac"] == "52:54:00:12:34:56")
        check("netdev_add", client.ask("netdev_add", type="user", id="more") == {} and client.ask("netdev_del", id="more") == {})
        check("netdev_del of what is used", client.ask("netdev_del", id="net")[0] == "GenericError")
        check("device_add", client.ask("device_add", driver="virtserialport", chardev="ring", id="port", name="org.test") == {})
        check("its back end is taken", client.ask("chardev-remove", id="ring")[0] == "GenericError")
        check("device_del", client.ask("device_del", id="port") == {} and client.wait("DEVICE_DELETED") == {"device": "port", "path": "/machine/peripheral/port"})
        check("and free again", client.ask("chardev-remove", id="ring") == {})
        check("what cannot be plugged", "hotplugging" in client.ask("device_add", driver="virtio-rng-device")[1] and "hotplugging" in client.ask("device_del", id="disk")[1])
        check("pmemsave", client.ask("pmemsave", val=0x80000000, size=8192, filename=f"{work}/memory") == {} and os.path.getsize(f"{work}/memory") == 8192)
        check("memsave outside", client.ask("memsave", val=0x10, size=8, filename=f"{work}/x")[1].startswith("Invalid addr"))
        types = [entry["name"] for entry in client.ask("qom-list-types", implements="device")]
        lists = {name: client.ask("device-list-properties", typename=name) for name in types}
        check(f"properties of all {len(types)} device types", all(isinstance(value, list) for value in lists.values()))
        check("human-monitor-command", "virtio-blk-device" in client.ask("human-monitor-command", command__line="info qom-tree"))
        client.ask("quit")


def versions(system, work):
    """Machines with a version in their name give what devices had then, and not where something else is said."""
    image = f"{work}/small"
    with open(image, "wb") as file:
        file.truncate(1 << 20)
    devices = ["-smp", "4", "-S", "-global", "usb-mouse.serial=7", "-device", "qemu-xhci", "-device", "usb-kbd,id=keys", "-device", "usb-mouse,id=mouse"]
    for name in ("a", "b"):
        devices += ["-blockdev", f"driver=file,filename={image},node-name={name},read-only=on", "-device", "virtio-blk-pci,id=disk-" + f"{name},drive={name}"
                    + (",num-queues=2" if name == "b" else "")]
    system = f"{os.path.dirname(system)}/qemu-system-aarch64"
    for machine, queues, serial in (("virt", None, None), ("virt-5.2", None, None), ("virt-5.1", 1, None), ("virt-3.1", 1, "42")):
        with Emulator(system, work, *devices, machine=["-M", machine, "-display", "none", "-nodefaults"]) as emulator:
            client = Client(emulator.path)
            own = client.ask("qom-get", path="/machine", property="type")
            found = [client.ask("qom-get", path=path, property=name) for path, name in
                     (("disk-a", "num-queues"), ("disk-b", "num-queues"), ("keys", "serial"), ("mouse", "serial"))]
            wanted = [queues or client.ask("qom-get", path="disk-a", property="num-queues"), 2, serial or found[2], "7"]
            check(f"{machine} is {own}", found == wanted and (serial is None) == (found[2] != "42") and (queues is None) == (found[0] != 1), found)
    newest = [entry for entry in asked(system, work, "query-machines") if entry.get("alias") == "virt"]
    check("the newest version has the short name", [entry["name"] for entry in newest] == ["virt-7.2"])


def asked(system, work, command):
    with Emulator(system, work, machine=["-M", "none", "-display", "none"]) as emulator:
        return Client(emulator.path).ask(command)


def characters(system, work):
    with Emulator(system, work) as emulator:
        client = Client(emulator.path)
        address = {"type": "unix", "data": {"path": f"{work}/line"}}
        backend = {"type": "socket", "data": {"addr": address, "server": True, "wait": False}}
        check("chardev-add", client.ask("chardev-add", id="line", backend=backend) == {})
        pty = client.ask("chardev-add", id="pty", backend={"type": "pty", "data": {}})
        check("a pty has a name", os.path.exists(pty["pty"]))
        names = {entry["label"]: entry["filename"] for entry in client.ask("query-chardev")}
        check("filenames", names["line"] == f"disconnected:unix:{work}/line,server=on" and names["pty"] == f"pty:{pty['pty']}", names)
        check("chardev-change", client.ask("chardev-change", id="pty", backend={"type": "ringbuf", "data": {"size": 16}}) == {})
        check("base64", client.ask("ringbuf-write", device="pty", data="aGk=", format="base64") == {} and client.ask("ringbuf-read", device="pty", size=4) == "")
        wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        wire.bind(("127.0.0.1", 0))
        remote = {"type": "inet", "data": {"host": "127.0.0.1", "port": str(wire.getsockname()[1])}}
        check("udp", client.ask("chardev-add", id="wire", backend={"type": "udp", "data": {"remote": remote, "logfile": f"{work}/log"}}) == {})
        check("info chardev", client.ask("human-monitor-command", command__line="info chardev").count(f"udp:127.0.0.1:{wire.getsockname()[1]}") == 1)
        wire.close()
        check("it has a log", os.path.exists(f"{work}/log"))
        again = {"addr": {"type": "unix", "data": {"path": f"{work}/nobody"}}, "server": False, "reconnect": 1}
        check("a client that tries again", client.ask("chardev-add", id="again", backend={"type": "socket", "data": again}) == {})
        with socket.socket(socket.AF_UNIX) as late:
            late.settimeout(10)
            late.bind(f"{work}/nobody")
            late.listen()
            check("it has come", late.accept()[0] is not None)
        left, right = socket.socketpair()
        left.settimeout(10)
        check("getfd", client.ask("getfd", [right.fileno()], fdname="fd") == {})
        right.close()
        check("add_client", client.ask("add_client", protocol="line", fdname="fd") == {} and client.ask("add_client", protocol="line", fdname="fd")[0] == "GenericError")
        names = {entry["label"]: entry["filename"] for entry in client.ask("query-chardev")}
        check("it is connected", names["line"].startswith("unix:"), names)
        check("query-yank", {"type": "chardev", "id": "line"} in client.ask("query-yank"))
        check("yank", client.ask("yank", instances=[{"type": "chardev", "id": "line"}]) == {} and left.recv(1) == b"")
        check("yank of what is not there", client.ask("yank", instances=[{"type": "chardev", "id": "x"}]) == ("DeviceNotFound", "Instance not found"))
        left.close()
        client.send('{"execute":"yank","arguments":{"instances":[{"type":"chardev","id":"compat_monitor0"}]}}{"execute":"quit"}')
        try:
            while client.socket.recv(4096):
                pass
        except ConnectionResetError:
            pass
        client = Client(emulator.path)
        check("a client cuts its own line", client.ask("query-status")["running"])
        with open(f"{work}/set", "wb") as file:
            added = client.ask("add-fd", [file.fileno()], opaque="a file")
        check("add-fd", added["fdset-id"] == 0 and client.ask("query-fdsets")[0]["fds"][0]["opaque"] == "a file")
        check("a file of a set", client.ask("chardev-add", id="f", backend={"type": "file", "data": {"out": "/dev/fdset/0"}}) == {})
        check("remove-fd", client.ask("remove-fd", fdset__id=0) == {} and client.ask("query-fdsets") == [])
        check("chardev-remove", client.ask("chardev-remove", id="line") == {} and not os.path.exists(f"{work}/line"))
        client.ask("quit")


def processes(system, work):
    words = [system, *MACHINE, "-qmp", f"unix:{work}/daemon,server=on,wait=off", "-pidfile", f"{work}/pid", "-daemonize", "-S"]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    with open(f"{work}/pid") as file:
        number = int(file.read())
    client = Client(f"{work}/daemon")
    check("-daemonize, -pidfile", done.returncode == 0 and os.path.exists(f"/proc/{number}") and client.ask("query-status")["status"] == "prelaunch")
    client.ask("quit")
    for _ in range(100):
        if not os.path.exists(f"{work}/pid"):
            break
        time.sleep(0.05)
    check("the file goes with the process", not os.path.exists(f"{work}/pid"))
    failed = subprocess.run([*words, "-kernel", "/absent"], stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    check("-daemonize of what cannot start", failed.returncode == 1 and b"/absent" in failed.stderr)
    with Emulator(system, work, "-preconfig") as emulator:
        client = Client(emulator.path)
        early = client.ask("query-status")["status"] == "prelaunch" and "only after" in client.ask("stop")[1]
        check("-preconfig", early and client.ask("x-exit-preconfig") == {} and client.ask("cont") == {} and client.ask("query-status")["running"])
        client.ask("quit")
    with open(f"{work}/config", "w") as file:
        file.write(f'# a comment\n[chardev "m"]\n  backend = "socket"\n  path = "{work}/configured"\n  server = "on"\n  wait = "off"\n[mon]\n  chardev = "m"\n  mode = "control"\n')
    with Emulator(system, work, "-readconfig", f"{work}/config") as emulator:
        for _ in range(100):
            if os.path.exists(f"{work}/configured"):
                break
            time.sleep(0.02)
        check("-readconfig", Client(f"{work}/configured").ask("query-status")["running"])


def many_connects(system, work, count):
    with Emulator(system, work) as emulator:
        def descriptors():
            return len(glob.glob(f"/proc/{emulator.process.pid}/fd/*"))

        Client(emulator.path).close()
        before = descriptors()
        half_open = 0
        for number in range(count):
            line = socket.socket(socket.AF_UNIX)
            line.connect(emulator.path)
            if number % 3 == 1:
                line.sendall(b'{"execute":"qmp_capabilities"}{"execute":"query-')
            if number % 3 == 2:
                line.shutdown(socket.SHUT_WR)
                half_open += 1
            line.close()
        client = Client(emulator.path)
        check(f"{count} connects, {half_open} half-open", client.ask("query-status")["running"])
        check("no descriptor is left behind", descriptors() <= before + 2, f"{before}, then {descriptors()}")
        client.ask("quit")


async def library(path):
    from qemu.qmp import QMPClient
    from qemu.qmp.qmp_client import ExecuteError
    client = QMPClient("test")
    await client.connect(path)
    with client.listener(["STOP", "RESUME"]) as events:
        await client.execute("stop")
        await client.execute("cont")
        names = [(await events.get())["event"], (await events.get())["event"]]
    check("qemu.qmp: events", names == ["STOP", "RESUME"])
    check("qemu.qmp: status", (await client.execute("query-status"))["running"])
    try:
        await client.execute("nosuch")
        check("qemu.qmp: errors", False)
    except ExecuteError as error:
        check("qemu.qmp: errors", error.error_class == "CommandNotFound")
    answers = await asyncio.gather(*[client.execute("query-uuid") for _ in range(20)])
    check("qemu.qmp: twenty at once", len(answers) == 20)
    await client.execute("quit")
    try:
        await client.disconnect()
    except EOFError:
        # The emulator was gone before the client was.
        pass


def ask_schema(system, work):
    with Emulator(system, work) as emulator:
        client = Client(emulator.path)
        entries = client.ask("query-qmp-schema")
        client.ask("quit")
    return entries


def compare_schemas(system, peer, work, write):
    found = sorted(set(schema.compare(ask_schema(system, work), ask_schema(peer, work))))
    if write:
        with open(DECLARED, "w") as file:
            file.write("# Where the schema differs from that of Debian 12's QEMU 7.2 for riscv64: qmp.py --write makes this list; each line is meant.\n")
            file.write("\n".join(found) + "\n")
    with open(DECLARED) as file:
        declared = {line.rstrip("\n") for line in file if not line.startswith("#")}
    for line in sorted(set(found) - declared):
        print(f"  not declared: {line}")
    for line in sorted(declared - set(found)):
        print(f"  declared, but not so: {line}")
    check(f"the schema against {os.path.basename(peer)}: {len(found)} differences, all declared", set(found) == declared)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    parser.add_argument("--peer", default="qemu-system-riscv64")
    parser.add_argument("--write", action="store_true", help="declare the differences that there are")
    parser.add_argument("--connects", type=int, default=1000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        for part in (conversation, several_monitors, objects, versions, characters, processes):
            part(arguments.system, work)
        many_connects(arguments.system, work, arguments.connects)
        with Emulator(arguments.system, work) as emulator:
            asyncio.run(library(emulator.path))
        compare_schemas(arguments.system, arguments.peer, work, arguments.write)
    return 0 if all(results) else 1


sys.exit(main())
