#!/usr/bin/env python3
"""Real daemons, a real redis-server, and all that can happen to them; then the history is judged.

torture.py --minutes 10 [--seed N]: the same seed plans the same faults; the machine's own timing
differs from run to run. Exits with 1 on a violation and keeps the history, which checker.py reads.
"""
import argparse
import collections
import heapq
import itertools
import mmap
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

import faults  # noqa: E402
import network  # noqa: E402
from checker import judge, report  # noqa: E402
from daemon import ROOT, Daemon  # noqa: E402
from history import Exit, Fault, History  # noqa: E402
from processes import boottime_ms, temporary_directory  # noqa: E402
from recorder import Recorder  # noqa: E402
from certificates import Certificates  # noqa: E402
from redis_cluster import ClusterSetup, keyslot  # noqa: E402
from redis_sentinel import SentinelSetup  # noqa: E402
from redis_server import RedisServer, documented_user  # noqa: E402
from work import judge_work, report_work  # noqa: E402
from workloads import Workloads  # noqa: E402
import valkey  # noqa: E402

NAMES = ("ada", "bert", "cleo")
REPLICAS = 2  # of the primary that Sentinel watches: all that could be promoted must acknowledge
# After peace a leader within 2 leases and a retry interval; the rest is back-off and scheduling.
PEACE_LIMIT_S = 2 * faults.LEASE_S + 0.5 + 3


