#!/usr/bin/env python3
"""What runs out, what is full, read-only, slow, or years away.

usage: edges.py [--short] [--only CASE] [--seed N] [--list]

One line for each case: ok, skipped (a mount is not permitted here), or FINDING. --short leaves out
what takes long. Daemons are $LEADERD, else the build with sanitizers; ten thousand elections are run
by the release build.
"""
import argparse
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback

import injector  # first: it finds the others
import checker
import http_client
from daemon import ROOT, Daemon, binary
from history import History
from processes import Timeout, boottime_ms, eventually, temporary_directory
from recorder import Recorder
from redis_server import RedisServer

ELECTION = "demo"
YEAR_S = 365 * 86400 + 6 * 3600
START_EXITS = {69, 70, 77, 78}
CASES = []


class Finding(AssertionError):
    """What must not be."""


class Skipped(Exception):
    """It cannot be tried here."""


def case(long=False):
    def take(function):
        CASES.append((function.__name__.replace("_", "-"), function, long))
        return function
    return take


def expect(holds, what):
    if not holds:
        raise Finding(what)


class Stage:
    """All that a case starts; it is judged and cleaned up at the end."""

    def __init__(self):
        self.daemons, self.servers, self.mounts, self.undo = [], [], [], []
        self.history = History()
        self.recorder = Recorder(self.history, ELECTION)
        self.recorded = []

    def redis(self, *options, **how):
        server = RedisServer(*options, **how)
        self.servers.append(server)
        return server

    def daemon(self, name, url, settings=None, start=True, **how):
        made = Daemon(name, url, settings, start=False, **how)
        self.daemons.append(made)
        if start:
            made.start()
        return made

    def record(self, *daemons):
        for daemon in daemons:
            self.recorder.attach(daemon)
            self.recorded.append(daemon)

    def mount(self, size):
        """A small file system of our own; only root may."""
        place = temporary_directory("mount")
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", place],
                              capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise Skipped("mount: " + (made.stderr.strip() or "not permitted"))
        self.mounts.append(place)
        return place

    def end(self):
        for daemon in self.recorded:
            self.recorder.detach(daemon)
        problems = []
        for daemon in self.daemons:
            if daemon.process is None:
                continue
            if not daemon.stopped:
                try:
                    code = daemon.terminate(30)
                    if code != 0:
                        problems.append(f"{daemon.name} ended with {code}\n{daemon.process.tail(15)}")
                except Timeout as late:
                    problems.append(str(late))
            if daemon.process.traces:
                problems.append(f"{daemon.name}:\n{daemon.process.tail(50)}")
        for undo in reversed(self.undo):
            try:
                undo()
            except Exception as problem:  # pylint: disable=broad-except
                problems.append(f"{undo}: {problem}")
        for daemon in self.daemons:
            daemon.remove()
        for server in self.servers:
            server.stop()
        for place in self.mounts:
            subprocess.run(["umount", "-l", place], check=False)
        verdict = checker.judge(self.history.entries)
        problems += verdict.violations[:5]
        if problems:
            raise Finding("\n".join(problems))


