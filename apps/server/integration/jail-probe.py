"""Runs in a guest's jail in QEMU's place, and tries what somebody would who has taken QEMU over.

Reads a JSON object of facts from its first argument. Prints one JSON object: for each attempt `allowed: WHAT` or
`refused: WHY`. Nothing here may depend on the rest of the project: it runs with /usr of the host and no more.
"""

import ctypes
import errno
import fcntl
import json
import os
import socket
import struct
import sys

facts = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
results = {}


def attempt(name, action):
    try:
        results[name] = f"allowed: {action()}"
    except OSError as error:
        results[name] = f"refused: {errno.errorcode.get(error.errno, error)}"
    except TimeoutError:
        results[name] = "refused: no reply"
    except Exception as error:
        results[name] = f"refused: {error}"


def call(name, *arguments):
    """A function of the C library that sets errno."""
    result = getattr(libc, name)(*arguments)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def read(path):
    with open(path, "rb") as file:
        return f"{len(file.read(16))} bytes"


def write(path):
    with open(path, "wb") as file:
        file.write(b"x")
    return path


def connect(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(3)
        client.connect(path)
    return path


def reach(kind, address):
    with socket.socket(socket.AF_INET, kind) as client:
        client.settimeout(2)
        client.connect(tuple(address))
        if kind == socket.SOCK_DGRAM:
            client.send(b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01")
            client.recv(512)
    return address


def export(name):
    """The size of an export of the block server, by NBD_OPT_GO."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(facts["exporter"])
        client.recv(18, socket.MSG_WAITALL)
        data = struct.pack(">I", len(name)) + name.encode() + struct.pack(">H", 0)
        client.send(struct.pack(">I", 3) + b"IHAVEOPT" + struct.pack(">II", 7, len(data)) + data)
        _, _, kind, length = struct.unpack(">QIII", client.recv(20, socket.MSG_WAITALL))
        if kind & 0x80000000:
            raise Exception(f"reply {kind & 0xFFFF}")
    return name


def tap(name):
    """TUNSETIFF with IFF_TAP | IFF_NO_PI | IFF_VNET_HDR."""
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, 0x400454CA, struct.pack("16sH22x", name.encode(), 0x5002))
    return name


def threads():
    """Until the kernel refuses one more."""
    children = []
    try:
        while len(children) < 5000:
            child = os.fork()
            if child == 0:
                signal_wait()
            children.append(child)
        return len(children)
    finally:
        for child in children:
            os.kill(child, 9)
        for child in children:
            os.waitpid(child, 0)


def strangers():
    """Names outside of /usr and of what was given to it. Folders that lead there are empty but for that."""
    own = ["/etc/ld.so.cache", "/dev/null", "/dev/urandom", "/dev/net/tun", *facts["given"]]
    found = []
    for folder, folders, files in os.walk("/"):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in ["/usr", *own]]
        found += [path for name in files if (path := os.path.join(folder, name)) not in own]
        leads = any(path.startswith(os.path.join(folder, "")) for path in own)
        found += [] if leads else [folder]
    links = [path for path in found if os.path.islink(path)]
    found = [path for path in found if path not in links]
    if not found:
        raise OSError(errno.ENOENT, "nothing found")
    return found


def signal_wait():
    while True:
        libc.pause()


def memory():
    """Touches more than the machine may have, in a child that the kernel may kill."""
    child = os.fork()
    if child == 0:
        held = []
        for _ in range(facts["memoryMiB"]):
            held.append(bytearray(os.urandom(1)) * 1048576)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        raise OSError(errno.ENOMEM, "killed")
    return f"{facts['memoryMiB']} MiB"


for label, path in facts["files"].items():
    attempt(f"read {label}", lambda: read(path))
for label, path in facts["sockets"].items():
    attempt(f"connect to {label}", lambda: connect(path))
for path in ["/home", "/root", "/var", "/proc", "/sys", "/boot"]:
    attempt(f"list {path}", lambda: os.listdir(path))
attempt("find a file that is not of /usr or its own", strangers)
for label, path in facts["folders"].items():
    attempt(f"list {label}", lambda: os.listdir(path))
    attempt(f"create a file in {label}", lambda: write(f"{path}/created"))
for path in ["/created", "/usr/created", "/etc/created", "/dev/created"]:
    attempt(f"write {path}", lambda: write(path))
for label, name in facts["exports"].items():
    attempt(f"open {label}", lambda: export(name))

for label, pid in facts["processes"].items():
    attempt(f"signal {label}", lambda: os.kill(pid, 0))
    attempt(f"trace {label}", lambda: call("ptrace", 16, pid, None, None))
attempt("signal every process", lambda: os.kill(-1, 0))

attempt("mount", lambda: call("mount", b"none", b"/usr", b"tmpfs", 0, None))
attempt("unmount", lambda: call("umount2", b"/usr", 2))
attempt("change the root", lambda: call("chroot", b"/usr"))
attempt("become root", lambda: os.setuid(0))
attempt("create a user namespace", lambda: call("unshare", 0x10000000))
attempt("create a mount namespace", lambda: call("unshare", 0x00020000))
attempt("clone into a user namespace", lambda: call("syscall", 56, 0x10000000 | 17, 0, 0, 0, 0))
attempt("create a device", lambda: os.mknod("/dev/shm", 0o020666, os.makedev(1, 1)))
attempt("load a BPF program", lambda: call("syscall", 321, 0, 0, 0))
attempt("use the kernel's keys", lambda: call("syscall", 250, 0, 0, 0))
attempt("use io_uring", lambda: call("syscall", 425, 1, 0))
attempt("set the clock", lambda: call("settimeofday", ctypes.create_string_buffer(16), None))
for path in facts["devices"]:
    attempt(f"open {path}", lambda: read(path))

for label, address in facts["tcp"].items():
    attempt(f"connect to {label}", lambda: reach(socket.SOCK_STREAM, address))
for label, address in facts["udp"].items():
    attempt(f"ask {label}", lambda: reach(socket.SOCK_DGRAM, address))
attempt("open a raw socket", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close())
for label, name in facts["taps"].items():
    attempt(f"attach to {label}", lambda: tap(name))

attempt("start threads without end", threads)
if facts["memoryMiB"] > 0:
    attempt("take memory without end", memory)

print(json.dumps(results))
