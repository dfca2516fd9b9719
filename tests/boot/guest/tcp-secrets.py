"""What the kernel's TCP secrets give for two connections that are the same in every guest: from ports 45001 and 45002 to
45000 of a new network namespace's loopback. Prints, free of the clocks, the sequence number of the first packet of each,
and the timestamp of the last."""
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


def first_packet(port):
    """Of a connection from this port: its sequence number and its timestamp, free of the clocks."""
    with socket.socket() as client:
        client.bind(("127.0.0.1", port))
        real, uptime = time.clock_gettime_ns(time.CLOCK_REALTIME), time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        client.connect(("127.0.0.1", 45000))
        while True:
            packet = packets.recv(2048)
            if packet[9] != 6:
                continue
            tcp = packet[(packet[0] & 15) * 4 :]
            if struct.unpack("!H", tcp[:2])[0] == port and tcp[13] == 2:
                break
    sequence = struct.unpack("!I", tcp[4:8])[0]
    # net/core/secure_seq.c adds the time in units of 64 ns; a timestamp counts milliseconds.
    return (sequence - (real >> 6)) % 2**32, (timestamp(tcp) - uptime // 1_000_000) % 2**32


def timestamp(tcp):
    options = tcp[20 : (tcp[12] >> 4) * 4]
    at = 0
    while at < len(options) and options[at] != 0:
        if options[at] == 1:
            at += 1
            continue
        if options[at] == 8:
            return struct.unpack("!I", options[at + 2 : at + 6])[0]
        at += options[at + 1]
    return 0


(one, _), (other, stamp) = first_packet(45001), first_packet(45002)
print(one, other, stamp)
