"""Two clients that ask and edit, and how long a server was at it: HTTP over one connection that is kept alive, and
prepared statements of PostgreSQL over another, both TCP on one machine. What is timed ends when all bytes have
been received; neither answer is decoded meanwhile."""

import json

import psycopg
from http_client import Client
from psycopg import pq


# A text that is changed of the first feature of a collection; no answer is compared by it.
TEXTS = {
    "points": "note",
    "parcels": "ZL",
    "buildings": "JZWMC",
    "villages": "XZQMC",
    "outlets": "code",
    "complaints": "category",
    "land_releases": "code",
    "enterprises": "code",
    "admin_units": "name",
    "towns": "XZQMC",
}


class Tuban(Client):
    def __init__(self, address, pid):
        super().__init__(address, pid)
        self.edits = 0

    def prepared(self, asked):
        """Bytes of a request: a path, or a path and a body."""
        path, body = asked if isinstance(asked, tuple) else (asked, None)
        head = f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nHost: {self.host}\r\n"
        sent = b"" if body is None else json.dumps(body).encode()
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n"
        else:
            head += "Accept: application/geo+json, application/json\r\n"
        return (head + "\r\n").encode() + sent

    def edit(self, collection):
        """Changes a text of a collection: another state of the store is the current one."""
        # The server lets go of connections on which nothing was asked for some seconds.
        self.socket.close()
        self.connect()
        self.edits += 1
        body = json.dumps({"properties": {TEXTS[collection]: f"edit {self.edits}"}}).encode()
        head = f"PATCH /collections/{collection}/items/1 HTTP/1.1\r\nHost: {self.host}\r\n"
        head += f"Content-Type: application/merge-patch+json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.ask(head.encode() + body)


class PostGIS:
    def __init__(self, host):
        self.connection = psycopg.connect(f"host={host} user=postgres dbname=postgres", autocommit=True)
        self.raw = self.connection.pgconn
        self.pid = self.connection.info.backend_pid
        self.names = {}
        self.edits = 0

    def prepared(self, asked):
        """Name and parameters of a prepared statement; its parameters are texts."""
        sql, *values = asked if isinstance(asked, tuple) else (asked,)
        name = self.names.get(sql)
        if name is None:
            name = self.names[sql] = f"q{len(self.names)}".encode()
            self.checked(self.raw.prepare(name, sql.encode()))
        return name, [str(value).encode() for value in values]

    def edit(self, collection):
        """Changes the text that ours has changed, in the table that was made of the collection."""
        self.edits += 1
        self.connection.execute(
            f"update {collection} set {TEXTS[collection].lower()} = 'edit {self.edits}' where fid = 1"
        )

    def checked(self, result):
        if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            raise SystemExit(result.error_message.decode())
        return result

    def ask(self, request):
        return self.checked(self.raw.exec_prepared(*request))

    @staticmethod
    def rows(result):
        return [
            [None if cell is None else cell.decode() for cell in (result.get_value(row, at) for at in range(result.nfields))]
            for row in range(result.ntuples)
        ]

    def on_core(self):
        with open(f"/proc/{self.pid}/schedstat") as file:
            return int(file.read().split()[0])
