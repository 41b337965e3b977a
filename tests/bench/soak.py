#!/usr/bin/env python3
"""Much of everything, for long: memory and descriptors of the daemons stay as they are, or it exits with 1.

usage: soak.py [--minutes 30] [--seed N] [--check] [--json FILE]

Three daemons with hooks and a health check on one Redis. In each turn, for some seconds and side by side:
changes of leader are forced (step-down, pause, a daemon stopped for longer than its lease), Redis is
killed, restarted, cut off from its clients or stopped; waiting clients, event streams, short and broken
requests, `leaderd run` of short commands and of ones that are lost come and go; configurations are
reloaded. Then all of that ends, and what each daemon uses at rest is noted.

After a warm-up the samples must be flat: neither the median of their last third lies above that of the
first by more than noise, nor does a line through them rise so. --check is for tests: coarser, as a short
run and sanitizers allow no more.
"""
import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
os.environ.setdefault("LEADERD", os.path.join(ROOT, "build", "release", "leaderd"))

import http.client  # noqa: E402
import http_client  # noqa: E402
import report  # noqa: E402
from daemon import Daemon, binary  # noqa: E402
from meters import descriptors, memory  # noqa: E402
from processes import free_port  # noqa: E402
from redis_server import RedisError, RedisServer  # noqa: E402

NAMES = ("ada", "bert", "cleo")
ELECTIONS = ("demo", "other")
STORM_S, REST_S = 8, 2
WARM_UP = 0.25  # of the samples
NOISE_BYTES = 256 * 1024
PATHS = ("/", "/status", "/status?format=text", "/elections", "/elections/demo", "/leader?election=demo",
         "/follower?election=other", "/events", "/performance", "/livez", "/readyz?verbose=true", "/healthz",
         "/diagnostics", "/metrics", "/config", "/version", "/nowhere", "/watch?since=nonsense", "/elections/none",
         "/status?field=elections.demo.fencing_token", "/leader", "/watch?election=demo&timeout=50ms&workload=w1")
BROKEN = (b"GET /status HTTP/1.1\r\nHo", b"\x00\x01\x02\x03\r\n\r\n", b"GET " + b"x" * 9000 + b" HTTP/1.1\r\n\r\n",
          b"POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12",
          b"GET /watch HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")