def fill(place):
    """Leaves not a byte, and tells the file that holds them."""
    path = os.path.join(place, "filler")
    with open(path, "ab", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass
    return path


def answered(address, path="/livez", timeout=3):
    try:
        return http_client.request(address, "GET", path, timeout=timeout).status
    except (OSError, http_client.http.client.HTTPException):
        return None


def quiet(daemon, seconds=1.0):
    """It does not spin: the share of a core that it uses."""
    def used():
        with open(f"/proc/{daemon.process.pid}/stat", encoding="ascii") as file:
            words = file.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    before = used()
    time.sleep(seconds)
    return (used() - before) / seconds


def ended_with_a_word(daemon):
    code = daemon.end(20)
    said = [line for line in daemon.process.lines if line.strip()]
    expect(code in START_EXITS, f"ended with {code}\n{daemon.process.tail(15)}")
    expect(said, f"ended with {code} without a word")
    return code, said[-1]


# --- descriptors ---------------------------------------------------------------------------------


@case()
def descriptors_40_redis(stage):
    """Forty descriptors, a hundred clients: it leads on, and is well when they have gone."""
    return forty(stage, stage.redis().url)


@case()
def descriptors_40_local(stage):
    return forty(stage, "local:" + os.path.join(temporary_directory("file"), "leases.db"))


def forty(stage, url):
    # a lease that a busy host does not cost: this is not about time
    one = stage.daemon("one", url, {"profile": "default"}, start=False, prefix=("prlimit", "--nofile=40:40"))
    one.start()
    if url.startswith("redis"):
        one.bootstrap()
    token = one.wait_leader()["fencing_token"]
    two = stage.daemon("two", url)
    two.wait_state("follower")
    used = len(os.listdir(f"/proc/{one.process.pid}/fd"))
    links = [socket.create_connection(one.tcp, 5) for _ in range(100)]
    turned_away, until = 0, time.monotonic() + 4
    answers = []
    while time.monotonic() < until:
        answers.append(answered(one.control, timeout=1))
        expect(two.election()["fencing_token"] == token, "the reign ended")
    share = quiet(one)
    for link in links:
        link.settimeout(0.01)
        try:
            turned_away += b" 503 " in link.recv(200)
        except OSError:
            pass
        link.close()
    expect(share < 0.5, f"it spins: {share:.0%} of a core")
    eventually(lambda: answered(one.control) == 200, 10, "an answer when the clients have gone")
    expect(one.leads() and one.election()["fencing_token"] == token, "it does not lead on")
    eventually(lambda: len(os.listdir(f"/proc/{one.process.pid}/fd")) <= used + 2, 10, "descriptors given back")
    probes = {str(a): answers.count(a) for a in set(answers)}
    return f"{used} open before; probes answered {probes}, {turned_away} of 100 clients told 503"


@case()
def descriptors_at_start(stage):
    """Any limit: it starts, or ends with a documented code and a word."""
    server = stage.redis()
    outcomes = {}
    for limit in (64, 40, 32, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 5, 4):
        one = stage.daemon(f"n{limit}", server.url, start=False,
                           prefix=("prlimit", f"--nofile={limit}:{limit}"),
                           env={"ASAN_OPTIONS": "exitcode=99:detect_leaks=0"})
        one.start(ready=False)
        up = until(lambda: answered(one.control, timeout=1) == 200, 5, one)
        if up:
            outcomes[limit] = "up"
            one.kill()
        elif one.process.alive():
            said = [line for line in one.process.lines if "level=error" in line or "level=warn" in line]
            outcomes[limit] = "up, no clients"
            expect(said, f"with {limit} descriptors it is silent\n{one.process.tail()}")
            expect(quiet(one) < 0.5, f"with {limit} descriptors it spins")
            one.kill()
        else:
            code = one.end(10)
            trace = any("libuv" in line or "Sanitizer" in line for line in one.process.lines)
            if code in (127, 126) or (code == 1 and "error while loading" in "".join(one.process.lines)):
                outcomes[limit] = "not loaded"  # the dynamic linker has no descriptor
                continue
            if code == -signal.SIGABRT and not trace:
                outcomes[limit] = "ended by libuv"  # docs/troubleshooting.md: it cannot make its pipes
                continue
            expect(code in START_EXITS and one.process.lines,
                   f"with {limit} descriptors it ended with {code}\n{one.process.tail()}")
            outcomes[limit] = code
    return str(outcomes)


def until(look, seconds, daemon):
    end = time.monotonic() + seconds
    while time.monotonic() < end and daemon.process.alive():
        if look():
            return True
        time.sleep(0.02)
    return False


# --- disks ---------------------------------------------------------------------------------------


@case()
def full_disk_local_store(stage):
    """The leader's file cannot grow any more: it ends in time, says so, and leads again later."""
    place = stage.mount("512k")
    url = "local:" + os.path.join(place, "leases.db")
    one, two = stage.daemon("one", url), stage.daemon("two", url)
    eventually(lambda: one.leads() or two.leads(), 15, "a leader")
    stage.record(one, two)
    filler = fill(place)
    # What is there is written over in place, so it may lead on; a checkpoint or a first row cannot.
    time.sleep(6)
    for daemon in (one, two):
        expect(answered(daemon.control) == 200, "no answer with a full disk")
    led = one.leads() or two.leads()
    errors = sorted({e["reason"] for d in (one, two) for e in d.events("operation_error")})
    os.unlink(filler)
    eventually(lambda: one.leads() or two.leads(), 20, "a leader when there is room again")
    return f"led meanwhile: {led}; errors: {errors or 'none'}"


@case()
def full_disk_at_start_local(stage):
    place = stage.mount("256k")
    filler = fill(place)
    one = stage.daemon("one", "local:" + os.path.join(place, "leases.db"), start=False)
    one.start(ready=False)
    code, word = ended_with_a_word(one)
    os.unlink(filler)
    one.start()
    one.wait_leader()
    return f"{code}: {word[:90]}"


@case()
def full_disk_runtime(stage):
    """$RUNTIME and the state directory full, before and during: elections go on."""
    server = stage.redis()
    place = stage.mount("128k")
    one = stage.daemon("one", server.url, start=False)
    one.env["RUNTIME_DIRECTORY"] = place
    one.settings["state_dir"] = place
    one.write_config()
    filler = fill(place)
    one.start()
    one.bootstrap()
    one.wait_leader()
    said = [line for line in one.process.lines if "level=warn" in line]
    expect(said, "nothing is said of the flag and the memory that cannot be made")
    os.unlink(filler)
    expect(one.terminate() == 0, "it does not end well")
    one.start()
    one.wait_leader()  # now with flag and memory
    two = stage.daemon("two", server.url)
    two.wait_state("follower")
    stage.record(one, two)
    fill(place)
    token = one.election()["fencing_token"]
    one.post(f"/elections/{ELECTION}/step-down", {"hold_off": "500ms"})
    two.wait_leader()
    two.post(f"/elections/{ELECTION}/step-down", {"hold_off": "2s"})
    election = one.wait_leader()
    expect(election["fencing_token"] > token, "the token has not grown")
    return f"{len(said)} warnings at the start; {len(one.events('operation_error'))} errors later"


@case()
def read_only_file_system(stage):
    """Turned read-only while it leads by a file there, with its state and flag; and at the start."""
    place = stage.mount("1m")
    url = "local:" + os.path.join(place, "leases.db")
    one = stage.daemon("one", url, start=False)
    one.env["RUNTIME_DIRECTORY"] = place
    one.settings["state_dir"] = place
    one.settings["http"]["listeners"][1]["address"] = "unix:" + one.control
    one.write_config()
    one.start()
    one.wait_leader()
    two = stage.daemon("two", url)
    two.wait_state("follower")
    stage.record(one, two)
    held = remount(place, "ro")
    if not held:
        # files that are open for writing forbid it: bind it read-only for those who open anew
        note = "remount refused while files are open"
    else:
        note = "remounted"
        one.wait_election(lambda e: not e["lease"]["valid"], timeout=15)
        expect(answered(one.control) == 200, "no answer")
        remount(place, "rw")
        eventually(lambda: one.leads() or two.leads(), 20, "a leader when it can be written again")
    stage.recorder.detach(one), stage.recorder.detach(two)
    stage.recorded.clear()
    for daemon in (one, two):
        expect(daemon.terminate() == 0, f"{daemon.name} did not end well\n{daemon.process.tail(15)}")
    expect(remount(place, "ro"), "the file system is still in use after the end")
    one.start(ready=False)
    code, word = ended_with_a_word(one)
    remount(place, "rw")
    return f"{note}; at the start {code}: {word[:80]}"


def remount(place, how):
    return subprocess.run(["mount", "-o", f"remount,{how}", place], capture_output=True,
                          check=False).returncode == 0


@case()
def read_only_runtime(stage):
    """$RUNTIME cannot be written, the store is Redis."""
    place = stage.mount("1m")
    remount(place, "ro")
    one = stage.daemon("one", stage.redis().url, start=False)
    one.env["RUNTIME_DIRECTORY"] = place
    one.start(ready=False)
    code, word = ended_with_a_word(one)
    return f"{code}: {word[:110]}"


# --- clocks --------------------------------------------------------------------------------------


def step_library():
    made = os.path.join(ROOT, "build", "fault", "stepclock.so")
    os.makedirs(os.path.dirname(made), exist_ok=True)
    subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-shared", "-fPIC", "-O2", "-o", made,
                    os.path.join(ROOT, "tests", "torture", "stepclock.c")], check=True)
    return made


