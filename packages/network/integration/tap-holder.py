"""Holds a tap device open in a namespace, as a machine does, and prints who is asked for by ARP.

Usage: tap-holder.py NAMESPACE DEVICE
"""
import ctypes
import fcntl
import os
import socket
import struct
import sys

namespace, device = sys.argv[1:]
with open("/run/netns/" + namespace) as place:
    # CLONE_NEWNET. Python has os.setns only from 3.12 on.
    if ctypes.CDLL(None).setns(place.fileno(), 0x40000000) != 0:
        sys.exit("cannot enter " + namespace)
tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, 0x400454CA, struct.pack("16sH", device.encode(), 0x0002 | 0x1000 | 0x4000))
print("ready", flush=True)
while True:
    try:
        frame = os.read(tap, 2048)[10:]
    except OSError:
        # The device was deleted.
        sys.exit()
    # Requests for the guest's address (ARP), as only they are sent to a guest that does not speak.
    if frame[12:14] == b"\x08\x06":
        print("asked for " + socket.inet_ntoa(frame[38:42]), flush=True)
