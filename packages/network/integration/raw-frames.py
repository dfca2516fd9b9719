"""Sends what an honest guest would not. Usage: raw-frames.py arp MAC IP | discover CHADDR | offer MAC"""
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


def discover(client):
    """A DHCPDISCOVER in the name of this hardware address; prints whether an offer came within a second."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
    sock.bind(("0.0.0.0", 68))
    sock.settimeout(1.0)
    head = struct.pack("!BBBBIHH", 1, 1, 6, 0, 0x1234, 0, 0x8000) + bytes(16)
    packet = head + mac(client) + bytes(10 + 64 + 128) + mac("63:82:53:63") + bytes([53, 1, 1, 255])
    sock.sendto(packet.ljust(300, b"\0"), ("255.255.255.255", 67))
    try:
        reply = sock.recv(2048)
        print("offer " + socket.inet_ntoa(reply[16:20]))
    except TimeoutError:
        print("silence")


claim(sys.argv[2], sys.argv[3]) if kind == "arp" else discover(sys.argv[2])