class Offset:
    """The wall clock of whoever has the library preloaded."""

    def __init__(self):
        self.path = os.path.join(temporary_directory("clock"), "offset")
        with open(self.path, "wb") as file:
            file.write(bytes(8))

    def step(self, seconds):
        with open(self.path, "r+b") as file:  # never empty: it is mapped
            file.write(struct.pack("<q", int(seconds * 10**9)))

    @property
    def env(self):
        return {**os.environ, "LD_PRELOAD": step_library(), "STEPCLOCK_FILE": self.path}


STEPS = (30, -20, 100, -50, 0, 200, -56, 225, -10)  # years
TOO_FAR = 232  # 2^53 us are in 2255, the end of Redis' own nanoseconds in 2262


@case()
def server_clock_by_years(stage):
    """Hand-over, crash and first election at each step: one leader, and a token that grows."""
    offset = Offset()
    server = stage.redis(env=offset.env)
    one, two = stage.daemon("one", server.url), stage.daemon("two", server.url)
    one.bootstrap()
    eventually(lambda: one.leads() or two.leads(), 15, "a leader")
    stage.record(one, two)
    token, tokens = 0, []
    for years in STEPS:
        offset.step(years * YEAR_S)
        time.sleep(0.3)
        leader = eventually(lambda: next((d for d in (one, two) if d.leads()), None), 20,
                            f"a leader after {years} years")
        other = two if leader is one else one
        leader.post(f"/elections/{ELECTION}/step-down", {"hold_off": "300ms"})
        try:
            taken = other.wait_leader(timeout=25)["fencing_token"]
        except Timeout as late:
            raise Finding(f"{years} years: nobody takes over: {late}") from None
        expect(taken > token, f"{years} years: the token fell from {token} to {taken}")
        token = taken
        tokens.append(years)
        for daemon in (one, two):
            expect(daemon.get("/metrics").status == 200 and daemon.get("/events").json(), "no JSON")
            expect(daemon.get("/status?format=text").status == 200, "no text")
    beyond_all_clocks(offset, one, two, token)
    return f"steps of {len(tokens)} sizes, last token {token}"


