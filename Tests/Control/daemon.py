"""A libvirtd of a test's own, and what is asked of it."""
import os
import shutil
import signal
import subprocess
import time
import uuid

from certificates import Authority

NEEDED = ("libvirtd", "virsh", "virt-install", "qemu-img", "unshare", "openssl")

LIBVIRTD = """
unix_sock_dir = "/run/libvirt"
auth_unix_ro = "none"
auth_unix_rw = "none"
log_level = 2
log_outputs = "2:file:/var/log/libvirt/libvirtd.log"
host_uuid = "{identity}"
"""

# Nothing of this machine's own is used: no users, no control groups, no name spaces, no other daemons.
QEMU = """
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
default_tls_x509_cert_dir = "/etc/libvirt/pki"
default_tls_x509_verify = 1
vnc_tls = 1
"""


def missing():
    """Programs that the tests need and that are not there."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    return [name for name in NEEDED if not shutil.which(name, path=path)]


class Failed(Exception):
    """What virsh says if it fails."""


class Daemon:
    """libvirtd in name spaces of its own, in which libvirt's folders are folders of the test's: it knows of no other daemon, and leaves nothing behind.
    Emulators that no domain names are those of a folder."""

    all = []
    authority = None

    def __init__(self, work, name, emulators):
        self.name, self.folder = name, f"{work}/{name}"
        places = {"etc": "/etc/libvirt", "lib": "/var/lib/libvirt", "cache": "/var/cache/libvirt", "log": "/var/log/libvirt", "run": "/run/libvirt"}
        for place in places:
            os.makedirs(f"{self.folder}/{place}")
        # Two daemons of one identity do not send each other machines.
        for file, text in (("libvirtd.conf", LIBVIRTD.format(identity=uuid.uuid4())), ("qemu.conf", QEMU)):
            with open(f"{self.folder}/etc/{file}", "w", encoding="ascii") as output:
                output.write(text)
        # All daemons of a test believe one authority.
        Daemon.authority = Daemon.authority or Authority(work, "authority")
        for kind in ("server", "client"):
            Daemon.authority.sign(f"{self.folder}/etc/pki", kind)
        steps = ["mount -t tmpfs tmpfs /run", "mkdir /run/libvirt /run/lock"]
        steps += [f"mount --bind '{self.folder}/{inner}' {outer}" for inner, outer in places.items()]
        # The shell is the name space's first process: it buries the emulators, and takes what is left with it when it ends.
        steps.append("libvirtd --pid-file /run/libvirt/pid &\nwait $!")
        words = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "sh", "-ec", "\n".join(steps)]
        self.socket = f"{self.folder}/run/libvirt-sock"
        self.uri = f"qemu+unix:///system?socket={self.socket}"
        # Emulators are looked for where programs are.
        environment = {**os.environ, "PATH": f"{emulators}:{os.environ['PATH']}:/usr/sbin:/sbin"}
        with open(f"{self.folder}/output", "wb") as output:
            # pylint: disable=consider-using-with
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True)
        Daemon.all.append(self)
        for _ in range(600):
            if os.path.exists(self.socket) or self.process.poll() is not None:
                break
            time.sleep(0.1)
        if self.process.poll() is not None:
            with open(f"{self.folder}/output", encoding="utf-8", errors="replace") as output:
                raise Failed(f"libvirtd has ended: {output.read().strip()}")

    def virsh(self, *words, seconds=300):
        """What virsh says; raises what it says of a failure."""
        done = subprocess.run(["virsh", "-q", "-c", self.uri, *words], capture_output=True, text=True, timeout=seconds, check=False)
        if done.returncode != 0:
            raise Failed(" ".join((done.stdout + done.stderr).split()))
        return done.stdout.strip()

    def refuses(self, *words):
        """Why virsh fails; nothing if it does not."""
        try:
            self.virsh(*words)
        except Failed as error:
            return str(error)
        return None

    def state(self, domain):
        return self.virsh("domstate", domain)

    def wait(self, domain, state, seconds=120):
        """Waits until the domain is in a state; whether that came."""
        deadline = time.time() + seconds
        while time.time() < deadline:
            if self.state(domain) == state:
                return True
            time.sleep(0.2)
        return False

    def log(self, domain):
        """The end of what the emulator has said."""
        try:
            with open(f"{self.folder}/log/qemu/{domain}.log", encoding="utf-8", errors="replace") as file:
                return file.read()[-2000:]
        except OSError:
            return ""

    def end(self):
        """Ends the daemon with all its emulators."""
        if self.process.poll() is None:
            try:
                for name in self.virsh("list", "--name").split():
                    self.virsh("destroy", name)
            except (Failed, subprocess.TimeoutExpired) as error:
                print(f"        {self.name}: {error}")
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
