"""What the kernel's TCP secrets give for a connection that is the same in every guest: from port 45001 to 45000 of a new
network namespace's loopback. Prints, free of the clocks, the sequence number and the timestamp of its first packet."""
import ctypes
import socket
import struct
import time

CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3

if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
    raise OSError(ctypes.get_errno(), "unshare")

import subprocess

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
packets.bind(("lo", 0))
server = socket.create_server(("127.0.0.1", 45000))
client = socket.socket()
client.bind(("127.0.0.1", 45001))
real, uptime = time.clock_gettime_ns(time.CLOCK_REALTIME), time.clock_gettime_ns(time.CLOCK_MONOTONIC)
client.connect(("127.0.0.1", 45000))
while True:
    packet = packets.recv(2048)
    if packet[9] != 6:
        continue
    tcp = packet[(packet[0] & 15) * 4 :]
    if struct.unpack("!H", tcp[:2])[0] == 45001 and tcp[13] == 2:
        break
sequence = struct.unpack("!I", tcp[4:8])[0]
options = tcp[20 : (tcp[12] >> 4) * 4]
stamp = 0
at = 0
while at < len(options) and options[at] != 0:
    if options[at] == 1:
        at += 1
        continue
    if options[at] == 8:
        stamp = struct.unpack("!I", options[at + 2 : at + 6])[0]
    at += options[at + 1]
# net/core/secure_seq.c adds the time in units of 64 ns; a timestamp counts milliseconds.
print((sequence - (real >> 6)) % 2**32, (stamp - uptime // 1_000_000) % 2**32)
