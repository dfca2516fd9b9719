"""shout.py TARGET OTHER: pings TARGET by frames of its own making: as itself, then as others, then as itself again.

OTHER is an address that is not this guest's. Each ping carries the text that says what was wrong with it.
"""

import fcntl
import socket
import struct
import sys

INTERFACE = "eth0"
SIOCGIFADDR = 0x8915
SIOCGIFHWADDR = 0x8927
target, other = sys.argv[1:]


def ask_interface(request):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        return fcntl.ioctl(channel, request, struct.pack("256s", INTERFACE.encode()))


def hardware_address_of(address):
    with open("/proc/net/arp") as table:
        for row in table:
            fields = row.split()
            if fields[0] == address and fields[2] == "0x2":
                return bytes.fromhex(fields[3].replace(":", ""))
    sys.exit("nothing is known of " + address)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def ping(source, text):
    message = struct.pack("!BBHHH", 8, 0, 0, 7, 7) + text
    message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
    addresses = socket.inet_aton(source) + socket.inet_aton(target)
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(message), 7, 0, 64, 1, 0) + addresses
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + message


def claim(hardware_address, address):
    """An answer that nobody asked for: ADDRESS is at this HARDWARE ADDRESS."""
    who = hardware_address + socket.inet_aton(address)
    return struct.pack("!HHBBH", 1, 0x0800, 6, 4, 2) + who + who


own_address = socket.inet_ntoa(ask_interface(SIOCGIFADDR)[20:24])
own_hardware = ask_interface(SIOCGIFHWADDR)[18:24]
other_hardware = own_hardware[:5] + bytes([own_hardware[5] ^ 1])
router = hardware_address_of(target)
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind((INTERFACE, 0))


def send(hardware, kind, body):
    link.send(router + hardware + struct.pack("!H", kind) + body)


send(own_hardware, 0x0800, ping(own_address, b"honest"))
send(own_hardware, 0x0800, ping(other, b"address of another"))
send(other_hardware, 0x0800, ping(own_address, b"hardware address of another"))
send(own_hardware, 0x0806, claim(own_hardware, other))
send(own_hardware, 0x0806, claim(own_hardware, target))
send(own_hardware, 0x0800, ping(own_address, b"honest again"))
