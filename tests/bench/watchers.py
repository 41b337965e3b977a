#!/usr/bin/env python3
"""Many waiting clients: how soon the last one hears of a change, and what they cost.

usage: watchers.py [--watchers 10000] [--streams 200] [--rounds 5] [--check] [--json FILE]

Opens that many /watch calls and event streams on one leading daemon, makes a change, and takes the
time until the last has it; then the same again. `--check` is for tests: few of them, and no figure
is judged, only that each client hears of each change and the lease stays ours.
"""
import argparse
import os
import resource
import select
import socket
import statistics
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from daemon import Daemon  # noqa: E402
import report  # noqa: E402
from redis_server import RedisServer  # noqa: E402


class Crowd:
    """Sockets that wait for bytes; counts who has got some since the last `begin`."""

    def __init__(self, address):
        self.address = address
        self.epoll = select.epoll()
        self.sockets = {}

    def add(self, count, headers):
        """Each asks as soon as it is connected, as clients do: idle connections are limited."""
        question = b"GET /watch HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n"
        for _ in range(count):
            link = socket.create_connection(self.address)
            link.sendall(question)
            link.recv(1)
            link.setblocking(False)
            self.epoll.register(link, select.EPOLLIN | select.EPOLLRDHUP)
            self.sockets[link.fileno()] = (link, headers)

    def ask(self, cursor):
        request = f"GET /watch?since={cursor} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        for link, headers in self.sockets.values():
            if not headers:
                link.sendall(request)

    def hear(self, wanted, word, timeout=60):
        """Until `wanted` sockets have sent `word`; returns when the last did."""
        told, parts, end = set(), {}, time.monotonic() + timeout
        while len(told) < wanted and time.monotonic() < end:
            for fd, _ in self.epoll.poll(0.5):
                try:
                    piece = self.sockets[fd][0].recv(65536)
                except BlockingIOError:
                    continue
                parts[fd] = parts.get(fd, b"")[-200:] + piece
                if word in parts[fd]:
                    told.add(fd)
        if len(told) < wanted:
            raise SystemExit(f"only {len(told)} of {wanted} clients heard of the change")
        return time.monotonic()

    def drain(self):
        end = time.monotonic() + 5
        while (ready := self.epoll.poll(0.3)) and time.monotonic() < end:
            for fd, _ in ready:
                try:
                    if not self.sockets[fd][0].recv(1 << 20):
                        raise SystemExit("a connection was closed")
                except BlockingIOError:
                    pass


def rss(daemon):
    with open(f"/proc/{daemon.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def measure(daemon, arguments):
    address = daemon.tcp
    before = rss(daemon)
    crowd = Crowd(address)
    crowd.add(arguments.watchers, b"")
    crowd.add(arguments.streams, b"Accept: text/event-stream\r\n")
    times, lags = [], []
    for _ in range(arguments.rounds):
        crowd.drain()
        crowd.ask(daemon.status()["cursor"])
        daemon.wait_status(lambda s: daemon.metric("leaderd_http_watchers") >=
                           arguments.watchers + arguments.streams)
        waiting = rss(daemon)
        token = daemon.election()["fencing_token"]
        began = time.monotonic()
        daemon.post("/elections/demo/pause", {})
        times.append((crowd.hear(arguments.watchers + arguments.streams, b'"changed":true') - began) * 1000)
        daemon.post("/elections/demo/resume", {})
        daemon.wait_leader()
        assert daemon.election()["fencing_token"] > token
        lags.append(daemon.metric("leaderd_loop_lag_seconds") * 1000)
    return {"watchers": arguments.watchers, "streams": arguments.streams,
            "last_heard_ms": [round(t, 1) for t in times], "worst_timer_delay_ms": max(lags),
            "bytes_per_watcher": round((waiting - before) / (arguments.watchers + arguments.streams))}


def table(result):
    made = report.Table("watchers", ["waiting", "streams", "the last hears, ms: median", "max",
                                     "worst delay of a timer, ms", "memory for each, KB"])
    heard = result["last_heard_ms"]
    made.add(f"{result['watchers']:,}", result["streams"], f"{statistics.median(heard):.0f}", f"{max(heard):.0f}",
             f"{result['worst_timer_delay_ms']:.0f}", f"{result['bytes_per_watcher'] / 1000:.1f}")
    made.note("from the request that makes the change to the arrival at the last client; one program of one "
              "thread, in Python, hears for them all, and its time is part of this")
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--watchers", type=int, default=10000)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    wanted = arguments.watchers + arguments.streams + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, wanted * 2)), hard))
    server = RedisServer()
    daemon = Daemon("one", server.url, {"http": {"max_watchers": 20000}})
    try:
        daemon.bootstrap()
        daemon.wait_leader()
        result = measure(daemon, arguments)
        if arguments.check:
            print(f"{result['watchers']} watchers and {result['streams']} streams heard of every change")
        else:
            report.finish(arguments.json, [table(result)], result)
    finally:
        daemon.terminate()
        daemon.remove()
        server.stop()


if __name__ == "__main__":
    main()