def beyond_all_clocks(offset, one, two, token):
    """Nobody can lead, it is said why, and what was written can still be read when the clock is set."""
    offset.step(TOO_FAR * YEAR_S)
    for daemon in (one, two):
        eventually(lambda d=daemon: not d.leads(), 20, "the end of the lease")
        eventually(lambda d=daemon: "beyond the year 2254" in d.process.tail(50), 20, "a word")
    offset.step(0)
    leader = eventually(lambda: next((d for d in (one, two) if d.leads()), None), 20, "a leader again")
    expect(leader.election()["fencing_token"] > token, "the token fell")


@case()
def own_clock_by_years(stage):
    """The daemon's own wall clock: it is for people, and decides nothing."""
    offset = Offset()
    server = stage.redis()
    env = {k: v for k, v in offset.env.items() if k in ("STEPCLOCK_FILE", "LD_PRELOAD")}
    os.environ["LEADERD"], before = os.path.join(ROOT, "build", "release", "leaderd"), os.environ.get("LEADERD")
    try:
        one = stage.daemon("one", server.url, {"profile": "default"}, env=env)
    finally:
        restore("LEADERD", before)
    one.bootstrap()
    token = one.wait_leader()["fencing_token"]
    stage.record(one)
    for years in (30, -20, 100, -55, 290, 235, 0):
        offset.step(years * YEAR_S)
        time.sleep(1)
        status = one.get("/status")
        expect(status.status == 200, "no status")
        expect(re.match(r"\d{4}-\d\d-\d\dT", status.json()["generated_at"]), f"no date: {status}")
        election = one.election()
        expect(election["is_leader"] and election["fencing_token"] == token, f"{years} years: {election}")
        for path in ("/events", "/metrics", "/config", "/performance", "/diagnostics"):
            answered(one.tcp, path)
    return "the reign went on"


