"""Sends without end, as fast as it can: datagrams from many ports, or first packets of connections, each from a port of
its own. Prints "ready" after the first.

Usage: flood.py udp|tcp ADDRESS PORT, or flood.py dhcp ADDRESS PORT MAC COUNT, which ends with "sent".
"""
import itertools
import socket
import sys

protocol, target = sys.argv[1], (sys.argv[2], int(sys.argv[3]))
# Each is an entry in the VPC's connection table.
ports = 1 if protocol == "dhcp" else 512
sockets = itertools.cycle([socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(ports)])


if protocol == "dhcp":
    # Its hardware address is at byte 28.
    request = bytes(28) + bytes.fromhex(sys.argv[4].replace(":", "")) + bytes(266)
    print("ready", flush=True)
    for _ in range(int(sys.argv[5])):
        next(sockets).sendto(request, target)
    print("sent", flush=True)
    sys.exit()


def send():
    if protocol == "udp":
        next(sockets).sendto(b"flood" * 10, target)
        return
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream:
        stream.setblocking(False)
        stream.connect_ex(target)


send()
print("ready", flush=True)
while True:
    try:
        send()
    except OSError:
        pass
