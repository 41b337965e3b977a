"""A private redis-server on a unix socket and loopback ports, and a client of a few lines."""
import os
import re
import signal
import socket

from processes import Process, free_port, remove_directory, temporary_directory


class RedisError(Exception):
    """An error reply."""


class RedisServer:
    """With `tls` (certificates.Certificates) it has a TLS port, too, which by default wants
    certificates of clients; `plain=False` closes the other. `binary` may be a valkey-server."""

    ready = "[Rr]eady to accept connections"

    def __init__(self, *options, prefix=(), bind="127.0.0.1", env=None, port=None,
                 binary="redis-server", tls=None, pair=None, auth_clients=True, plain=True,
                 password=None):
        self.directory = temporary_directory("redis")
        self.socket = os.path.join(self.directory, "redis.sock")
        self.port = port or free_port()
        self.tls_port = free_port() if tls else None
        self.options = list(options)
        if tls:
            self.options += _tls_options(self.tls_port, tls, pair or tls.server, auth_clients)
        self.plain = plain
        self.prefix = prefix
        self.bind = bind
        self.env = env
        self.binary = binary
        self.password = password  # of the default user, for command()
        self.process = None
        self.frozen = False
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def tls_url(self):
        return f"rediss://127.0.0.1:{self.tls_port}/0"

    @property
    def unix_url(self):
        return f"unix:{self.socket}?db=0"

    def start(self):
        """Also a second time, after kill(): the same addresses, no data."""
        self.frozen = False
        self.process = Process(f"redis:{self.address[1]}", self.arguments(), prefix=self.prefix,
                               env=self.env)
        self.process.wait_line(self.ready)

    def arguments(self):
        return [self.binary, "--port", str(self.port if self.plain else 0), "--bind", self.bind,
                "--unixsocket", self.socket, "--save", "", "--appendonly", "no",
                "--dir", self.directory, "--protected-mode", "no", *self.options]

    @property
    def address(self):
        """Where clients and other servers reach it."""
        return ("127.0.0.1", self.port if self.plain else self.tls_port)

    def present(self, pair):
        """Other certificate for new connections."""
        self.command("CONFIG", "SET", "tls-cert-file", pair.cert, "tls-key-file", pair.key)

    def kill(self):
        self.process.kill()

    def freeze(self):
        self.frozen = True
        self.process.signal(signal.SIGSTOP)

    def thaw(self):
        self.process.signal(signal.SIGCONT)
        self.frozen = False

    def answers(self):
        return self.process.alive() and not self.frozen

    def stop(self):
        self.process.kill()
        remove_directory(self.directory)

    def command(self, *words):
        """One command on a connection of its own; an error reply is raised."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(5)
            link.connect(self.socket)
            with link.makefile("rb") as replies:
                if self.password:
                    link.sendall(encoded(("AUTH", self.password)))
                    decoded(replies)
                link.sendall(encoded(words))
                return decoded(replies)

    def info(self, section):
        """INFO of one section as a dictionary."""
        lines = self.command("INFO", section).splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)


def _tls_options(port, tls, pair, auth_clients):
    return ["--tls-port", str(port), "--tls-cert-file", pair.cert, "--tls-key-file", pair.key,
            "--tls-ca-cert-file", tls.ca.cert, "--tls-auth-clients", "yes" if auth_clients else "no"]


def documented_user(password):
    """What follows ACL SETUSER in docs/redis.md for the user of elections."""
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "..", "..", "docs", "redis.md"), encoding="utf-8") as file:
        line = re.search(r"^(?:redis-cli )?ACL SETUSER (.*)$", file.read(), re.M).group(1)
    return [word.replace("CHANGE-ME", password) for word in line.split()]


def encoded(words):
    parts = [str(word).encode() if not isinstance(word, bytes) else word for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)


def decoded(stream):
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
        return None if rest == b"-1" else [decoded(stream) for _ in range(int(rest))]
    raise RedisError(f"no RESP: {line!r}")