class Run:
    now_ms = staticmethod(boottime_ms)
    sleep = staticmethod(time.sleep)
    key = "leader-election:demo"

    def __init__(self, seed, history, options):
        self.noise = random.Random(seed)
        self.history = history
        self.troubles = []
        self.done = collections.Counter()
        self.recorder = Recorder(history, "demo")
        self.daemons = {}
        self.leaving = set()
        self.runs_away = set()  # killed, and not started again yet
        self.work = []
        self.server = None
        self.setup = None  # of several servers
        self.offset = None
        self.store = {"reconnect": {"min": "50ms", "max": "1s"},
                      "restart_guard": not options.unguarded}
        getattr(self, "_set_up_" + options.store)(seed, options)
        # Names are for people: every third run has two daemons of one name.
        self.twins = seed % 3 == 0
        self.workloads = None
        for name in NAMES:
            self._set_up_daemon(name, options.workloads)
        if options.workloads:
            self.workloads = Workloads(self.daemons, seed)
            self.groups.add(faults.RUNNER)

    def _set_up_local(self, seed, options):
        del seed, options
        path = os.path.join(temporary_directory("store"), "leases.db")
        self.network = network.NoNetwork("local:" + path, "none, the local store")
        self.groups = {faults.DAEMON}

    def _set_up_sentinel(self, seed, options):
        del seed, options
        self.setup = SentinelSetup()
        self.network = network.NoNetwork(self.setup.url, "left alone; three sentinels")
        self.groups = {faults.DAEMON, faults.SERVERS}
        self.store["min_replicas"] = REPLICAS

    def _set_up_cluster(self, seed, options):
        del seed, options
        self.setup = ClusterSetup()
        self.network = network.NoNetwork(self.setup.url, "left alone; a cluster of six")
        self.groups = {faults.DAEMON, faults.SERVERS, faults.SLOTS}
        self.store["min_replicas"] = 1

    def _set_up_unix(self, seed, options):
        self._set_up_one(RedisServer, lambda server: server.unix_url, "a socket file")
        del seed, options

    def _set_up_tls(self, seed, options):
        del seed, options
        made = Certificates()
        self._set_up_one(lambda **how: RedisServer(tls=made, plain=False, **how),
                         lambda server: server.tls_url, "left alone; TLS")
        self.store["tls"] = {"ca_file": made.ca.cert, "cert_file": made.client.cert,
                             "key_file": made.client.key}

    def _set_up_acl(self, seed, options):
        """The user of docs/redis.md."""
        del seed, options
        words = documented_user("sesame")
        self._set_up_one(
            lambda **how: RedisServer("--user", *words, "--user", "default", "off", **how),
            lambda server: server.url, "left alone; a user with few rights")
        # With the default user off nobody is there to flush.
        self.groups.discard(faults.REDIS)
        path = os.path.join(temporary_directory("secret"), "password")
        with open(path, "w", encoding="utf-8") as file:
            file.write("sesame")
        self.store.update(username=words[0], password_file=path)

    def _set_up_valkey(self, seed, options):
        del seed, options
        self._set_up_one(lambda **how: RedisServer(binary=valkey.server(), **how),
                         lambda server: server.url, "left alone; Valkey")

    def _set_up_one(self, make, url, description):
        self.offset, env = _steppable_clock()
        self.server = make(env=env)
        self.network = network.NoNetwork(url(self.server), description)
        self.groups = {faults.DAEMON, faults.REDIS}
        if self.offset is not None:
            self.groups.add(faults.CLOCK)

    def _set_up_redis(self, seed, options):
        self.offset, env = _steppable_clock()
        self.server = RedisServer(env=env)
        self.network = network.choose(options.network, NAMES, self.server.socket, seed)
        self.groups = {faults.DAEMON, faults.NETWORK, faults.REDIS}
        if self.offset is not None:
            self.groups.add(faults.CLOCK)

    def _set_up_daemon(self, name, workloads):
        settings = {"store": self.store}
        if workloads:  # a reader of the leader flag cannot be waited for: it gets some time
            settings["elections"] = [{"name": "demo", "drain": "200ms"}]
        if self.twins and name != NAMES[0]:
            settings["participant_id"] = "twin"
        self.daemons[name] = Daemon(name, self.network.url(name), settings,
                                    prefix=self.network.prefix(name))
        self.recorder.attach(self.daemons[name])

    def description(self):
        clock = "by a preloaded library" if faults.CLOCK in self.groups else "none"
        return (f"network: {self.network.description}\n"
                f"         wall clock steps of the server: {clock}"
                f"{'; two daemons have one name' if self.twins else ''}")

    # --- what faults do --------------------------------------------------------------------

    def kill(self, name):
        self.daemons[name].kill()
        self._gone(name, -signal.SIGKILL)

    def terminate(self, name):
        self.daemons[name].process.signal(signal.SIGTERM)
        self.leaving.add(name)

    def restart(self, name):
        self.daemons[name].start()
        self.recorder.attach(self.daemons[name])

    def restart_when_gone(self, name):
        """A release is tried until the deadline, so the end may take a lease."""
        daemon = self.daemons[name]
        if daemon.process.alive():
            return 0.05, lambda: self.restart_when_gone(name)
        self._gone(name, daemon.end())
        self.leaving.discard(name)
        self.restart(name)
        return None

    def _gone(self, name, code):
        daemon = self.daemons[name]
        self.recorder.detach(daemon)
        self.history.add(Exit(name, round(boottime_ms(), 3), code))
        self._look_at(daemon)
        if code not in (0, -signal.SIGKILL):
            self.troubles.append(f"{name} exited with {code}\n{daemon.process.tail()}")

    def _look_at(self, daemon):
        self.troubles += [f"{daemon.name}: {line}" for line in daemon.process.traces]

    def kill_run(self, name):
        self.runs_away.add(name)
        self.workloads.runs[name].kill()

    def restart_run(self, name):
        self.workloads.start_run(name)
        self.runs_away.discard(name)

    def freeze_run(self, name):
        self.workloads.runs[name].signal(signal.SIGSTOP)

    def thaw_run(self, name):
        self.workloads.runs[name].signal(signal.SIGCONT)

    def step_clock(self, seconds):
        now = struct.unpack("q", self.offset[:8])[0]
        # Never further than a day, and never before the real time by more than an hour.
        after = max(-3600, min(86400, now / 1e9 + seconds))
        self.offset[:8] = struct.pack("q", int(after * 1e9))

    def primary(self):
        """The server that has the record now; None in between."""
        if isinstance(self.setup, ClusterSetup):
            return self.setup.node_of(self.key)
        return self.setup.primary()

    def fail_over(self):
        if isinstance(self.setup, ClusterSetup):
            self.setup.failover(self.setup.node_of(self.key))
        else:
            self.setup.failover()

    def move_slot(self, halfway):
        source = self.setup.node_of(self.key)
        target = self.noise.choice([n for n in self.setup.primaries() if n is not source])
        self.setup.move_slot(keyslot(self.key), target, halfway)

    def settle(self):
        """All servers live and know of one another again."""
        if self.setup is not None:
            self.setup.restart_dead()
            self.setup.await_peace(timeout=150)

    # --- the run ---------------------------------------------------------------------------

    def play(self, minutes, say):
        until = time.monotonic() + minutes * 60
        self.await_leader(say)
        while time.monotonic() < until and not self.troubles:
            time.sleep(faults.pause_before(self.noise, self))
            self._episode(faults.episode(self, self.noise), say)
            self.settle()
            self.await_leader(say)
            time.sleep(self.noise.uniform(0, faults.LEASE_S))

    def _episode(self, plans, say):
        began = time.monotonic()
        order = itertools.count()
        agenda = []
        for kind, what, actions in plans:
            self.done[kind] += 1
            for number, (at, action) in enumerate(actions):
                heapq.heappush(agenda, (began + at, next(order), action,
                                        what if number == 0 else None))
        while agenda:
            at, _, action, what = heapq.heappop(agenda)
            time.sleep(max(0, at - time.monotonic()))
            if what:
                say(what)
                self.history.add(Fault(round(boottime_ms(), 3), what))
            again = action()
            if isinstance(again, tuple):  # not finished: look again later
                heapq.heappush(agenda, (time.monotonic() + again[0], next(order), again[1], None))
            self._watch_over()

    def _watch_over(self):
        if self.workloads is not None and not self.runs_away:
            self.troubles += self.workloads.troubles()
        for name, daemon in self.daemons.items():
            if not daemon.stopped and not daemon.process.alive() and name not in self.leaving:
                self.troubles.append(f"{name} has died\n{daemon.process.tail()}")

    def await_leader(self, say):
        """Peace: somebody must lead in time."""
        began = time.monotonic()
        while self.recorder.leader() is None:
            self._watch_over()
            if time.monotonic() - began > PEACE_LIMIT_S:
                tails = "\n".join(d.process.tail(15) for d in self.daemons.values())
                self.troubles.append(f"no leader after {PEACE_LIMIT_S:.1f} s of peace\n{tails}")
            if self.troubles:
                say("TROUBLE " + self.troubles[0].splitlines()[0])
                return
            time.sleep(0.02)

    def end(self):
        self.work = self.workloads.end() if self.workloads is not None else []
        for name, daemon in self.daemons.items():
            if daemon.process.alive():
                code = daemon.terminate()
                self._gone(name, code)
            self._look_at(daemon)
            daemon.remove()
        if self.server is not None:
            self.server.stop()
        if self.setup is not None:
            self.setup.stop()
        self.network.close()
        self.history.close()