class Storm:
    """What is done to the daemons; counts it."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.server = RedisServer()
        self.port = free_port()  # of nothing: the health check that fails
        self.daemons = {name: self._daemon(name) for name in NAMES}
        self.done = {}
        self.over = threading.Event()
        self.lock = threading.Lock()
        for election in ELECTIONS:
            self.daemons[NAMES[0]].bootstrap(election)
        self.daemons[NAMES[0]].wait_status(lambda s: all(e["leader"] for e in s["elections"].values()))

    def _daemon(self, name):
        made = Daemon(name, self.server.url, {"log": {"level": "error"}, "elections": self._elections(0),
                                              "health": {"interval": "2s"},
                                              "diagnostics": {"interval": "5s"}}, start=False)
        made.settings["log"]["level"] = "info"
        made.write_config()
        return made.start()

    def _elections(self, number):
        """Reloads go around through these."""
        listed = [{"name": "demo", "on_change": {"command": ["/bin/true"]}},
                  {"name": "other", "health_check": {"command": ["/bin/true"], "interval": "500ms"},
                   "on_change": {"command": ["/bin/sh", "-c", "echo $$LEADERD_STATE"]}}]
        listed[0]["metadata"] = {"round": str(number % 5)}
        if number % 3:
            listed.append({"name": "guest", "on_change": {"command": ["/bin/false"]}})
        return listed

    def count(self, what):
        with self.lock:
            self.done[what] = self.done.get(what, 0) + 1

    def any(self):
        return self.daemons[self.random.choice(NAMES)]

    # --- a turn ------------------------------------------------------------------------------

    def turn(self, number):
        self.over.clear()
        actors = [threading.Thread(target=self._repeat, args=(act, pause)) for act, pause in (
            (self.change_leader, 0.4), (self.wait_a_while, 0.02), (self.wait_a_while, 0.02),
            (self.follow_stream, 0.05), (self.ask, 0.005), (self.break_off, 0.02),
            (self.run_command, 0.1), (self.hold_and_kill, 0.5))]
        for actor in actors:
            actor.start()
        time.sleep(STORM_S * 0.4)
        self.trouble(number)
        self.reload(number)
        time.sleep(STORM_S * 0.6)
        self.over.set()
        for actor in actors:
            actor.join()
        self.rest()

    def _repeat(self, act, pause):
        while not self.over.wait(pause * self.random.random() * 2):
            try:
                act()
            except (OSError, http.client.HTTPException, ValueError, KeyError):
                self.count("refused or broken off")

    def change_leader(self):
        election = self.random.choice(ELECTIONS)
        leaders = [d for d in self.daemons.values() if d.leads(election)]
        daemon = leaders[0] if leaders else self.any()
        if self.random.random() < 0.7:
            daemon.post(f"/elections/{election}/step-down", {"hold_off": "100ms"})
            self.count("step-downs asked for")
        else:
            daemon.post(f"/elections/{election}/pause", {})
            daemon.post(f"/elections/{election}/resume", {})
            self.count("pauses")

    def wait_a_while(self):
        """A client that waits; often it goes before it is answered."""
        client = http_client.Client(self.any().tcp, timeout=self.random.choice((0.05, 0.3, 2)))
        try:
            cursor = client.get("/watch").json()["cursor"]
            client.get(f"/watch?since={cursor}&timeout=1s")
            self.count("waits answered")
        except TimeoutError:
            self.count("waits given up")
        finally:
            client.close()

    def follow_stream(self):
        client = http_client.Client(self.any().tcp, timeout=2)
        try:
            client.connection.request("GET", "/watch", headers={"Accept": "text/event-stream"})
            client.connection.getresponse().read(self.random.choice((1, 1000, 5000)))
            self.count("streams")
        finally:
            client.close()

    def ask(self):
        client = http_client.Client(self.any().tcp, timeout=5)
        try:
            for path in self.random.sample(PATHS, 5):
                client.get(path)
                self.count("requests")
        finally:
            client.close()

    def break_off(self):
        try:
            http_client.raw(self.any().tcp, self.random.choice(BROKEN), timeout=0.05)
        except TimeoutError:
            pass
        self.count("broken requests")

    def _program(self, *words):
        daemon = self.any()
        env = {k: v for k, v in daemon.env.items() if k != "RUNTIME_DIRECTORY"}
        return subprocess.Popen([binary(), *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                stdin=subprocess.DEVNULL,
                                env={**env, "LEADERD_URL": "unix:" + daemon.control})

    def run_command(self):
        self._program("run", self.random.choice(ELECTIONS), "--wait", "200ms", "--", "/bin/true").wait(30)
        self.count("runs")

    def hold_and_kill(self):
        """A command that is at work when leadership ends, or whose `run` is killed."""
        program = self._program("run", self.random.choice(ELECTIONS), "--wait", "2s", "--", "sleep", "1")
        time.sleep(self.random.random())
        program.send_signal(self.random.choice((signal.SIGTERM, signal.SIGKILL)))
        program.wait(30)
        self.count("runs ended by a signal")

    def trouble(self, number):
        kind = number % 5
        if kind == 0:
            self.server.kill()
            time.sleep(self.random.random())
            self.server.start()
            self.count("restarts of Redis")
        elif kind == 1:
            self.server.command("CLIENT", "KILL", "TYPE", "normal")
            self.server.command("CLIENT", "KILL", "TYPE", "pubsub")
            self.count("connections cut")
        elif kind == 2:
            self.server.freeze()
            time.sleep(1)
            self.server.thaw()
            self.count("Redis stopped")
        elif kind == 3:
            leader = next((d for d in self.daemons.values() if d.leads()), self.any())
            leader.freeze()
            time.sleep(4)
            leader.thaw()
            self.count("leaders stopped")
        else:
            self.server.command("FLUSHALL")
            self.count("data lost")

    def reload(self, number):
        for daemon in self.daemons.values():
            daemon.settings["elections"] = self._elections(number)
            daemon.write_config("nonsense: true\n" if number % 7 == 6 else None)
            try:
                daemon.post("/reload")
                self.count("reloads")
            except (OSError, http.client.HTTPException):
                self.count("refused or broken off")

    def rest(self):
        """Until nothing is under way: the same elections, nobody waits, somebody leads."""
        for daemon in self.daemons.values():
            daemon.settings["elections"] = self._elections(0)
            daemon.write_config()
            daemon.post("/reload")
            daemon.wait_status(lambda s: s["store"]["connected"] and set(s["elections"]) == set(ELECTIONS), 30)
        for election in ELECTIONS:
            end = time.monotonic() + 30
            while not any(d.leads(election) for d in self.daemons.values()):
                if time.monotonic() > end:
                    raise SystemExit(f"soak: nobody leads {election}")
                time.sleep(0.1)
        time.sleep(REST_S)
        for daemon in self.daemons.values():
            end = time.monotonic() + 20
            while daemon.metric("leaderd_http_watchers") > 0 and time.monotonic() < end:
                time.sleep(0.1)

    def sample(self):
        found = {}
        for name, daemon in self.daemons.items():
            pid = daemon.process.pid
            found[name] = {**memory(pid), "fds": min(descriptors(pid) for _ in range(3))}
        return found

    def end(self):
        """Exit codes of those that did not end well."""
        wrong = {name: code for name, daemon in self.daemons.items() if (code := daemon.terminate(30)) != 0}
        traces = [line for daemon in self.daemons.values() for line in daemon.process.traces]
        for daemon in self.daemons.values():
            daemon.remove()
        self.server.stop()
        return [f"{name} ended with {code}" for name, code in wrong.items()] + traces


# --- is it flat? -------------------------------------------------------------------------------

def slope(values):
    """Rise of the line through the values from first to last, and its standard error."""
    count = len(values)
    middle, mean = (count - 1) / 2, statistics.fmean(values)
    width = sum((i - middle) ** 2 for i in range(count))
    rise = sum((i - middle) * (v - mean) for i, v in enumerate(values)) / width
    left = sum((v - mean - rise * (i - middle)) ** 2 for i, v in enumerate(values))
    error = (left / max(1, count - 2) / width) ** 0.5
    return rise * (count - 1), error * (count - 1)


def judge(values, allowed):
    """Both must tell of growth: the thirds and the line."""
    third = max(1, len(values) // 3)
    first, last = statistics.median(values[:third]), statistics.median(values[-third:])
    rise, error = slope(values) if len(values) > 2 else (0, 0)
    return {"first": first, "last": last, "rise": rise, "rise_error": error, "allowed": allowed,
            "grows": last - first > allowed and rise - 2 * error > allowed / 2}


def is_sanitized():
    return subprocess.run(["grep", "-q", "__asan_init", binary()], check=False).returncode == 0


def judged(samples, check):
    """{daemon: {what: verdict}} of the samples after the warm-up."""
    kept = samples[max(1, int(len(samples) * WARM_UP)):]
    # The quarantine of a sanitizer grows until it is full.
    wanted = ("fds",) if is_sanitized() else ("private_dirty", "rss", "fds")
    found = {}
    for name in NAMES:
        found[name] = {}
        for what in wanted:
            values = [s[name][what] for s in kept]
            allowed = 1 if what == "fds" else NOISE_BYTES * (2 if check else 1)
            found[name][what] = judge(values, allowed)
    return found


def soak_table(found, samples, minutes):
    table = report.Table("soak", ["at rest, after the warm-up", "first third", "last third",
                                  "line rises by", "allowed", ""])
    titles = {"private_dirty": "private dirty, MB", "rss": "RSS, MB", "fds": "descriptors"}
    for name, verdicts in found.items():
        for what, one in verdicts.items():
            unit, form = (1, ".0f") if what == "fds" else (1e6, ".3f")
            table.add(f"{name}: {titles[what]}", format(one["first"] / unit, form),
                      format(one["last"] / unit, form),
                      f"{one['rise'] / unit:.3f} ± {one['rise_error'] / unit:.3f}",
                      format(one["allowed"] / unit, form), "GROWS" if one["grows"] else "flat")
    table.note(f"{len(samples)} samples in {minutes:.0f} minutes, the first quarter left out as a warm-up; growth is "
               "when the thirds and the line both say so")
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    storm = Storm(options.seed)
    samples, number, began = [], 0, time.monotonic()
    try:
        while time.monotonic() - began < options.minutes * 60:
            storm.turn(number)
            samples.append(storm.sample())
            number += 1
            if number % 10 == 0:
                print(f"{(time.monotonic() - began) / 60:.0f} min: " + ", ".join(
                    f"{n} {s['private_dirty'] / 1e6:.2f} MB {s['fds']} fds" for n, s in samples[-1].items()),
                    flush=True)
        counters = {name: int(daemon.metric("leaderd_leader_changes_seen_total", 'election="demo"'))
                    for name, daemon in storm.daemons.items()}
    except RedisError as problem:
        raise SystemExit(f"soak: {problem}") from None
    finally:
        troubles = storm.end()
    minutes = (time.monotonic() - began) / 60
    done = report.Table("soak-done", ["what was done", "times"])
    for what, count in {**storm.done, "changes of leader seen in one election": max(counters.values())}.items():
        done.add(what, f"{count:,}")
    found = judged(samples, options.check)
    report.finish(options.json, [done, soak_table(found, samples, minutes)],
                  {"seed": options.seed, "minutes": minutes, "samples": samples, "verdicts": found})
    growing = [f"{name}: {what} grows" for name, verdicts in found.items()
               for what, one in verdicts.items() if one["grows"]]
    for trouble in growing + troubles:
        print("soak: " + trouble)
    return 1 if growing or troubles else 0


if __name__ == "__main__":
    sys.exit(main())
