#!/usr/bin/env python3
"""A worker that acts only while the leaderd beside it says that it leads.

    LEADERD_URL=http://127.0.0.1:8720 ./worker.py billing
    LEADERD_URL=unix:/run/leaderd/control.sock ./worker.py billing

The election is the argument, else $LEADERD_ELECTION, else `default`. The work of this example is a
line in the file $OUTPUT (or on stdout) every 50 ms. Nothing but the standard library is needed.
"""
import http.client
import json
import os
import secrets
import signal
import socket
import sys
import threading
import time
import urllib.parse

URL = os.environ.get("LEADERD_URL", "http://127.0.0.1:8720")
ELECTION = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("LEADERD_ELECTION", "default")
NAME = secrets.token_hex(8)  # the daemon waits for us by this name before it lets another one lead
NO_ANSWER = (OSError, http.client.HTTPException, ValueError)


def boottime_ms():
    """The clock that leases live on. It is the same in every process, and counts a suspend."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


class Leadership:
    """What the daemon said last. One thread writes it, others read it."""

    def __init__(self):
        self._grant = None  # (token, stop at): replaced as a whole, never changed
        self._refused = None  # the token under which we do not lead, as the daemon said
        self.working = threading.Lock()  # held during each step of the work

    def learn(self, election):
        """An answer of the daemon; nothing else makes the time to stop later. True: just lost."""
        before = self._grant
        token, lease = election["fencing_token"], election["lease"]
        if election["is_leader"] and token != self._refused:
            self._grant = (token, lease["deadline_boottime_ms"] - lease["stop_margin_ms"])
        else:  # none at all: a daemon that has just been started, and does not know yet
            self._refused = token
            self._grant = None
        return before is not None and self._grant is None

    def token(self):
        """The fencing token if we may act as leader at this moment, else None."""
        grant = self._grant
        return grant[0] if grant is not None and boottime_ms() < grant[1] else None


class UnixConnection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(URL.removeprefix("unix:"))


def ask(method, path, timeout):
    """What the daemon answers; raises one of NO_ANSWER when it does not."""
    if URL.startswith("unix:"):
        connection = UnixConnection("localhost", timeout=timeout)
    else:
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(URL).netloc, timeout=timeout)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise OSError(f"{path}: status {answer.status}")
    return json.loads(body)


def watch(leadership):
    """Hears of every change within milliseconds, and of the next deadline long before the last."""
    cursor, pause = "", 0.1
    while True:
        try:
            answer = ask("GET", f"/watch?election={ELECTION}&workload={NAME}&timeout=30s{cursor}",
                         timeout=40)
            if leadership.learn(answer["elections"][ELECTION]):
                with leadership.working:  # the step under way ends first; no other one begins
                    say_that_we_have_stopped()
            cursor = "&since=" + answer["cursor"]
            if not answer["shutting_down"]:
                pause = 0.1
                continue
        except (*NO_ANSWER, KeyError, TypeError) as error:
            print(f"leaderd at {URL}: {error!r}", file=sys.stderr)
        # No answer, no extension: the last deadline that we know of ends the work.
        time.sleep(pause)
        pause = min(2 * pause, 1)


def say_that_we_have_stopped():
    """So that whoever is next need not wait for our deadline."""
    try:
        ask("POST", f"/elections/{ELECTION}/released?workload={NAME}", timeout=2)
    except NO_ANSWER:
        pass  # then they wait


def work(leadership, token, output):
    """One step. A real one takes longer, and looks again before each thing that cannot be undone.

    Not "do we lead?" but "is it still this token?": it may have been lost and won again."""
    step = {"token": token, "at_boottime_ms": boottime_ms(), "worker": "python"}
    if leadership.token() == token:
        os.write(output, json.dumps(step).encode() + b"\n")


def main():
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    path = os.environ.get("OUTPUT")
    output = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644) if path else 1
    leadership = Leadership()
    threading.Thread(target=watch, args=(leadership,), daemon=True).start()
    while not stopping.wait(0.05):
        with leadership.working:
            token = leadership.token()
            if token is not None:
                work(leadership, token, output)
    say_that_we_have_stopped()


if __name__ == "__main__":
    main()
