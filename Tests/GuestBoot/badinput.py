#!/usr/bin/env python3
"""Wrong options and broken files: the process ends at once with status 1 and says what is wrong; it never crashes.

usage: badinput.py --system PATH
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile

from guest import FILES


def make_files(work):
    """Broken files by name."""
    with open(f"{FILES}/Image", "rb") as image, open(f"{FILES}/u-boot-smode.elf", "rb") as program:
        kernel, elf = image.read(), program.read()
    contents = {
        "empty": b"", "half": kernel[:3_000_000], "header": kernel[:40], "noise": random.Random(1).randbytes(5000), "foreign": b"MZ" + bytes(4000), "short": bytes(300),
        "elf-half": elf[:100_000], "elf-header": elf[:70], "gzip": b"\x1f\x8b\x08" + bytes(100), "disk": bytes(1 << 20), "other-disk": bytes(1 << 20),
    }
    for name, content in contents.items():
        with open(f"{work}/{name}", "wb") as file:
            file.write(content)


# (words, what the message must hold). A word with @ in front is one of the broken files.
CASES = [
    *[(["-kernel", f"@{name}"], name) for name in ["half", "header", "empty", "foreign", "elf-half", "elf-header", "gzip", "absent"]],
    (["-kernel", "/tmp"], "/tmp"), (["-kernel", "/bin/true"], "another architecture"), (["-bios", "/tmp"], "/tmp"), (["-bios", "@absent"], "absent"),
    (["-bios", "@empty"], "empty"), (["-kernel", f"{FILES}/Image", "-initrd", "@absent"], "absent"), (["-kernel", f"{FILES}/Image", "-initrd", "/tmp"], "/tmp"),
    (["-kernel", f"{FILES}/Image", "-m", "16"], "-m 16"), (["-kernel", f"{FILES}/Image", "-initrd", f"{FILES}/Image", "-m", "48"], "-m 48"),
    *[(["-m", size], "-m") for size in ["0", "abc", "12x", "100T", "900G", "-5", "99999999999999999999"]],
    *[(["-smp", count], "-smp") for count in ["0", "999", "x", "-1"]],
    (["-M", "virtt"], "did you mean 'virt'"), (["-M", "virt,foo=1"], "foo"), (["-M", "pc"], "pc"), (["-cpu", "rv65"], "did you mean 'rv64'"),
    (["-cpu", "rv64,zbaa=on"], "did you mean 'zba'"), (["-cpu", "rv64,zba=maybe"], "maybe"), (["-kernl", "x"], "did you mean '-kernel'"),
    (["-append"], "-append"), (["disk.img"], "disk.img"), (["-accel", "kvm"], "kvm"), (["-accel", "tcg,thread=x"], "thread=x"), (["-d", "foo"], "foo"),
    (["-serial", "foo"], "foo"), (["-icount", "shift=99"], "shift=99"), (["-rtc", "base=nonsense"], "nonsense"), (["-dtb", "@noise"], "device tree"),
    (["-dtb", "@empty"], "device tree"), (["-dtb", "/tmp"], "/tmp"), (["-D", "/absent/log", "-d", "int"], "/absent/log"),
    (["-device", "virtio-blk-devce"], "did you mean 'virtio-blk-device'"), (["-device", "virtio-blk-device"], "drive="),
    (["-device", "virtio-blk-device,drive=x"], "drive=x"), (["-device", "virtio-rng-device,foo=1"], "foo"),
    *[(["-drive", f"file=@{name},format=raw,if=none,id=a"], name) for name in ["short", "empty", "absent"]],
    *[(["-drive", f"file={path},format=raw,if=none,id=a,readonly={mode}"], path) for path in ["/tmp", "/dev/null"] for mode in ["on", "off"]],
    (["-drive", "file=@disk,format=qcow2,if=none,id=a"], "qcow2"), (["-drive", "file=@disk,format=raw,if=none,id=a,cache=x"], "cache=x"),
    (["-drive", "file=@disk,format=raw,if=none,id=a", "-drive", "file=@other-disk,format=raw,if=none,id=a"], "id=a"),
    (["-drive", "file=@disk,format=raw,if=none,id=a", "-drive", "file=@disk,format=raw,if=none,id=b"], "in use"),
    (["-drive", "file=@disk,format=raw,if=none,id=a", "-device", "virtio-blk-device,drive=a", "-device", "virtio-blk-device,drive=a"], "drive=a"),
    *[(["-drive", f"file=@disk,format=raw,if=none,id=a,{words}"], wanted) for words, wanted in [
        ("aio=native", "aio=native"), ("aio=x", "aio=x"), ("werror=x", "werror=x"), ("rerror=enospc", "rerror=enospc"), ("discard=x", "discard=x"),
        ("detect-zeroes=maybe", "detect-zeroes"), ("file.driver=nbd", "nbd"), ("bus=1", "bus=1"), ("media=tape", "tape"), ("file.locking=x", "locking=x"),
        ("cache.direct=x", "cache.direct=x"), ("copy-on-read=on", "copy-on-read"), ("readonly=x", "readonly=x"), ("snapshot=x", "snapshot=x")]],
    (["-drive", "file=@disk,format=raw,index=1", "-drive", "file=@other-disk,format=raw,index=1"], "index=1"),
    *[(["-blockdev", words], wanted) for words, wanted in [
        ("driver=qcow2,node-name=a,file=b", "file=b"), ("driver=raw,node-name=a,file=b", "file=b"), ("driver=file,node-name=a", "filename"),
        ("driver=file,node-name=a,filename=@absent", "absent"), ("driver=file,node-name=a,filename=@disk,offset=1", "offset"), ('{"driver":"file"}', "node-name"), ('{"driver"', "JSON"),
        ("driver=raw,node-name=a,file.driver=nbd,file.filename=x", "nbd"), ("driver=file,node-name=a,filename=@disk,aio=native", "native")]],
    (["-blockdev", "driver=file,node-name=a,filename=@disk", "-drive", "file=@other-disk,format=raw,if=none,id=a"], "id=a"),
    *[(["-drive", "file=@disk,format=raw,if=none,id=a", "-device", f"virtio-blk-device,drive=a,{words}"], wanted) for words, wanted in [
        ("serial=123456789012345678901", "serial"), ("num-queues=0", "num-queues"), ("logical_block_size=513", "logical_block_size"),
        ("logical_block_size=4096,physical_block_size=512", "physical_block_size"), ("werror=x", "werror=x"), ("write-cache=x", "write-cache=x")]],
    (["-drive", "file=@short,format=raw,if=pflash"], "short"), (["-fw_cfg", "name=x"], "fw_cfg"),
    (["-m", "size=64,slots=2,maxmem=1G"], "slots"), (["-smp", "4,maxcpus=2"], "maxcpus"), (["-smp", "4,clusters=2"], "clusters=2"), (["-smp", "cpus=3,cores=2"], "cores"),
    (["-rtc", "base=utc,clock=foo"], "clock=foo"), (["-rtc", "driftfix=slew"], "driftfix=slew"), (["-icount", "auto"], "shift=auto"),
    (["-icount", "1,align=on"], "align=on"), (["-smp", "4,dies=2"], "dies=2"), (["-cpu", "rv64,h=on"], "h=on is not supported"), (["-cpu", "rv64,V=true"], "v=true is not supported"),
    (["-gdb", "nonsense:1"], "nonsense:1"), (["-incoming", "nonsense:1"], "nonsense:1"), (["-accel", "kvm:tcg"], "kvm:tcg"), (["-display", "gtk"], "gtk"), (["-name", "a,process=b"], "process"),
    (["-blockdev", "driver=file"], "node-name"),
    (["-M", "virt,pflash0=x"], "pflash0"), (["-M", "virt,accel=kvm"], "kvm"), (["-global", "foo.bar=1"], "foo.bar"), (["-mon", "chardev=x"], "chardev=x"),
    (["-mon", "chardev=x,mode=control"], "chardev=x"), (["-mon", "chardev=x,mode=foo"], "mode=foo"), (["-chardev", "udp,id=a"], "udp"), (["-chardev", "nll,id=a"], "nll"), (["-chardev", "null"], "id=ID"),
    (["-serial", "null", "-serial", "null"], "-serial"), (["-serial", "tcp:1"], "tcp:1"), (["-monitor", "vc:wide"], "vc"), (["-monitor", "udp:here"], "udp:here"),
    (["-qmp", "spicevmc:x"], "spicevmc"), (["-object", "iothread,id=x"], "iothread"), (["-object", "secre,id=x"], "did you mean 'secret'"),
    (["-object", "secret,id=x"], "'data'"), (["-object", "memory-backend-ram,id=x"], "size"), (["-object", '{"qom-type":"rng-builtin"}'], "id"),
    (["-object", "memory-backend-ram,id=x,size=3M", "-M", "virt,memory-backend=x", "-m", "4"], "memory-backend=x"), (["-M", "virt,memory-backend=x"], "memory-backend"),
    (["-M", "virt,usb=on"], "usb"), (["-M", "virt,aclint=maybe"], "aclint"), (["-global", "virtio-blk-device.foo=1"], "foo"),
    (["-device", '{"driver":"virtio-rng-device","foo":1}'], "foo"), (["-device", '{"driver":"virtio-rng-device","rng":1}'], "rng"),
    (["-device", "virtio-rng-device,rng=x"], "rng-backend"), (["-netdev", '{"type":"user","id":"a","hostfwd":"x"}'], "hostfwd"),
    (["-device", "virtio-rng-device,id=a"] * 2, "Duplicate device ID 'a'"), (["-device", "virtio-net-device,bootindex=1"] * 2, "bootindex 1"),
    (["-action", "reboot=x"], "reboot=x"), (["-action", "x=y"], "'x'"), (["-uuid", "x"], "uuid"), (["-add-fd", "fd=77,set=1"], "fd=77"),
    (["-chardev", "socket,id=a,fd=77"], "fd=77"), (["-readconfig", "@absent"], "absent"), (["-readconfig", "@noise"], "noise"), (["-boot", "menu=on"], "menu"),
    (["-overcommit", "mem-lock=on"], "mem-lock"), (["-audiodev", "alsa,id=x"], "alsa"), (["-pidfile", "/absent/x"], "/absent/x"), (["-sandbox", "on,spawn=maybe"], "spawn=maybe"),
    (["-device", "virtconsole,chardev=x"], "virtio-serial-device"), (["-device", "virtio-serial-device", "-device", "virtconsole,chardev=x"], "chardev=x"),
    (["-device", "virtio-serial-device", "-chardev", "null,id=x", "-device", "virtserialport,chardev=x,nr=0"], "nr=0"),
    (["-device", "virtio-rng-device,bus=virtio-mmio-bus.8"], "virtio-mmio-bus.0"), (["-device", "virtio-rng-device,bus=pci.0"], "pci.0"),
    (["-device", "virtio-rng-device,bus=virtio-mmio-bus.1"] * 2, "a free one"),
    *[(["-device", "virtio-rng-device"] * 9, "at most 8")],
    (["-device", "usb-kbd"], "No 'usb-bus' bus"), (["-device", "qemu-xhci", "-device", "usb-kbd,port=9"], "usb port 9"),
    (["-device", "qemu-xhci", "-device", "usb-kbd,port=1", "-device", "usb-mouse,port=1"], "in use"), (["-device", "qemu-xhci", "-device", "usb-kbd,bus=x.0"], "x.0"),
    (["-device", "qemu-xhci,p2=99"], "p2"), (["-device", "qemu-xhci,streams=on"], "streams are not supported"), (["-device", "qemu-xhci", "-device", "usb-storage"], "drive"),
    (["-device", "qemu-xhci", "-device", "usb-storage,drive=x"], "x"), (["-device", "qemu-xhci,p2=1,p3=0", *["-device", "usb-mouse"] * 2], "no free ports"),
    *[(["-numa", words], wanted) for words, wanted in [
        ("foo", "foo"), ("node,bar=1", "bar"), ("node,nodeid=200", "200"), ("node,cpus=5-2", "range"), ("node,cpus=9", "maxcpus"), ("node,mem=x", "'x'"),
        ("node", "total memory"), ("dist,src=0,dst=1,val=20", "missing"), ("dist,src=0,dst=1,val=300", "300"), ("cpu,node-id=0", "node-id=0"),
        ("hmat-lb,initiator=0", "heterogeneous"), ("node,initiator=0", "heterogeneous"), ("node,memdev=x", "'x'"), ("", "''")]],
    (["-object", "memory-backend-ram,id=a,size=64M", "-numa", "node,memdev=a", "-numa", "node,nodeid=2"], "missing: 1"),
    (["-object", "memory-backend-ram,id=a,size=64M", "-numa", "node,memdev=a"], "should equal RAM size"),
    (["-object", "memory-backend-ram,id=a,size=128M", "-smp", "4", "-numa", "node,memdev=a,cpus=0,cpus=2", "-numa", "node,cpus=1,cpus=3"], "discontinuous"),
    (["-object", "memory-backend-ram,id=a,size=64M", "-m", "128", *["-numa", "node,memdev=a"] * 2], "multiple times"),
    (["-object", "memory-backend-ram,id=a,size=64M,host-nodes=0"], "host-nodes"), (["-object", "memory-backend-ram,id=a,size=64M,policy=bind"], "host-nodes"),
    (["-object", "memory-backend-ram,id=a,size=64M,policy=bind,host-nodes=x"], "host-nodes"), (["-mem-path", "/absent/x"], "/absent/x"),
    (["-usb"], "-usb"), (["-usbdevice", "tablet"], "-usbdevice"),
    (["-netdev", "usr,id=a"], "did you mean 'user'"), (["-netdev", "user"], "id=ID"), (["-netdev", "stream,id=a"], "stream is not supported"),
    (["-netdev", "user,id=a", "-netdev", "user,id=a"], "id=a"), (["-netdev", "user,id=a,hostfwrd=x"], "did you mean 'hostfwd'"),
    *[(["-netdev", f"user,id=a,{word}"], word.split("=", 1)[0]) for word in [
        "smb=/tmp", "net=10.0.2.0/33", "net=x", "host=1.2.3.4", "dns=10.0.2.2", "dhcpstart=10.0.2.3", "hostfwd=tcp:x", "hostfwd=tcp::1-:0", "ipv6-prefixlen=200",
        "ipv6-host=fd00::1", "guestfwd=tcp:10.0.2.9:1", "guestfwd=tcp:9.9.9.9:80-cmd:cat", "restrict=maybe"]],
    (["-netdev", "user,id=a,ipv4=off,ipv6=off"], "ipv4=off"), (["-netdev", "user,id=a,hostfwd=tcp:1.2.3.4:80-:80"], "1.2.3.4:80"),
    (["-netdev", "socket,id=a"], "listen="), (["-netdev", "socket,id=a,mcast=230.0.0.1:1"], "mcast"), (["-netdev", "socket,id=a,connect=127.0.0.1:1"], "127.0.0.1:1"),
    (["-netdev", "hubport,id=a"], "hubid"), (["-netdev", "tap,id=a"], "script=no"), (["-netdev", "tap,id=a,fd=77"], "fd=77"),
    (["-device", "virtio-net-device,netdev=x"], "netdev=x"), (["-device", "virtio-net-device,mac=1:2"], "mac=1:2"), (["-device", "virtio-net-device,mq=on"], "mq"),
    (["-device", "virtio-net-device,host_mtu=3"], "host_mtu"), (["-nic", "user,model=e1000"], "virtio-net-device"), (["-nic", "foo"], "foo"),
    (["-nic", "user,mac=01:00:5e:00:00:01"], "mac="), (["-net", "nic,model=x"], "virtio-net-device"), (["-net", "nic,netdev=x"], "netdev=x"),
    (["-netdev", "user,id=a", "-device", "virtio-net-device,netdev=a", "-device", "virtio-net-device,netdev=a"], "netdev=a"),
]


def run(system, work, words):
    """Status and message, or a complaint in the status's place."""
    words = [word.replace("@", f"{work}/") for word in words]
    defaults = [part for option, value in {"-bios": "none", "-M": "virt", "-serial": "null"}.items() if option not in words for part in (option, value)]
    try:
        done = subprocess.run([system, "-display", "none", *defaults, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                              timeout=10, check=False)
    except subprocess.TimeoutExpired:
        return "it runs", ""
    return done.returncode, done.stderr


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    arguments = parser.parse_args()
    system = os.path.abspath(arguments.system)
    bad = 0
    with tempfile.TemporaryDirectory() as work:
        make_files(work)
        for words, wanted in CASES:
            status, message = run(system, work, words)
            if status != 1 or wanted not in message or message.count("\n") != 1:
                print(f"FAILED  {' '.join(words)}: status {status}, expected 1 and a line with {wanted!r}: {message[:300]!r}")
                bad += 1
    print(f"{'FAILED' if bad else 'ok':8}wrong options and broken files: {len(CASES)} cases, {bad} bad")
    return 1 if bad else 0


sys.exit(main())
