#!/usr/bin/env python3
"""Measures what the documents promise: bench.py [handover|watch|elections|all] [--json FILE].

  handover   SIGTERM: the signal to another daemon's is_leader:true as a watcher hears it (20 times);
             kill -9: from the end of the killed leader's lease, as others must wait for it, to
             another's is_leader:true (12 times)
  watch      1,000 waiting clients: from a change to the last one's answer
  elections  1,000 elections in one daemon: how late the latest renewal came

Exits with 1 when a promise is not kept. Uses $LEADERD, else build/release/leaderd.
"""
import argparse
import os
import statistics
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
os.environ.setdefault("LEADERD", os.path.join(ROOT, "build", "release", "leaderd"))

import http_client  # noqa: E402
import report  # noqa: E402
from daemon import Daemon  # noqa: E402
from feed import Feed  # noqa: E402
from processes import boottime_ms  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from test_watch import collect, watcher  # noqa: E402

RENEW_MS = 800  # of the profile `fast`
MARGIN_MS = 60  # of a lease of 3 s: max(2 %, 50 ms); a leader's deadline comes so much before
                # the end of the lease that the others wait for
GRACEFUL_LIMIT_MS = 50
CRASH_LIMIT_MS = RENEW_MS / 10 + 30
WATCH_LIMIT_MS = 20


class Row:
    """One line of the table; times in milliseconds."""

    def __init__(self, name, samples, limit_ms, judged=statistics.median):
        self.name = name
        self.samples = sorted(samples)
        self.limit_ms = limit_ms
        self.judged = judged(samples)

    @property
    def kept(self):
        return self.judged <= self.limit_ms

    def as_json(self):
        return {"count": len(self.samples), "median_ms": round(statistics.median(self.samples), 2),
                "min_ms": round(self.samples[0], 2), "max_ms": round(self.samples[-1], 2),
                "judged_ms": round(self.judged, 2), "limit_ms": self.limit_ms, "kept": self.kept}

    def cells(self):
        return (self.name, len(self.samples),
                *(f"{ms:.1f}" for ms in (statistics.median(self.samples), self.samples[0], self.samples[-1])),
                *report.verdict(self.judged, self.limit_ms))


def new_leader(feed, above):
    return feed.wait_leader(above=above, timeout=30)


def handover(rounds_graceful=20, rounds_crash=12):
    """Three daemons; whoever leads goes and comes back as a follower."""
    server = RedisServer()
    # Without a state directory a killed daemon that comes back is a stranger, as another host is.
    daemons = {n: Daemon(n, server.url, {"state_dir": None}) for n in ("ada", "bert", "cleo")}
    feed = Feed(daemons.values())
    next(iter(daemons.values())).bootstrap()
    _, leader, election = new_leader(feed, 0)
    graceful, crash = [], []
    for number in range(rounds_graceful + rounds_crash):
        settle(daemons)
        token = election["fencing_token"]
        killing = number >= rounds_graceful
        if killing:
            # The moment of death is spread over the renew interval.
            time.sleep(number % 5 * RENEW_MS / 5000)
            deadline_ms = daemons[leader].election()["lease"]["deadline_boottime_ms"]
            daemons[leader].kill()
        else:
            asked_ms = boottime_ms()
            daemons[leader].terminate()
        gone = leader
        at_ms, leader, election = new_leader(feed, token)
        if killing:
            crash.append(at_ms - deadline_ms - MARGIN_MS)
        else:
            graceful.append(at_ms - asked_ms)
        daemons[gone].start()
        feed.add(daemons[gone])
    feed.close()
    end(daemons.values(), server)
    return [Row("SIGTERM to the next leader", graceful, GRACEFUL_LIMIT_MS),
            Row("kill -9: past the end of the lease", crash, CRASH_LIMIT_MS)]


def settle(daemons):
    """All who do not lead have seen the leader renew: they are in phase with it."""
    for daemon in daemons.values():
        daemon.wait_election(lambda e: e["is_leader"] or e["state"] == "follower")
    time.sleep(2 * RENEW_MS / 1000)


def end(daemons, server):
    for daemon in daemons:
        daemon.terminate()
        daemon.remove()
    server.stop()


def watch(count=1000, rounds=5):
    server = RedisServer()
    one, two = Daemon("one", server.url), Daemon("two", server.url)
    one.bootstrap()
    Feed((one, two)).wait_leader()
    last = []
    for _ in range(rounds):
        leader, other = (one, two) if one.leads() else (two, one)
        other.wait_state("follower")
        cursor = other.status()["cursor"]
        links = [watcher(other, cursor) for _ in range(count)]
        while other.metric("leaderd_http_watchers") < count:
            time.sleep(0.02)
        leader.post("/elections/demo/step-down")
        answers = collect(links, 30)
        if len(answers) != count:
            raise SystemExit(f"bench: {len(answers)} of {count} watchers answered")
        changed_ms = other.events("leadership_gained")[-1]["boottime_ms"]
        last.append(max(at for at, _ in answers) - changed_ms)
    end((one, two), server)
    return [Row(f"a change to the last of {count} watchers", last, WATCH_LIMIT_MS)]


def elections(count=1000, seconds=20):
    server = RedisServer()
    one = Daemon("one", server.url, {"profile": "default"},
                 elections=[f"e{i:04}" for i in range(count)])
    client = http_client.Client(one.control, timeout=30)
    one.wait_status(lambda s: s["store"]["connected"])
    for i in range(count):
        client.request("POST", f"/elections/e{i:04}/bootstrap")
    one.wait_status(lambda s: all(e["is_leader"] for e in s["elections"].values()), 60)
    due_ms = 15000 - 300 - 5000  # what is left of a lease when its renewal is due
    late = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        status = client.get("/status").json()
        at_ms = status["clock"]["boottime_ms"]
        left = min((e["lease"]["deadline_boottime_ms"] or 0) - at_ms
                   for e in status["elections"].values())
        late.append(max(0, due_ms - left))
        time.sleep(0.25)
    client.close()
    end((one,), server)
    return [Row(f"the latest renewal of {count} elections", late, 250, max)]


WHAT = {"handover": (handover,), "watch": (watch,), "elections": (elections,),
        "all": (handover, watch, elections)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("what", nargs="?", choices=WHAT, default="all")
    parser.add_argument("--json", metavar="FILE", help="write the numbers there, too")
    options = parser.parse_args()
    rows = [row for measure in WHAT[options.what] for row in measure()]
    table = report.Table("handover", ["leaderd, ms", "times", "median", "min", "max", "target", ""])
    for row in rows:
        table.add(*row.cells())
    report.finish(options.json, [table], {row.name: row.as_json() for row in rows})
    return 0 if all(row.kept for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
