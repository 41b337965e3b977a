#!/usr/bin/env python3
"""What a daemon costs: many elections, an idle one, Redis' share of it, and a start.

usage: cost.py [renewals|idle|start|all] [--seconds 60] [--quick] [--json FILE]

  renewals  1, 100 and 10,000 elections of the profile `default` (renewed every 5 s): CPU of the daemon
            for each renewal, and how late the latest came, from the times that Redis wrote into the records
  idle      one election: memory, CPU and wake-ups of a leader, a follower, and one on the local store,
            and what Redis is asked by each, over --seconds
  start     from exec to the first answer and to the first answer that says is_leader, the key being
            released and its store running

Exits with 1 when a target is missed. Uses $LEADERD, else build/release/leaderd.
"""
import argparse
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
os.environ.setdefault("LEADERD", os.path.join(ROOT, "build", "release", "leaderd"))

import http_client  # noqa: E402
import report  # noqa: E402
from daemon import Daemon, binary  # noqa: E402
from meters import Meter, Monitor, cpu_seconds, memory, wake_ups_by_thread  # noqa: E402
from processes import boottime_ms  # noqa: E402
from redis_server import RedisServer, decoded, encoded  # noqa: E402

RENEW_MS = 5000  # of the profile `default`
COUNTS = (1, 100, 10000)
CORE_TARGET = 2  # percent of a core for 10,000 elections
RSS_TARGET, STATIC_TARGET, DIRTY_TARGET = 12 * 1000000, 8 * 1000000, 2 * 1000000
STATIC = os.path.join(ROOT, "build", "static", "leaderd")
CPU_TARGET, WAKE_TARGET = 0.01, 1
START_TARGET_MS = 25
SETTLED_MS = 240000


class Missed:
    """Collects targets that were not kept."""

    def __init__(self):
        self.what = []

    def judge(self, table, name, shown, value, limit):
        target, word = report.verdict(value, limit)
        table.add(name, shown, target, word)
        if value > limit:
            self.what.append(f"{name}: {shown}")


def volatile_directory():
    """Where the runtime directory is on a real host: in memory."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    return tempfile.mkdtemp(prefix="leaderd-cost-", dir=base)


# --- many elections ----------------------------------------------------------------------------

class Records:
    """When each election's record was last written, by Redis' clock."""

    SCRIPT = "local r={} for i,k in ipairs(KEYS) do r[i]=redis.call('HGET',k,'w') or '0' end return r"

    def __init__(self, server, names):
        self.keys = ["leader-election:" + name for name in names]
        self.link = socket.socket(socket.AF_UNIX)
        self.link.connect(server.socket)
        self.replies = self.link.makefile("rb")
        self.seen = self.look()
        self.gaps_ms = []

    def look(self):
        """A few hundred keys at a time: the server has others to serve."""
        found = []
        for at in range(0, len(self.keys), 250):
            keys = self.keys[at:at + 250]
            self.link.sendall(encoded(("EVAL", self.SCRIPT, len(keys), *keys)))
            found += [int(written) for written in decoded(self.replies)]
        return found

    def follow(self, seconds):
        """The times between two writes; looked at more often than they come."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(min(2, max(0, end - time.monotonic())))
            now = self.look()
            self.gaps_ms += [(b - a) / 1000 for a, b in zip(self.seen, now) if b != a and a > 0]
            self.seen = now

    def written(self):
        return sum(written > 0 for written in self.seen)


