"""Requests to a server, sent ahead of their answers on a few connections that are kept alive."""

import json
import socket

# Requests that are under way on one connection: far fewer bytes than a socket holds.
AHEAD = 32
CONNECTIONS = 2


class Answer:
    def __init__(self, head, body):
        self.head, self.body = head, body
        self.status = int(head[9:12])

    def field(self, name):
        lines = self.head.lower().split(b"\r\n")
        return next((line.partition(b": ")[2] for line in lines if line.startswith(name + b": ")), b"")


class Connection:
    def __init__(self, at):
        self.socket = socket.create_connection(at, timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.held = bytearray()

    def receive(self):
        part = self.socket.recv(1 << 18)
        if not part:
            raise ConnectionError("the server closed the connection")
        self.held += part

    def take(self, count):
        while len(self.held) < count:
            self.receive()
        part = bytes(self.held[:count])
        del self.held[:count]
        return part

    def take_until(self, end):
        while (at := self.held.find(end)) < 0:
            self.receive()
        return self.take(at + len(end))

    def answer(self):
        answer = Answer(self.take_until(b"\r\n\r\n"), b"")
        if answer.status in (204, 304):
            return answer
        if answer.field(b"transfer-encoding") != b"chunked":
            answer.body = self.take(int(answer.field(b"content-length")))
            return answer
        parts = []
        while size := int(self.take_until(b"\r\n"), 16):
            parts.append(self.take(size))
            self.take(2)
        self.take(2)
        answer.body = b"".join(parts)
        return answer


class Client:
    """Who asks: an account by its token, or nobody without one."""

    def __init__(self, address, token=""):
        host, _, port = address.rpartition(":")
        self.at = host, int(port)
        self.fields = f"Host: {address}\r\nAccept-Encoding: identity\r\n"
        self.fields += f"Authorization: Bearer {token}\r\n" if token else ""
        self.open = []

    def connections(self):
        while len(self.open) < CONNECTIONS:
            self.open.append(Connection(self.at))
        return self.open

    def close(self):
        for connection in self.open:
            connection.socket.close()
        self.open = []

    def send_batch(self, slot, batch):
        self.connections()[slot].socket.sendall(b"".join(self.request("GET", one) for one in batch))

    def request(self, method, target, body=b"", kind="application/json"):
        fields = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n" if body else ""
        return f"{method} {target} HTTP/1.1\r\n{self.fields}{fields}\r\n".encode() + body

    def all(self, targets):
        """Each target with its answer, in order."""
        self.close()
        targets = list(targets)
        batches = [targets[at : at + AHEAD] for at in range(0, len(targets), AHEAD)]
        for slot, batch in enumerate(batches[:CONNECTIONS]):
            self.send_batch(slot, batch)
        for number, batch in enumerate(batches):
            slot = number % CONNECTIONS
            for at, target in enumerate(batch):
                yield target, self.answer_of(slot, batch[at:])
            for later in batches[number + CONNECTIONS : number + CONNECTIONS + 1]:
                self.send_batch(slot, later)

    def answer_of(self, slot, left):
        """The answer to the first of the requests under way; the server ends connections that are silent."""
        try:
            return self.open[slot].answer()
        except ConnectionError:
            self.open[slot] = Connection(self.at)
            self.send_batch(slot, left)
            return self.open[slot].answer()

    def get(self, target):
        return self.send(self.request("GET", target))

    def send_json(self, method, target, body, kind="application/json"):
        return self.send(self.request(method, target, json.dumps(body).encode(), kind))

    def send(self, request):
        """One answer, on a connection of its own."""
        self.close()
        connection = self.connections()[0]
        connection.socket.sendall(request)
        return connection.answer()

    def stream(self, target, until):
        """What a stream of events says up to some bytes."""
        self.close()
        connection = self.connections()[0]
        connection.socket.sendall(self.request("GET", target))
        answer = Answer(connection.take_until(b"\r\n\r\n"), b"")
        answer.body = connection.take_until(until)
        self.close()
        return answer
