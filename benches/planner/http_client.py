"""A client of a server over HTTP, on one connection that is kept alive, and how long the server was at it."""

import os
import socket


class Client:
    def __init__(self, address, pid):
        host, port = address.removeprefix("http://").split(":")
        self.at, self.host, self.pid = (host, int(port)), host, pid
        self.buffer = memoryview(bytearray(1 << 20))
        self.connect()

    def connect(self):
        self.socket = socket.create_connection(self.at)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def received(self):
        length = self.socket.recv_into(self.buffer)
        if not length:
            raise SystemExit("the server closed the connection")
        return bytes(self.buffer[:length])

    def ask(self, request):
        """The body of the answer to the bytes of a request."""
        self.socket.sendall(request)
        answer = self.received()
        while b"\r\n\r\n" not in answer:
            answer += self.received()
        head, _, body = answer.partition(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
        parts, left = [body], int(fields.get(b"content-length", 0)) - len(body)
        while left:
            parts.append(self.received())
            left -= len(parts[-1])
        if head[9:12] not in (b"200", b"204"):
            raise SystemExit(f"{request[:300]}\n{b''.join(parts)[:600]}")
        return b"".join(parts)

    def on_core(self):
        """Nanoseconds that all threads of the server have been on a core."""
        total = 0
        for thread in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{thread}/schedstat") as file:
                total += int(file.read().split()[0])
        return total
