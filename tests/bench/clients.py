#!/usr/bin/env python3
"""Programs that want to lead, each by its own means, for peers.py: they print `leads` and `lost`, and
with --beat a line `beat` every 5 ms for as long as they believe that they lead.

  plain HOST:PORT    SET key id NX PX lease, asked for every --poll; renewed every --renew and given
                     up by compare-and-set scripts
  redis-py HOST:PORT the same by redis-py's Lock with its defaults: acquire() sleeps 100 ms between
                     attempts, no socket_timeout
  watch HOST:PORT    a client of leaderd: long-polls /watch, works until the stop margin by its own clock
  work               leads as soon as it is started: the command of `leaderd run` or `etcdctl lock`

SIGTERM has them give up the lock and end. When the store does not answer, `plain` and `redis-py` try
again until a lease has passed since the last good answer.
"""
import argparse
import http.client
import json
import os
import signal
import socket
import sys
import threading
import time
import uuid

BEAT_S = 0.005
AGAIN_S = 0.05
RENEW = "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('pexpire',KEYS[1],ARGV[2]) end return 0"
RELEASE = "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) end return 0"
KEY = "leader"


def say(word):
    os.write(1, word.encode() + b"\n")


class Program:
    def __init__(self, options):
        self.options = options
        self.lease_s = options.lease / 1000
        self.stop = threading.Event()
        self.holds = False
        signal.signal(signal.SIGTERM, self._on_term)
        if options.beat:
            threading.Thread(target=self._beat, daemon=True).start()

    def _on_term(self, number, frame):
        del number, frame
        self.stop.set()
        if not self.holds:
            sys.exit(0)

    def _beat(self):
        while True:
            if self.believes():
                say("beat")
            time.sleep(BEAT_S)

    def believes(self):
        return self.holds

    # --- a lock that is renewed: what `plain` and `redis-py` have in common --------------------

    def run(self):
        while not self.stop.is_set():
            self.get()
            self.holds = True
            say("leads")
            good = time.monotonic()
            pause = self.options.renew / 1000
            while self.holds and not self.stop.wait(pause):
                asked = time.monotonic()
                kept = self.renew()  # None: no answer
                if kept:
                    good = asked
                elif kept is False or time.monotonic() - good >= self.lease_s:
                    self.holds = False
                    say("lost")
                pause = AGAIN_S if kept is None else self.options.renew / 1000
        if self.holds:
            self.release()


class Plain(Program):
    """A lock as it is commonly written by hand."""

    link = stream = None
    token = uuid.uuid4().hex

    def ask(self, *words):
        """None when no answer came."""
        try:
            if self.link is None:
                self.link = socket.create_connection(self.options.address, timeout=1)
                self.stream = self.link.makefile("rb")
            parts = [str(word).encode() for word in words]
            self.link.sendall(b"*%d\r\n" % len(parts)
                              + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
            answer = self.stream.readline()
            if answer.endswith(b"\n"):
                return answer.strip()
        except OSError:
            pass
        self.link = None
        return None

    def get(self):
        while (answer := self.ask("SET", KEY, self.token, "NX", "PX", self.options.lease)) != b"+OK":
            time.sleep(self.options.poll / 1000 if answer else AGAIN_S)

    def renew(self):
        answer = self.ask("EVAL", RENEW, 1, KEY, self.token, self.options.lease)
        return None if answer is None else answer == b":1"

    def release(self):
        self.ask("EVAL", RELEASE, 1, KEY, self.token)


class RedisPy(Program):
    def __init__(self, options):
        super().__init__(options)
        import redis  # pylint: disable=import-outside-toplevel # Debian's, not in every Python
        self.troubles = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)
        self.refused = redis.exceptions.LockError
        client = redis.Redis(*options.address)
        self.lock = client.lock(KEY, timeout=self.lease_s)

    def get(self):
        while True:
            try:
                self.lock.acquire()
                return
            except self.troubles:
                time.sleep(AGAIN_S)

    def renew(self):
        try:
            return self.lock.reacquire()
        except self.troubles:
            return None
        except self.refused:
            return False

    def release(self):
        self.lock.release()


class Watch(Program):
    """docs/clients.md says what it must do."""

    until_ms = 0

    def believes(self):
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) / 1e6 < self.until_ms

    def run(self):
        cursor, led = "", False
        while True:
            try:
                link = http.client.HTTPConnection(*self.options.address, timeout=40)
                while True:
                    link.request("GET", "/watch?election=demo&workload=bench&timeout=30s" + cursor)
                    status = json.loads(link.getresponse().read())
                    cursor = "&since=" + status["cursor"]
                    election = status["elections"]["demo"]
                    lease = election["lease"]
                    leads = election["is_leader"]
                    self.until_ms = (lease["deadline_boottime_ms"] - lease["stop_margin_ms"]
                                     if leads else 0)
                    if leads != led:
                        say("leads" if leads else "lost")
                    led = leads
                    if not leads:
                        self._stopped()
            except (OSError, http.client.HTTPException, KeyError, ValueError):
                time.sleep(AGAIN_S)

    def _stopped(self):
        link = http.client.HTTPConnection(*self.options.address, timeout=5)
        link.request("POST", "/elections/demo/released?workload=bench")
        link.getresponse().read()
        link.close()


class Work(Program):
    def run(self):
        self.holds = True
        say("leads")
        self.stop.wait()


KINDS = {"plain": Plain, "redis-py": RedisPy, "watch": Watch, "work": Work}


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("address", nargs="?", type=address)
    parser.add_argument("--lease", type=int, default=3000, help="ms")
    parser.add_argument("--renew", type=int, default=1000, help="ms")
    parser.add_argument("--poll", type=int, default=500, help="ms")
    parser.add_argument("--beat", action="store_true")
    options = parser.parse_args()
    KINDS[options.kind](options).run()


if __name__ == "__main__":
    main()
