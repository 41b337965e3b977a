"""A private redis-server on a unix socket and a loopback port, and a client of a few lines."""
import os
import signal
import socket

from processes import Process, free_port, remove_directory, temporary_directory


class RedisError(Exception):
    """An error reply."""


class RedisServer:
    def __init__(self, *options, prefix=(), bind="127.0.0.1", env=None, port=None):
        self.directory = temporary_directory("redis")
        self.socket = os.path.join(self.directory, "redis.sock")
        self.port = port or free_port()
        self.options = list(options)
        self.prefix = prefix
        self.bind = bind
        self.env = env
        self.process = None
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def unix_url(self):
        return f"unix:{self.socket}?db=0"

    def start(self):
        """Also a second time, after kill(): the same addresses, no data."""
        self.process = Process(
            f"redis:{self.port}",
            ["redis-server", "--port", str(self.port), "--bind", self.bind,
             "--unixsocket", self.socket, "--save", "", "--appendonly", "no",
             "--dir", self.directory, "--protected-mode", "no", *self.options],
            prefix=self.prefix, env=self.env)
        self.process.wait_line("Ready to accept connections|ready to accept connections")

    def kill(self):
        self.process.kill()

    def freeze(self):
        self.process.signal(signal.SIGSTOP)

    def thaw(self):
        self.process.signal(signal.SIGCONT)

    def stop(self):
        self.process.kill()
        remove_directory(self.directory)

    def command(self, *words):
        """One command on a connection of its own; an error reply is raised."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(5)
            link.connect(self.socket)
            link.sendall(_encoded(words))
            with link.makefile("rb") as replies:
                return _decoded(replies)


def _encoded(words):
    parts = [str(word).encode() if not isinstance(word, bytes) else word for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)


def _decoded(stream):
    line = stream.readline()
    kind, rest = line[:1], line[1:].rstrip(b"\r\n")
    if kind == b"-":
        raise RedisError(rest.decode())
    if kind == b"+":
        return rest.decode()
    if kind == b":":
        return int(rest)
    if kind == b"$":
        if rest == b"-1":
            return None
        text = stream.read(int(rest) + 2)[:-2]
        return text.decode(errors="replace")
    if kind == b"*":
        return None if rest == b"-1" else [_decoded(stream) for _ in range(int(rest))]
    raise RedisError(f"no RESP: {line!r}")