def renewals(server, count, seconds):
    names = [f"e{i:05}" for i in range(count)]
    runtime = volatile_directory()
    remembers = has_descriptors_for(count)
    daemon = Daemon("one", server.url, {
        "profile": "default", "state_dir": runtime if remembers else None,
        "store": {"restart_guard": False}}, elections=names, env={"RUNTIME_DIRECTORY": runtime},
        start=False)
    try:
        began_ms = boottime_ms()
        daemon.start()
        pid = daemon.process.pid
        settled_ms = settle(server, count, began_ms)
        records = Records(server, names)
        calls, meter, ticks = scripts_run(server), Meter(pid), user_and_system(pid)
        records.follow(seconds)
        spent = meter.stop()
        done = max(1, scripts_run(server) - calls)
        user, system = (b - a for a, b in zip(ticks, user_and_system(pid)))
        # None at all: later than we looked.
        late = sorted(max(0, gap - RENEW_MS) for gap in records.gaps_ms) or [seconds * 1000.0]
        return {"elections": count, "state_files": remembers, "settled_after_ms": settled_ms, "renewals": done,
                "renewals_per_s": done / spent["seconds"], **spent, "user_s": user, "system_s": system,
                "cpu_us_per_renewal": spent["cpu_seconds"] / done * 1e6,
                "late_ms": {"median": late[len(late) // 2], "p99": late[len(late) * 99 // 100],
                            "max": late[-1]},
                "changes": sum(gap < 0 for gap in records.gaps_ms), "memory": memory(pid)}
    finally:
        daemon.kill()
        daemon.remove()
        shutil.rmtree(runtime, ignore_errors=True)


def has_descriptors_for(count):
    """Each election has a lock and a flag, unless there is no state directory: then only a flag."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1] > 2 * count + 500


def scripts_run(server):
    """EVALSHA only: our own looks are EVAL."""
    stats = server.info("commandstats").get("cmdstat_evalsha", "calls=0,")
    return int(stats.split("calls=")[1].split(",")[0])


def user_and_system(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        words = file.read().rsplit(")", 1)[1].split()
    return [int(word) / os.sysconf("SC_CLK_TCK") for word in words[11:13]]


def settle(server, count, began_ms):
    """Until renewals come as they are due and nothing else happens: how long that took, in ms; None: too
    long. Health checks and diagnostics have calls of their own."""
    wanted = count * 1000 / RENEW_MS
    while boottime_ms() - began_ms < SETTLED_MS:
        before, at_ms, told = scripts_run(server), boottime_ms(), published(server)
        time.sleep(2 * RENEW_MS / 1000)
        rate = (scripts_run(server) - before) * 1000 / (boottime_ms() - at_ms)
        if wanted * 0.9 <= rate <= wanted * 1.15 + 2 and published(server) - told < 20:
            return at_ms - began_ms
    return None


def published(server):
    stats = server.info("commandstats").get("cmdstat_publish", "calls=0,")
    return int(stats.split("calls=")[1].split(",")[0])


def measure_renewals(seconds, missed, counts=COUNTS):
    table = report.Table("renewals", [
        "elections", "renewals/s", "CPU of a core", "CPU for each renewal, µs", "user : system, s",
        "late, ms: median", "99 %", "latest", "all led after, s", "RSS, MB"])
    results = []
    for count in counts:
        print(f"{count} elections", flush=True)
        server = RedisServer()
        try:
            result = renewals(server, count, seconds)
        finally:
            server.stop()
        results.append(result)
        late = result["late_ms"]
        table.add(f"{count:,}", report.number(result["renewals_per_s"]),
                  f"{report.number(result['cpu_percent'])} %",
                  report.number(result["cpu_us_per_renewal"]),
                  f"{result['user_s']:.2f} : {result['system_s']:.2f}",
                  *(report.number(late[k]) for k in ("median", "p99", "max")),
                  f"{result['settled_after_ms'] / 1000:.1f}" if result["settled_after_ms"] is not None
                  else f"> {SETTLED_MS / 1000:.0f}",
                  report.number(result["memory"]["rss"] / 1e6))
    table.note("late: how much more than the renewal interval of 5 s lies between two writes of a record, by Redis' "
               "clock. CPU with 1 election is mostly that of health checks")
    for result in results:
        if not result["state_files"]:
            table.note(f"{result['elections']:,} elections without state_dir: the limit of descriptors is "
                       f"{resource.getrlimit(resource.RLIMIT_NOFILE)[1]:,} here")
    targets = report.Table("renewals-target", ["", "measured", "target", ""])
    most = results[-1]
    missed.judge(targets, f"{most['elections']:,} elections, renewed every 5 s: CPU of a core",
                 f"{report.number(most['cpu_percent'])} %", most["cpu_percent"], CORE_TARGET)
    missed.judge(targets, "the latest of their renewals, ms after its time",
                 report.number(most["late_ms"]["max"]), most["late_ms"]["max"], 250)
    return [table, targets], results


# --- an idle daemon ----------------------------------------------------------------------------

def look_on(daemon, server, seconds):
    """One window: what the daemon spends, and what its server is asked."""
    monitor = Monitor(server) if server else None
    threads = wake_ups_by_thread(daemon.process.pid)
    meter = Meter(daemon.process.pid)
    time.sleep(seconds)
    found = meter.stop()
    found["redis"] = monitor.stop() if monitor else None
    woken = {thread: (count - threads.get(thread, 0)) / found["seconds"]
             for thread, count in wake_ups_by_thread(daemon.process.pid).items()}
    found["loop_wake_ups_per_s"] = woken.pop(daemon.process.pid)
    found["workers"] = len(woken)
    found["memory"] = memory(daemon.process.pid)
    return found


def idle_daemon(name, url):
    return Daemon(name, url, {"profile": "default"}, start=False)


def measure_idle(seconds, missed):
    """One after the other: what two daemons share makes the PSS of each look smaller. The follower has to
    have a leader beside it."""
    found = {}
    print(f"idle: {seconds} s each", flush=True)
    roles = ["leader", "follower", "local store"]
    if os.access(STATIC, os.X_OK):
        roles.append("leader, static build")
    else:
        print("static build: left out, make static makes it")
    for role in roles:
        runtime = volatile_directory()
        server = RedisServer() if role != "local store" else None
        daemon = idle_daemon("one", server.url if server else f"local:{runtime}/leases.db")
        daemon.env["RUNTIME_DIRECTORY"] = runtime
        daemon.settings["state_dir"] = runtime
        daemon.write_config()
        other = None
        try:
            if role == "follower":
                other = Daemon("other", server.url, {"profile": "default"})
                other.bootstrap()
                other.wait_leader()
                daemon.start()
                daemon.wait_state("follower")
            else:
                start_build(daemon, STATIC if "static" in role else binary())
                daemon.bootstrap()
                daemon.wait_leader()
            time.sleep(min(15, seconds))  # the first health check and run of diagnostics are over
            found[role] = look_on(daemon, server, seconds)
            if role == "follower":
                found[role]["redis"] = less(found[role]["redis"], found["leader"]["redis"])
        finally:
            for one in filter(None, (other, daemon)):
                one.terminate()
                one.remove()
            if server:
                server.stop()
            shutil.rmtree(runtime, ignore_errors=True)
    return idle_tables(found, seconds, missed), found


def start_build(daemon, build):
    usual = binary()
    os.environ["LEADERD"] = build
    try:
        daemon.start()
    finally:
        os.environ["LEADERD"] = usual


def less(both, leader):
    """The follower's part of what both asked."""
    sent = {word: both["sent"].get(word, 0) / both["seconds"] - leader["sent"].get(word, 0) / leader["seconds"]
            for word in both["sent"]}
    return {"sent_per_s": both["sent_per_s"] - leader["sent_per_s"],
            "inside_per_s": both["inside_per_s"] - leader["inside_per_s"],
            "seconds": both["seconds"],
            "sent": {word: round(rate * both["seconds"]) for word, rate in sent.items()}}


def idle_tables(found, seconds, missed):
    table = report.Table("idle", ["one election", "RSS, MB", "PSS, MB", "private dirty, MB", "CPU of a core",
                                  "wake-ups/s", "requests/s to Redis", "calls/s in Redis with those of scripts"])
    for role, result in found.items():
        asked = result["redis"]
        table.add(role, *(f"{result['memory'][k] / 1e6:.2f}" for k in ("rss", "pss", "private_dirty")),
                  f"{result['cpu_percent']:.4f} %", f"{result['wake_ups_per_s']:.2f}",
                  *([f"{asked['sent_per_s']:.2f}", f"{asked['sent_per_s'] + asked['inside_per_s']:.2f}"]
                    if asked else ["-", "-"]))
    for role in ("leader", "follower"):
        sent = found[role]["redis"]["sent"]
        table.note(f"{role}, requests in {seconds} s: "
                   + ", ".join(f"{word} {count}" for word, count in sent.items() if count))
    table.note("wake-ups: voluntary context switches of all threads (/proc/PID/task/*/status); of the loop alone: "
               + ", ".join(f"{role} {result['loop_wake_ups_per_s']:.2f}" for role, result in found.items()))
    targets = report.Table("idle-target", ["the leader beside Redis", "measured", "target", ""])
    leader = found["leader"]
    missed.judge(targets, "RSS, MB", f"{leader['memory']['rss'] / 1e6:.2f}", leader["memory"]["rss"] / 1e6,
                 RSS_TARGET / 1e6)
    missed.judge(targets, "private dirty, MB", f"{leader['memory']['private_dirty'] / 1e6:.2f}",
                 leader["memory"]["private_dirty"] / 1e6, DIRTY_TARGET / 1e6)
    missed.judge(targets, "CPU, % of a core", f"{leader['cpu_percent']:.4f}", leader["cpu_percent"],
                 CPU_TARGET)
    missed.judge(targets, "wake-ups/s", f"{leader['wake_ups_per_s']:.2f}", leader["wake_ups_per_s"],
                 WAKE_TARGET)
    if "leader, static build" in found:
        rss = found["leader, static build"]["memory"]["rss"] / 1e6
        missed.judge(targets, "RSS of the static build, MB", f"{rss:.2f}", rss, STATIC_TARGET / 1e6)
    return [table, targets]


# --- a start -----------------------------------------------------------------------------------

def one_start(daemon):
    """(ms to the first answer, ms to is_leader, CPU seconds until then) from before the fork."""
    began_ms = boottime_ms()
    process = subprocess.Popen([binary(), "serve", "--config", daemon.config_file], env=daemon.env,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    client = http_client.Client(daemon.control)
    try:
        while True:
            try:
                status = client.get("/watch")
                break
            except OSError:
                client.close()
                time.sleep(0.0003)
        first_ms = status.received_ms - began_ms
        while not status.json()["elections"]["demo"]["is_leader"]:
            status = client.get("/watch?timeout=10s&since=" + status.json()["cursor"])
        return first_ms, status.received_ms - began_ms, cpu_seconds(process.pid)
    finally:
        client.close()
        process.terminate()
        process.wait()


def measure_start(rounds, missed):
    table = report.Table("start", ["ms from exec", "first answer: median", "min", "max", "leads: median", "min",
                                   "max", "CPU until then, ms"])
    targets = report.Table("start-target", ["from exec to leading and answering", "measured", "target", ""])
    found = {}
    print(f"start: {rounds} times", flush=True)
    for kind in ("Redis", "local store"):
        server = RedisServer() if kind == "Redis" else None
        runtime = volatile_directory()
        daemon = Daemon("one", server.url if server else f"local:{runtime}/leases.db")
        try:
            daemon.bootstrap()
            daemon.wait_leader()
            daemon.terminate()  # which releases the key
            samples = [one_start(daemon) for _ in range(rounds)]
        finally:
            daemon.remove()
            shutil.rmtree(runtime, ignore_errors=True)
            if server:
                server.stop()
        first, leads, spent = (report.spread([s[i] for s in samples]) for i in range(3))
        found[kind] = {"first_answer_ms": first, "leads_ms": leads, "cpu_s": spent}
        table.add(kind, *(report.number(one[k]) for one in (first, leads) for k in ("median", "min", "max")),
                  report.number(spent["median"] * 1000))
        missed.judge(targets, f"{kind}, median in ms", report.number(leads["median"]), leads["median"],
                     START_TARGET_MS)
    return [table, targets], found


# -----------------------------------------------------------------------------------------------

def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("what", nargs="?", choices=("renewals", "idle", "start", "all"), default="all")
    parser.add_argument("--seconds", type=int, default=60, help="of the idle windows")
    parser.add_argument("--quick", action="store_true", help="20 s, 10 starts")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (65536, 65536))  # as systemd/leaderd.service has it
    except (OSError, ValueError):
        pass
    missed = Missed()
    tables, numbers = [], {}
    for name, measure in (("idle", lambda: measure_idle(20 if options.quick else options.seconds, missed)),
                          ("start", lambda: measure_start(10 if options.quick else 40, missed)),
                          ("renewals", lambda: measure_renewals(20 if options.quick else 30, missed))):
        if options.what in (name, "all"):
            made, numbers[name] = measure()
            tables += made
    report.finish(options.json, tables, numbers)
    for what in missed.what:
        print(f"MISSED {what}")
    return 1 if missed.what else 0


if __name__ == "__main__":
    sys.exit(main())
