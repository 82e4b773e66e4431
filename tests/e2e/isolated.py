"""Mount namespaces: places where a test may mount what it likes, unseen by the machine.

Works as root, and otherwise where the kernel lets users have namespaces of their own. Where neither
is so, a test fails and says what it needs: a rule that was not tested has not passed.
"""

import os
import pathlib
import socket
import subprocess

from daemon import wait_until


def unshare():
    """The command that starts another one in mount (and, unless root, user) namespaces."""
    flags = ["-m"] if os.geteuid() == 0 else ["-r", "-m"]
    tried = subprocess.run(["unshare", *flags, "mount", "-t", "tmpfs", "none", "/mnt"],
                           capture_output=True, text=True)
    assert tried.returncode == 0, (
        "this test mounts file systems of its own: run it as root (in a container with "
        "CAP_SYS_ADMIN), or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1); "
        f"unshare said: {tried.stderr.strip()}")
    return ["unshare", *flags]


class SmallDisk:
    """A file system of `size` bytes that only commands with `prefix` see at `path`.

    `seen` is the same folder for this process."""

    def __init__(self, path, size):
        self.path = pathlib.Path(path)
        self.path.mkdir()
        self.holder = subprocess.Popen(
            [*unshare(), "sh", "-c", f"mount -t tmpfs -o size={size},mode=0755 tocsin '{path}' "
             "&& echo mounted && exec sleep infinity"], stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "mounted\n", "the small disk was not mounted"
        pid = str(self.holder.pid)
        user = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
        self.prefix = ["nsenter", "-t", pid, "-m", *user, "--wd=" + str(self.path), "--"]
        self.seen = pathlib.Path(f"/proc/{pid}/root{self.path}")

    def fill(self):
        """Takes every byte that is left."""
        with open(self.seen / "ballast", "ab", buffering=0) as ballast:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        ballast.write(b"x" * size)
                except OSError:
                    pass

    def free(self):
        (self.seen / "ballast").unlink()

    def close(self):
        self.holder.kill()
        self.holder.wait(5)
        self.holder.stdout.close()


class SilentResolver:
    """A name server that takes every question and answers none; commands with `prefix` ask it."""

    def __init__(self, folder):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.socket.bind(("127.0.53.53", 53))
            address = "127.0.53.53"
        except PermissionError:  # port 53 is root's
            address = "192.0.2.53"  # for documentation (RFC 5737): nobody has it, nobody answers
        settings = folder / "resolv.conf"
        settings.write_text(f"nameserver {address}\n")
        self.prefix = [*unshare(), "sh", "-c",
                       f"mount --bind '{settings}' /etc/resolv.conf && exec \"$@\"", "sh"]

    def close(self):
        self.socket.close()


def enters(process, name, timeout=10.0):
    """Waits until a process started with a prefix has become the program `name`."""
    wait_until(lambda: pathlib.Path(f"/proc/{process.pid}/comm").read_text().strip() == name,
               timeout, f"{name} running")
