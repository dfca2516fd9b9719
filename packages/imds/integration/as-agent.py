"""Reads and writes files as a compromised agent could: with its user, its mounts and its folder. Usage: as-agent.py PID

Takes lines `read PATH`, `list PATH`, `write PATH`, and prints the result of each.
"""
import ctypes
import os
import re
import sys

pid = sys.argv[1]
status = open(f"/proc/{pid}/status").read()
user = int(re.search(r"^Uid:\s+(\d+)", status, re.M).group(1))
group = int(re.search(r"^Gid:\s+(\d+)", status, re.M).group(1))
mounts = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
folder = os.open(f"/proc/{pid}/cwd", os.O_RDONLY)
lines = sys.stdin.read().splitlines()
if ctypes.CDLL(None, use_errno=True).setns(mounts, 0) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
os.fchdir(folder)
os.setgroups([])
os.setgid(group)
os.setuid(user)


def write(path):
    with open(path, "r+") as file:
        file.write("x")
    return "done"


actions = {"read": lambda path: open(path).read(), "list": lambda path: " ".join(os.listdir(path)), "write": write}
for line in lines:
    action, path = line.split(" ", 1)
    try:
        print(f"{line}: {actions[action](path)}")
    except OSError as error:
        print(f"{line}: {type(error).__name__}")
