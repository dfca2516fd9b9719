"""Sends and receives for a guest of a test, and prints a line for everything that happens.

hear: prints each datagram. serve: echoes what it receives, after the sender's address, and sends its own input to
every open connection. connect: sends its input line by line and prints each reply; the line "listen" only waits for
one. ask: sends each line of its input over a TCP connection of its own and prints the reply. A fifth argument is the
source address of connect, or the user that serve becomes when it listens.
"""
import os
import selectors
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
    """Whether the connection is still open."""
    try:
        data = connection.recv(2048)
        if data:
            connection.sendall(peer[0].encode() + b" " + data)
        return len(data) > 0
    except OSError:
        return False


def broadcast():
    for line in sys.stdin:
        for connection in list(peers):
            connection.sendall(line.encode())
        say("sent")


def serve():
    sock.bind((address, port))
    if stream:
        sock.listen(511)
    if len(sys.argv) > 5:
        user = int(sys.argv[5])
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    threading.Thread(target=broadcast, daemon=True).start()
    say("ready")
    if stream:
        serve_streams()
    while True:
        data, peer = sock.recvfrom(2048)
        say("got " + peer[0])
        sock.sendto(peer[0].encode() + b" " + data, peer)


def serve_streams():
    """In one thread: a thread for each connection of a flood would be what a test measures."""
    readable = selectors.DefaultSelector()
    readable.register(sock, selectors.EVENT_READ)
    while True:
        for key, _ in readable.select():
            if key.fileobj is sock:
                connection, peer = sock.accept()
                peers.append(connection)
                readable.register(connection, selectors.EVENT_READ, peer)
            elif not answer(key.fileobj, key.data):
                readable.unregister(key.fileobj)
                peers.remove(key.fileobj)
                key.fileobj.close()


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


def ask():
    say("ready")
    for line in sys.stdin:
        try:
            with socket.create_connection((address, port), 3.0) as connection:
                connection.sendall(line.encode())
                say("heard " + connection.recv(2048).decode().strip())
        except OSError as error:
            say("failed " + type(error).__name__ + " " + str(error))


def hear():
    sock.bind((address, port))
    say("ready")
    while True:
        say("heard " + sock.recv(2048).decode())


{"serve": serve, "hear": hear, "connect": connect, "ask": ask}[kind]()