def restore(name, value):
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


# --- size ----------------------------------------------------------------------------------------


@case()
def metadata_32768_bytes(stage):
    """Sixteen keys with a thousand characters each, of one to four bytes, in both stores."""
    sizes = []
    for kind, value in (("letters", "x" * 1000), ("quotes", "\"\\" * 500), ("umlauts", "äöü€" * 250),
                        ("four bytes", "😀𝕏" * 500)):
        metadata = {f"{'k' * 58}{i:02d}{'ß' * 4}": value for i in range(16)}
        size = len(json.dumps(metadata, ensure_ascii=False).encode())
        for url in (stage.redis().url, "local:" + os.path.join(temporary_directory("file"), "leases.db")):
            name = f"{kind[0]}{url[0]}"
            one = stage.daemon(name + "1", url, {"metadata": metadata})
            if url.startswith("redis"):
                one.bootstrap()
            one.wait_leader()
            two = stage.daemon(name + "2", url, {"metadata": metadata})
            seen = two.wait_election(lambda e: e["leader"] is not None, what="a leader")
            expect(seen["leader"]["metadata"] == metadata, f"{kind}: the other sees other metadata")
            for path in ("/status", "/status?format=text", "/config", "/config?format=text", "/events", "/metrics",
                         f"/elections/{ELECTION}?field=leader.metadata"):
                expect(answered(two.tcp, path) == 200, f"{kind}: {path}")
            for daemon in (one, two):
                expect(daemon.terminate() == 0, "it does not end well")
        sizes.append(f"{kind} {size}")
    return ", ".join(sizes) + " bytes"


@case()
def metadata_beyond_the_limit(stage):
    """One character more is refused with a word."""
    for metadata in ({"k": "x" * 1001}, {"k" * 65: "x"}, {f"k{i}": "x" for i in range(17)}):
        one = stage.daemon("one", "local", {"metadata": metadata}, start=False)
        one.start(ready=False)
        code, word = ended_with_a_word(one)
        expect(code == 78, f"{code}: {word}")
    return word[:90]


@case(long=True)
def ten_thousand_elections_redis(stage):
    return many(stage, 10000, stage.redis().url)


@case(long=True)
def ten_thousand_elections_local(stage):
    return many(stage, 10000, "local:" + os.path.join(temporary_directory("file"), "leases.db"))


@case()
def a_thousand_elections_few_descriptors(stage):
    """Each election has two files of its own: without descriptors it does without them."""
    return many(stage, 1000, stage.redis().url, ("prlimit", "--nofile=256:256"), short=True)


def many(stage, count, url, prefix=(), short=False):
    """Starts, leads all, and stops in order; `short`: of descriptors."""
    before = os.environ.get("LEADERD")
    os.environ["LEADERD"] = os.path.join(ROOT, "build", "release", "leaderd")
    try:
        names = [f"e{i:05d}" for i in range(count)]
        settings = {"store": {"restart_guard": False} if url.startswith("redis") else {},
                    "profile": "default", "log": {"level": "warn"}}
        began = time.monotonic()
        one = stage.daemon("one", url, settings, elections=names, prefix=prefix, start=False)
        one.start(ready=False)
        eventually(lambda: answered(one.control) == 200 or not one.process.alive(), 60, "a first answer")
        led = eventually(lambda: leading(one) == count, 240, f"{count} elections led")
        expect(led, "not all are led")
        up_s = time.monotonic() - began
        memory = memory_mb(one.process.pid)
        files = len(os.listdir(f"/proc/{one.process.pid}/fd"))
        warned = [line for line in one.process.lines if "too few descriptors" in line]
        flags = len([name for name in os.listdir(one.directory) if name.endswith(".lease")])
        expect(flags > 0 and len(warned) == (flags < count) and (warned or not short),
               f"{flags} leader flags, and was told: {warned}")
        time.sleep(2)
        expect(leading(one) == count, "some were lost")
        began = time.monotonic()
        code = one.terminate(120)
        down_s = time.monotonic() - began
        expect(code == 0, f"ended with {code}\n{one.process.tail(20)}")
        expect(down_s < 60, f"it took {down_s:.0f} s to end")
        # released, not left to run out: another leads them at once
        two = stage.daemon("two", url, {**settings, "log": {"level": "info"}}, elections=names[:3])
        for name in names[:3]:
            two.wait_leader(name, 10)
        return f"all led in {up_s:.1f} s, ended in {down_s:.1f} s, {memory} MB, {files} descriptors"
    finally:
        restore("LEADERD", before)


