"""Sends and receives for a guest of a test, and prints a line for everything that happens.

hear: prints each datagram. serve: echoes what it receives, after the sender's address, and sends its own input to
every open connection. connect: sends its input line by line and prints each reply; the line "listen" only waits for
one. A fifth argument is the source address.
"""
import socket
import sys
import threading

kind, protocol, address, port = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
stream = protocol == "tcp"
sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
peers = []


def say(text):
    print(text, flush=True)


def answer(connection, peer):
    try:
        while data := connection.recv(2048):
            connection.sendall(peer[0].encode() + b" " + data)
    except OSError:
        pass


def broadcast():
    for line in sys.stdin:
        for connection in peers:
            connection.sendall(line.encode())
        say("sent")


def serve():
    sock.bind((address, port))
    if stream:
        sock.listen(8)
    threading.Thread(target=broadcast, daemon=True).start()
    say("ready")
    while True:
        if stream:
            connection, peer = sock.accept()
            peers.append(connection)
            threading.Thread(target=answer, args=(connection, peer), daemon=True).start()
        else:
            data, peer = sock.recvfrom(2048)
            say("got " + peer[0])
            sock.sendto(peer[0].encode() + b" " + data, peer)


def connect():
    sock.settimeout(1.0)
    try:
        if len(sys.argv) > 5:
            sock.bind((sys.argv[5], 0))
        sock.connect((address, port))
        say("connected")
        for line in sys.stdin:
            if line.strip() != "listen":
                sock.sendall(line.encode())
            say("heard " + sock.recv(2048).decode().strip())
    except OSError as error:
        say("failed " + type(error).__name__ + " " + str(error))


def hear():
    sock.bind((address, port))
    say("ready")
    while True:
        say("heard " + sock.recv(2048).decode())


{"serve": serve, "hear": hear, "connect": connect}[kind]()
