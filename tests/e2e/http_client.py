"""HTTP over TCP and unix sockets, with the time of each question and answer on CLOCK_BOOTTIME."""
import http.client
import json
import socket

from processes import boottime_ms


class Answer:
    def __init__(self, status, headers, body, sent_ms):
        self.status = status
        self.headers = headers
        self.body = body
        self.sent_ms = sent_ms
        self.received_ms = boottime_ms()

    def json(self):
        return json.loads(self.body)

    def text(self):
        return self.body.decode()

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Client:
    """One kept connection. `address` is (host, port) or the path of a unix socket."""

    def __init__(self, address, timeout=10):
        self.address = address
        if isinstance(address, str):
            self.connection = _UnixConnection(address, timeout)
        else:
            self.connection = http.client.HTTPConnection(*address, timeout=timeout)

    def request(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        sent_ms = boottime_ms()
        try:
            self.connection.request(method, path, body=body, headers=headers)
        except (BrokenPipeError, ConnectionResetError):
            pass  # a body that is refused need not be read to its end; the answer is there
        reply = self.connection.getresponse()
        return Answer(reply.status, reply.headers, reply.read(), sent_ms)

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def close(self):
        self.connection.close()

    def hang_up(self):
        """Ends the connection from another thread: whoever reads from it gets an error at once."""
        if self.connection.sock is not None:
            try:
                self.connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def request(address, method, path, body=None, headers=None, timeout=10):
    """One question on a connection of its own."""
    client = Client(address, timeout)
    try:
        return client.request(method, path, body, headers)
    finally:
        client.close()


def raw(address, data, timeout=10):
    """Sends bytes as they are and reads until the other side closes."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as link:
        link.settimeout(timeout)
        link.connect(address)
        link.sendall(data)
        answer = b""
        while chunk := link.recv(65536):
            answer += chunk
        return answer
