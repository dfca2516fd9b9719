"""Sends without end, as fast as it can: datagrams, or first packets of connections. Prints "ready" after the first.

Usage: flood.py udp|tcp ADDRESS PORT
"""
import socket
import sys

protocol, target = sys.argv[1], (sys.argv[2], int(sys.argv[3]))
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def send():
    if protocol == "udp":
        datagrams.sendto(b"flood" * 10, target)
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
