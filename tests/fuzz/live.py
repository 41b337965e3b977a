#!/usr/bin/env python3
"""Broken requests at a real daemon (best built with sanitizers): line, headers, query, body.

usage: live.py [--seconds 60] [--seed N]

Takes whole requests, breaks them in a place or two, and sends them in pieces of any size. The
daemon must answer with a status that HTTP knows, or close; it must live, lead, and be sound at the
end. The seed is printed: with it the same bytes are sent again.
"""
import argparse
import json
import os
import random
import re
import socket
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from daemon import Daemon  # noqa: E402

BODIES = [b"", b"{}", b'{"drain":"1s","reason":"x"}', b'{"if_fencing_token":42}', b'{"for":"10ms"}',
          b'{"sections":["clock"]}', b'{"hold_off":"\\u0000"}']
LINES = [b"GET /status?field=elections.demo.is_leader", b"GET /watch?since=0123456789abcdef.17&timeout=1ms",
         b"GET /leader?election=demo&min_remaining=500ms", b"GET /events?after=3&limit=10",
         b"GET /elections/demo?format=text", b"HEAD /metrics", b"OPTIONS /readyz",
         b"POST /elections/demo/step-down?wait=1ms", b"POST /elections/demo/pause",
         b"POST /elections/demo/resume", b"POST /diagnostics?section=clock", b"GET /diagnostics?section=options",
         b"GET /", b"POST /elections/d%65mo/released", b"PUT /config"]
HEADERS = [b"Accept: application/json;q=0.5, text/html", b"Accept: text/event-stream",
           b"Last-Event-ID: 0123456789abcdef.1", b"Origin: http://localhost", b"Sec-Fetch-Site: none",
           b"Authorization: Bearer x", b"Transfer-Encoding: chunked", b"Expect: 100-continue",
           b"Connection: close", b"Content-Type: application/json"]
BITS = [b"%00", b"%", b"\x00", b"\r\n", b"\xff\xfe", b"9" * 30, b"-1", b"&&", b"?", b"{" * 50,
        b'"' , b"A" * 3000, b"\r\n\r\n", b" ", b":", b"\xe2\x80\xae", b"1e999", b"\\ud800"]


def whole(noise):
    body = noise.choice(BODIES)
    lines = [noise.choice(LINES) + b" HTTP/1.1", b"Host: localhost",
             *noise.sample(HEADERS, noise.randrange(4))]
    if body:
        lines += [b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def broken(noise, request):
    for _ in range(noise.randrange(3)):
        at = noise.randrange(len(request) + 1)
        kind = noise.randrange(4)
        if kind == 0:
            request = request[:at] + noise.choice(BITS) + request[at:]
        elif kind == 1:
            request = request[:at] + request[at + noise.randrange(1, 20):]
        elif kind == 2 and request:
            at %= len(request)
            request = request[:at] + bytes([noise.randrange(256)]) + request[at + 1:]
        else:
            request += whole(noise)
    return request


def send(noise, address, request):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as link:
        link.settimeout(0.03)
        link.connect(address)
        answer = b""
        try:
            while request:
                size = noise.choice((1, 7, 100, 5000))
                link.sendall(request[:size])
                request = request[size:]
            while piece := link.recv(65536):
                answer += piece
        except (TimeoutError, OSError):
            pass
    return answer


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    arguments = parser.parse_args()
    noise = random.Random(arguments.seed)
    print(f"seed {arguments.seed}")
    daemon = Daemon("one", "local")
    sent, statuses = 0, {}
    try:
        daemon.wait_leader()
        end = time.monotonic() + arguments.seconds
        while time.monotonic() < end:
            request = broken(noise, whole(noise))
            answer = send(noise, noise.choice((daemon.tcp, daemon.control)), request)
            sent += 1
            status = re.match(rb"HTTP/1\.[01] ([1-5]\d\d) ", answer)
            if answer and not status:
                raise SystemExit(f"no HTTP: {answer[:200]!r} to {request!r}")
            word = status.group(1).decode() if status else "closed"
            statuses[word] = statuses.get(word, 0) + 1
            if not daemon.process.alive():
                raise SystemExit(f"the daemon died of {request!r}\n{daemon.process.tail()}")
        daemon.post("/elections/demo/resume", {})
        daemon.wait_leader(timeout=60)
        if daemon.terminate() != 0 or daemon.process.traces:
            raise SystemExit("the daemon did not end well\n" + "\n".join(daemon.process.traces))
        print(f"{sent} requests, answered: {json.dumps(dict(sorted(statuses.items())))}")
    finally:
        daemon.remove()


if __name__ == "__main__":
    main()
