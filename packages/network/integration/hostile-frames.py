"""What a root user of a guest puts on its wire, and where it is seen.

send INTERFACE KEY=VALUE...: reads the names of attempts from standard input, one a line, and sends each with its name
in it. Prints "sent". listen INTERFACE...: prints the names of attempts in the frames that come in there. A name may be the beginning of one.
"""
import re
import socket
import struct
import sys

MARK = re.compile(rb"\[\[([^\]]*)\]\]")
ALL = 0x0003


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def ipv4(source, target, payload, protocol=17):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0x4242, 0, 64, protocol, 0)
    head += socket.inet_aton(source) + socket.inet_aton(target)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def udp(payload, source_port=4000, target_port=9):
    return struct.pack("!HHHH", source_port, target_port, 8 + len(payload), 0) + payload


def ipv6(payload, protocol, target="ff02::1", source="fe80::1234"):
    head = struct.pack("!IHBB", 0x60000000, len(payload), protocol, 255)
    return head + socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, target) + payload


def icmp6(kind, body):
    return struct.pack("!BBH", kind, 0, 0) + body


def frames(k, name):
    """The frames of an attempt. `k` has own, bob, router (MACs: own_mac, bob_mac, router_mac), and other addresses."""
    text = b"[[" + name.encode() + b"]]"
    everyone = "ff:ff:ff:ff:ff:ff"

    def ether(payload, kind=0x0800, source=None, target=None, tags=()):
        head = mac(target or k["router_mac"]) + mac(source or k["own_mac"])
        for protocol, tag in tags:
            head += struct.pack("!HH", protocol, tag)
        return head + struct.pack("!H", kind) + payload

    plain = ipv4(k["own"], k["bob"], udp(text))
    six = lambda kind, body, target=None: ether(ipv6(icmp6(kind, body + text), 58), 0x86DD, target=target or "33:33:00:00:00:01")
    attempts = {
        "its own address (a control)": lambda: [ether(plain)],
        "the last to bob": lambda: [ether(plain)],
        "to the public address of another VPC (a control)": lambda: [ether(ipv4(k["own"], k["twin_transit"], udp(text)))],
        "the last to the twin": lambda: [ether(ipv4(k["own"], k["twin_transit"], udp(text)))],
        "the last to the host": lambda: [ether(text.ljust(50), 0x88B5, target=everyone)],
        "priority tag, VLAN 0 (a control: no VLAN)": lambda: [ether(plain, tags=[(0x8100, 0)])],
        "VLAN 1": lambda: [ether(plain, tags=[(0x8100, 1)])],
        "VLAN 100 within VLAN 1": lambda: [ether(plain, tags=[(0x88A8, 1), (0x8100, 100)])],
        "VLAN 1 with another's address": lambda: [ether(ipv4(k["bob"], k["bob"], udp(text)), tags=[(0x8100, 1)])],
        "straight to the other's MAC": lambda: [ether(plain, target=k["bob_mac"])],
        "as broadcast": lambda: [ether(plain, target=everyone), ether(ipv4(k["own"], "255.255.255.255", udp(text)), target=everyone)],
        "as multicast": lambda: [ether(ipv4(k["own"], "224.0.0.251", udp(text)), target="01:00:5e:00:00:fb")],
        "another's MAC": lambda: [ether(plain, source=k["bob_mac"])],
        "another's address": lambda: [ether(ipv4(k["other"], k["bob"], udp(text)))],
        "another's address and MAC": lambda: [ether(ipv4(k["other"], k["bob"], udp(text)), source=k["other_mac"])],
        "the router's address": lambda: [ether(ipv4(k["router"], k["bob"], udp(text)))],
        "an address of the world": lambda: [ether(ipv4("203.0.113.7", k["bob"], udp(text)))],
        "127.0.0.1": lambda: [ether(ipv4("127.0.0.1", k["bob"], udp(text)))],
        "its own public address on the wire": lambda: [ether(ipv4(k["own_transit"], k["bob"], udp(text)))],
        "IPv6 router advertisement": lambda: [six(134, struct.pack("!BBHII", 64, 0, 1800, 0, 0))],
        "IPv6 neighbour solicitation": lambda: [six(135, b"\0" * 4 + socket.inet_pton(socket.AF_INET6, "fe80::1"))],
        "IPv6 neighbour advertisement": lambda: [six(136, b"\x20\0\0\0" + socket.inet_pton(socket.AF_INET6, "fe80::1"))],
        "IPv6 UDP to the other": lambda: [ether(ipv6(udp(text), 17, "fd00::11"), 0x86DD, target=t) for t in (k["bob_mac"], k["router_mac"])],
        "IPv6 DHCP reply": lambda: [ether(ipv6(udp(text, 547, 546), 17), 0x86DD, target="33:33:00:01:00:02")],
        "IPv6 within IPv4": lambda: [ether(ipv4(k["own"], k["bob"], ipv6(udp(text), 17, "fd00::11"), protocol=41), source=k["bob_mac"])],
        "an unknown protocol": lambda: [ether(text.ljust(50), 0x88B5, target=everyone), ether(text.ljust(50), 0x88B5, target=k["bob_mac"])],
        "LLDP and spanning tree": lambda: [ether(text.ljust(50), 0x88CC, target="01:80:c2:00:00:0e"), ether(text.ljust(50), 50, target="01:80:c2:00:00:00")],
        "a DHCP server's reply": lambda: [ether(ipv4(k["own"], k["bob"], udp(text, 67, 68))), ether(ipv4(k["own"], "255.255.255.255", udp(text, 67, 68)), target=everyone)],
        "to the other VPC's guest by its private address": lambda: [ether(ipv4(k["own"], k["twin_only"], udp(text)))],
        "to the host's end of the link": lambda: [ether(ipv4(k["own"], k["host"], udp(text)))],
        "to the router's end of the link": lambda: [ether(ipv4(k["own"], k["namespace"], udp(text)))],
        "to the router's address for VPCs": lambda: [ether(ipv4(k["own"], "169.254.127.254", udp(text)))],
        "to another VPC's link": lambda: [ether(ipv4(k["own"], "169.254.0.2", udp(text)))],
        "to another guest as metadata knows it": lambda: [ether(ipv4(k["own"], k["twin_number"], udp(text)))],
        "to another port of the metadata address": lambda: [ether(ipv4(k["own"], "169.254.169.254", udp(text, target_port=81)))],
        "to metadata as another": lambda: [ether(ipv4(k["other"], "169.254.169.254", udp(text, target_port=80)))],
        "to the host's 127.0.0.1": lambda: [ether(ipv4(k["own"], "127.0.0.1", udp(text)))],
    }
    return attempts[name]()


def send(interface, *pairs):
    keys = dict(pair.split("=", 1) for pair in pairs)
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    raw.bind((interface, 0))
    for line in sys.stdin:
        for frame in frames(keys, line.rstrip("\n")):
            raw.send(frame)
        print("sent", flush=True)


def listen(*interfaces):
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL))
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    print("ready", flush=True)
    while True:
        frame, (interface, _, kind, *_) = raw.recvfrom(4096)
        if kind != socket.PACKET_OUTGOING and any(interface.startswith(each) for each in interfaces):
            for name in MARK.findall(frame):
                print(name.decode(), flush=True)


{"send": send, "listen": listen}[sys.argv[1]](*sys.argv[2:])