def _steppable_clock():
    """(the offset's mapped file, environment of redis-server); (None, None) without a compiler."""
    compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc")
    if compiler is None:
        return None, None
    directory = temporary_directory("clock")
    library, path = os.path.join(directory, "stepclock.so"), os.path.join(directory, "offset")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-D_GNU_SOURCE", "-o", library,
                    os.path.join(HERE, "stepclock.c")], check=True)
    with open(path, "w+b") as file:
        file.write(bytes(8))
        file.flush()
        offset = mmap.mmap(file.fileno(), 8)
    return offset, {**os.environ, "LD_PRELOAD": library, "STEPCLOCK_FILE": path}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--store", default="redis",
                        choices=("redis", "local", "unix", "tls", "acl", "sentinel", "cluster",
                                 "valkey"))
    parser.add_argument("--network", choices=("namespaces", "proxy"), default="namespaces",
                        help="what cuts; without the rights for namespaces it is the proxy anyway")
    parser.add_argument("--workloads", action="store_true",
                        help="with `leaderd run`, flag readers and the examples beside each daemon")
    parser.add_argument("--unguarded", action="store_true",
                        help="with restart_guard: false, which has to fail: it tests this program")
    parser.add_argument("--quiet", action="store_true", help="the summary only")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 31)
    directory = os.path.join(ROOT, "build", "torture")
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, f"history-{options.store}-{seed}.jsonl")
    history = History(path)
    run = Run(seed, history, options)
    began = time.monotonic()

    def say(text):
        if not options.quiet:
            print(f"{time.monotonic() - began:7.1f} s  {text}", flush=True)

    print(f"torture: {options.store}, seed {seed}, {options.minutes:g} minutes; {run.description()}", flush=True)
    try:
        run.play(options.minutes, say)
    finally:
        run.end()
    verdict = judge(history.entries)
    overlaps = judge_work(run.work)
    print("faults              " + ", ".join(f"{k} {n}" for k, n in sorted(run.done.items())))
    print("\n".join(report(history.entries, verdict) + ["TROUBLE " + t for t in run.troubles]))
    if options.workloads:
        print("\n".join(report_work(run.work, overlaps)))
    if verdict.good and not overlaps and not run.troubles:
        os.unlink(path)
        print("torture: passed")
        return 0
    print(f"torture: FAILED; repeat with --seed {seed}; history: {path}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
