"""Sends frames that only a hostile guest would send.

Usage: raw-frames.py arp MAC IP | discover CHADDR | fragment SOURCE-MAC ROUTER-MAC SOURCE TARGET OFFSET TEXT...
       | asked-in-parts CHADDR SOURCE-MAC SOURCE
"""
import socket
import struct
import sys

kind = sys.argv[1]


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def claim(sender, address):
    """A gratuitous ARP reply, and a request, that claim an address."""
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    raw.bind(("eth0", 0))
    for operation in (1, 2):
        body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation)
        body += mac(sender) + socket.inet_aton(address) + mac("ff:ff:ff:ff:ff:ff") + socket.inet_aton(address)
        raw.send(mac("ff:ff:ff:ff:ff:ff") + mac(sender) + struct.pack("!H", 0x0806) + body)


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def send_part(ethernet, source, target, offset, part, last):
    """One fragment of a UDP datagram of identity 0x4242."""
    flags = (0 if last else 0x2000) | offset // 8
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(part), 0x4242, flags, 64, 17, 0)
    head += socket.inet_aton(source) + socket.inet_aton(target)
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    raw.bind(("eth0", 0))
    raw.send(ethernet + b"\x08\x00" + head + part)


def fragment(sender, router, source, target, offset, text):
    """The head of a datagram from port 4000 to port 9 with sixteen bytes, or what follows its first eight bytes."""
    offset = int(offset)
    head = struct.pack("!HHHH", 4000, 9, 8 + 16, 0) if offset == 0 else b""
    send_part(mac(router) + mac(sender), source, target, offset, head + text.encode(), offset > 0)


def discovery(client):
    head = struct.pack("!BBBBIHH", 1, 1, 6, 0, 0x1234, 0, 0x8000) + bytes(16)
    packet = head + mac(client) + bytes(10 + 64 + 128) + mac("63:82:53:63") + bytes([53, 1, 1, 255])
    return packet.ljust(304, b"\0")


def client_socket():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
    sock.bind(("0.0.0.0", 68))
    sock.settimeout(1.0)
    return sock


def print_offer(sock):
    try:
        reply = sock.recv(2048)
        print("offer " + socket.inet_ntoa(reply[16:20]))
    except TimeoutError:
        print("silence")


def discover(client):
    """A DHCPDISCOVER for this hardware address. Prints whether an offer came within a second."""
    sock = client_socket()
    sock.sendto(discovery(client), ("255.255.255.255", 67))
    print_offer(sock)


def asked_in_parts(client, sender, source):
    """The same in two fragments, from an address. The second one holds the hardware address of the request."""
    sock = client_socket()
    packet = discovery(client)
    packet = struct.pack("!HHHH", 68, 67, 8 + len(packet), 0) + packet
    ethernet = mac("ff:ff:ff:ff:ff:ff") + mac(sender)
    send_part(ethernet, source, "255.255.255.255", 0, packet[:32], False)
    send_part(ethernet, source, "255.255.255.255", 32, packet[32:], True)
    print_offer(sock)


programs = {"arp": claim, "discover": discover, "fragment": fragment, "asked-in-parts": asked_in_parts}
programs[kind](*sys.argv[2:])