def leading(daemon):
    try:
        text = http_client.request(daemon.control, "GET", "/metrics", timeout=20).text()
    except (OSError, http_client.http.client.HTTPException):
        return 0
    return len(re.findall(r"^leaderd_is_leader\{[^}]*\} 1$", text, re.M))


def memory_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmRSS"))


# --- a store that is slow ------------------------------------------------------------------------


@case()
def slow_store(stage):
    """Every call takes longer than may be, again and again, for two leases."""
    server = stage.redis()
    one, two = stage.daemon("one", server.url), stage.daemon("two", server.url)
    one.bootstrap()
    eventually(lambda: one.leads() or two.leads(), 15, "a leader")
    stage.record(one, two)
    pauses = random.Random(1)
    until_s = time.monotonic() + 10
    while time.monotonic() < until_s:
        server.command("CLIENT", "PAUSE", str(pauses.choice((100, 300, 450, 700, 1500))), "ALL")
        for daemon in (one, two):
            expect(answered(daemon.control, "/livez", 2) == 200, f"{daemon.name} does not answer")
        time.sleep(pauses.random())
    eventually(lambda: one.leads() or two.leads(), 20, "a leader when it is quick again")
    return f"{len(one.events('leadership_lost')) + len(two.events('leadership_lost'))} reigns lost"


@case()
def store_that_never_answers(stage):
    """Frozen for longer than a lease, also while a daemon starts and while one ends."""
    server = stage.redis()
    one = stage.daemon("one", server.url)
    one.bootstrap()
    one.wait_leader()
    stage.record(one)
    server.freeze()
    two = stage.daemon("two", server.url)
    one.wait_election(lambda e: not e["is_leader"], timeout=6)
    began = time.monotonic()
    three = stage.daemon("three", server.url)
    expect(three.terminate(20) == 0, "it does not end while the store is silent")
    took = time.monotonic() - began
    server.thaw()
    eventually(lambda: one.leads() or two.leads(), 20, "a leader")
    return f"ended in {took:.1f} s while the store was silent"


def run(name, function, seed):
    stage = Stage()
    random.seed(f"{seed} {name}")
    began = time.monotonic()
    word, what = "ok", ""
    try:
        try:
            what = function(stage) or ""
        finally:
            stage.end()
    except Skipped as skipped:
        word, what = "skipped", str(skipped)
    except Exception as finding:  # pylint: disable=broad-except
        known = isinstance(finding, AssertionError)
        word, what = "FINDING", str(finding) if known else traceback.format_exc()
    print(f"{word:8} {name:38} {time.monotonic() - began:6.1f} s  {what}", flush=True)
    return word


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(f"{name:40} {'long' if long else ''}" for name, _, long in CASES))
        return 0
    chosen = [c for c in CASES if (c[0] == arguments.only if arguments.only else not (arguments.short and c[2]))]
    if not chosen:
        parser.error(f"unknown: {arguments.only}; see --list")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    words = [run(name, function, arguments.seed) for name, function, _ in chosen]
    print(f"edges: {words.count('ok')} well, {words.count('skipped')} skipped, {words.count('FINDING')} findings; "
          f"again with --only CASE")
    return 1 if "FINDING" in words else 0


if __name__ == "__main__":
    sys.exit(main())
