"""Asks every daemon again and again who leads, and keeps what is needed to judge the answers.

A daemon has a thread and a kept connection of its own, so that one that hangs delays nobody. Of a
run of answers that say the same only the first and the last are kept: the judge needs no more.
"""
import http.client
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import http_client  # noqa: E402
from history import Answer  # noqa: E402
from processes import boottime_ms  # noqa: E402

PERIOD_S = 0.01
PATIENCE_S = 60  # a frozen daemon answers when it goes on


class Recorder:
    def __init__(self, history, election):
        self.history = history
        self.path = "/elections/" + election
        self.latest = {}
        self._lock = threading.Lock()
        self._threads = {}

    def attach(self, daemon):
        """`daemon` has just been started."""
        stop = threading.Event()
        thread = threading.Thread(target=self._ask, args=(daemon.name, daemon.control, stop),
                                  daemon=True)
        self._threads[daemon.name] = (thread, stop)
        thread.start()

    def detach(self, daemon):
        """`daemon` has ended: all that it ever said is in the history when this returns."""
        thread, stop = self._threads.pop(daemon.name)
        stop.set()
        thread.join(PATIENCE_S)
        self.latest.pop(daemon.name, None)

    def leader(self):
        """(name, answer) of the daemon that claimed to lead last and whose lease still runs, None
        when there is none."""
        claims = [(n, a) for n, a in list(self.latest.items())
                  if a.is_leader and a.deadline_ms > boottime_ms()]
        return max(claims, key=lambda c: c[1].at_ms) if claims else None

    def _ask(self, name, address, stop):
        pending = None  # the last of a run, not kept yet
        client = http_client.Client(address, PATIENCE_S)
        while not stop.is_set():
            try:
                reply = client.get(self.path)
                if reply.status != 200:  # it is shutting down
                    raise ValueError(reply.status)
                answer = _understood(name, reply)
            except (OSError, http.client.HTTPException, ValueError):
                client.close()
                stop.wait(PERIOD_S)
                continue
            before = self.latest.get(name)
            if before is not None and answer.says_the_same(before):
                pending = answer
            else:
                self._keep(pending)
                pending = None
                self._keep(answer)
            self.latest[name] = answer
            time.sleep(PERIOD_S)
        self._keep(pending)
        client.close()

    def _keep(self, answer):
        if answer is not None:
            with self._lock:
                self.history.add(answer)


def _understood(name, reply):
    document = reply.json()
    lease = document["lease"]
    return Answer(name, document["instance_id"], round(reply.sent_ms, 3),
                  round(reply.received_ms, 3), document["clock"]["boottime_ms"],
                  document["is_leader"], lease["valid"], document["fencing_token"],
                  lease["deadline_boottime_ms"], document["state"])
