"""hear.py FILE: appends `SOURCE TEXT` to FILE for each ping that arrives, with the text that it carries."""

import socket
import sys

ECHO_REQUEST = 8
with open(sys.argv[1], "w", buffering=1) as heard:
    channel = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    heard.write("listening\n")
    while True:
        packet, (source, _) = channel.recvfrom(2048)
        message = packet[(packet[0] & 15) * 4 :]
        if message[0] == ECHO_REQUEST:
            heard.write(source + " " + message[8:].decode("ascii", "replace") + "\n")
