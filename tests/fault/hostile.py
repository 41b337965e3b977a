#!/usr/bin/env python3
"""A Redis that answers with anything, at daemons built with sanitizers.

usage: hostile.py [--seconds 60] [--seed N] [--limit-mb 250]

Three daemons (one server, Sentinel, Cluster) and `leaderd diagnose` talk to it. In turn it is

  garbage  any type, any length, nested, cut, lied about, one byte at a time, unasked, late, never;
           now and then polite, so that what lies deeper is reached. Another daemon leads all the
           time at the honest server behind it: nobody may claim to lead through it.
  mutant   the honest server's answers, broken in a place: anything may come of it but a crash
  honest   and all must be well again

Nothing may crash, hang, or grow beyond the limit. What a connection is sent depends on the seed and
its number; the last answers before a finding are kept in build/fault/.
"""
import argparse
import asyncio
import collections
import logging
import os
import random
import subprocess
import sys
import threading
import time

import injector  # first: it finds the others
import http_client
from daemon import ROOT, Daemon, environment
from processes import TRACES, Timeout, eventually, remove_directory, temporary_directory
from redis_server import RedisServer

PROGRAM = os.path.join(ROOT, "build", "asan", "leaderd")
ASAN = ("exitcode=99:detect_leaks=1:detect_stack_use_after_return=0:quarantine_size_mb=8:"
        "max_allocation_size_mb=64:allocator_may_return_null=0")
ANSWER_S = 15  # sanitizers and two busy cores
ELECTION = "hostile"
ELECTIONS = (ELECTION, "b", "c", "d", "e")

INTEGERS = [0, 1, -1, 2, 7, 255, 4096, 65536, 2**31 - 1, 2**31, 2**32, 2**53, 2**63 - 1, -2**63, 2**63, 10**30]
ERRORS = [b"ERR", b"", b" ", b"NOSCRIPT No matching script.", b"NOSCRIPT", b"LOADING Redis is loading",
          b"NOAUTH Authentication required.", b"WRONGPASS invalid", b"NOPERM no permissions",
          b"READONLY You can't write", b"MASTERDOWN Link down", b"BUSY Redis is busy", b"OOM command not allowed",
          b"MISCONF Redis is configured", b"NOREPLICAS Not enough", b"CLUSTERDOWN Hash slot not served",
          b"TRYAGAIN Multiple keys", b"CROSSSLOT", b"MOVED", b"MOVED 1", b"MOVED 1 :0", b"MOVED -1 1.2.3.4:99999",
          b"MOVED 16384 127.0.0.1:1", b"MOVED 3999 [::1]:6379", b"MOVED 1 " + b"h" * 5000 + b":1", b"ASK 3999 ",
          b"ASK 99999999999999999999 127.0.0.1:1", b"ASK 1 127.0.0.1:1", b"EXECABORT", b"FOREIGN leaderd: x",
          b"WRONGTYPE Operation", b"UNKILLABLE", b"ERR unknown command", b"ERR max number of clients reached",
          b"\x1b[2J\x00\x07\xff\xfe", b"E" * 100000, b"IDONTKNOW No such master", b"NOGOODSLAVE"]
LIES = [b"$2147483647\r\n", b"$-2\r\n", b"$9223372036854775807\r\nx", b"$18446744073709551616\r\n", b"$1048577\r\nab",
        b"*2147483647\r\n", b"*4097\r\n", b"*-5\r\n", b"*1000000\r\n:1\r\n", b"*9223372036854775807\r\n",
        b":99999999999999999999\r\n", b":\r\n", b"$\r\n", b"*\r\n", b"$5\r\nabc", b"$3\r\nabcdef\r\n", b"$5x\r\nabcde\r\n",
        b"+" + b"a" * 300000, b"\r\n\r\n", b"\n", b"\x00" * 50, b"?what\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x0a", b"*1\r\n" * 10000, b"*2\r\n" * 6 + b":1\r\n", b"*4096\r\n" * 20,
        b"%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n", b"~2\r\n:1\r\n:2\r\n", b">3\r\n+message\r\n+a\r\n+b\r\n", b"_\r\n", b"#t\r\n",
        b"#x\r\n", b",1.5\r\n", b",inf\r\n", b",nan\r\n", b",1e999999\r\n", b"(3492890328409238509324850943850943825024385\r\n",
        b"=15\r\ntxt:Some string\r\n", b"!5\r\nERR x\r\n", b"|1\r\n+k\r\n+v\r\n:1\r\n", b"$?\r\n;4\r\nHell\r\n;0\r\n", b"*?\r\n:1\r\n.\r\n"]
TEXTS = [b"", b"-1", b"0", b"1", b"9007199254740993", b"9223372036854775808", b"1e9", b" 1", b"0x10", b"\x00", b"a\x00b",
         b"\xff\xfe\xfd", b"\xe2\x80\xae", b"%s%n%d", b"h", b"r", b"g", b"v", b"-", b"x" * 129, b"y" * 4097, b"z" * 200000,
         b'{"i":1e400,"w":-1,"m":{"a":"b"}}', b'{"i":99999999999999999999}', b'{"m":' + b'{"a":' * 3000 + b"1" + b"}" * 3001,
         b'{"m":{"a":"\\u0000"}}', b'{"m":{"\\ud800":"x"}}', b'{"m":{"a":1,"a":2}}', b"[" * 5000, b'{"m":"' + b"q" * 130000 + b'"}',
         b"role:slave\r\nmaster_replid:\r\n", b"role:master\r\n" + b"k:v\r\n" * 5000, b"redis_version:99999999999.0.-1\r\n",
         b"no colon at all", b"127.0.0.1", b"::1", b"..", b"localhost:0", b"65536"]


class Cut(Exception):
    """The bytes end within a value."""


def parse(data, at=0):
    """(value, end): values are pairs of type and content, as RESP2 has them."""
    end = data.find(b"\r\n", at)
    if end < 0:
        raise Cut
    kind, rest = data[at:at + 1], data[at + 1:end]
    at = end + 2
    if kind == b"$":
        size = int(rest)
        if size < 0:
            return (b"$", None), at
        if len(data) < at + size + 2:
            raise Cut
        return (b"$", data[at:at + size]), at + size + 2
    if kind == b"*":
        items = []
        for _ in range(max(0, int(rest))):
            item, at = parse(data, at)
            items.append(item)
        return (b"*", items if int(rest) >= 0 else None), at
    return (kind, int(rest) if kind == b":" else rest), at


def encode(value):
    kind, content = value
    if kind == b"$":
        return b"$-1\r\n" if content is None else b"$%d\r\n%s\r\n" % (len(content), content)
    if kind == b"*":
        return b"*-1\r\n" if content is None else b"*%d\r\n" % len(content) + b"".join(map(encode, content))
    return kind + (b"%d" % content if isinstance(content, int) else content) + b"\r\n"


def anything(noise, depth=0):
    """A well-formed value of any kind."""
    kind = noise.randrange(8 if depth < 6 else 6)
    if kind == 0:
        return (b"+", noise.choice([b"OK", b"PONG", b"", b"QUEUED", b"x" * 70000]))
    if kind == 1:
        return (b"-", noise.choice(ERRORS))
    if kind == 2:
        return (b":", noise.choice(INTEGERS))
    if kind in (3, 4):
        return (b"$", noise.choice(TEXTS))
    if kind == 5:
        return noise.choice([(b"$", None), (b"*", None), (b"*", [])])
    return (b"*", [anything(noise, depth + 1) for _ in range(noise.choice([1, 2, 3, 5, 17, 18, 60]))])


def mutated(noise, value, keep_head):
    """A value that differs in a place or two. The first word of a list stays when it says what has
    become of a lease: a forged grant is nothing that could be told from a real one."""
    kind, content = value
    if kind == b"*" and content and noise.random() < 0.85:
        items = list(content)
        first = 1 if keep_head and len(items) > 1 else 0
        for _ in range(noise.choice((1, 1, 2, 4))):
            how = noise.randrange(8)
            at = noise.randrange(first, len(items)) if len(items) > first else 0
            if how == 0 and len(items) > first:
                del items[at]
            elif how == 1:
                items.insert(max(at, first), anything(noise))
            elif how == 2 and not keep_head:
                noise.shuffle(items)
            elif len(items) > first:
                items[at] = mutated(noise, items[at], False)
        return (b"*", items)
    if noise.random() < 0.4:
        return anything(noise)
    if isinstance(content, int):
        return (kind, noise.choice(INTEGERS))
    if isinstance(content, bytes):
        how = noise.randrange(5)
        if how == 0:
            return (kind if kind == b"$" else b"$", noise.choice(TEXTS))
        if how == 1 and content:
            at = noise.randrange(len(content))
            return (b"$", content[:at] + bytes([noise.randrange(256)]) + content[at + 1:])
        if how == 2:
            return (b"$", content * noise.choice((0, 2, 100)))
        if how == 3:
            return (noise.choice((b"$", b":")), noise.choice(INTEGERS) if noise.random() < 0 else b"12")
        return (b"$", content[:noise.randrange(len(content) + 1)])
    return anything(noise)


class Hostile:
    """The server, on a loop and thread of its own."""

    def __init__(self, seed, real):
        self.seed, self.real = seed, real
        self.phase = "honest"
        self.connections = self.answers = 0
        self.kinds = collections.Counter()
        self.recent = collections.deque(maxlen=400)
        self.writers, self.tasks = set(), set()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self.serve, "127.0.0.1", 0, limit=1 << 22), self.loop).result()
        self.port = self.server.sockets[0].getsockname()[1]

    def turn(self, phase):
        self.phase = phase
        self.loop.call_soon_threadsafe(lambda: [w.transport.abort() for w in list(self.writers)])

    async def serve(self, reader, writer):
        self.connections += 1
        number = self.connections
        noise = random.Random(f"{self.seed} {number}")
        self.writers.add(writer)
        task = asyncio.current_task()
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        try:
            if self.phase == "garbage":
                await self.be_garbage(noise, number, reader, writer)
            else:
                await self.be_between(noise, number, reader, writer, self.phase == "mutant")
        except (OSError, asyncio.IncompleteReadError, EOFError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    # --- with a real server behind it --------------------------------------------------------

    async def ask_real(self, link, words):
        behind_reader, behind_writer = link
        behind_writer.write(encode((b"*", [(b"$", w) for w in words])))
        data = b""
        while True:
            piece = await asyncio.wait_for(behind_reader.read(1 << 16), 5)
            if not piece:
                raise EOFError
            data += piece
            try:
                return parse(data)[0]
            except Cut:
                pass

    async def be_between(self, noise, number, reader, writer, mutant):
        behind = await asyncio.open_unix_connection(self.real.socket)

        async def forward():
            while piece := await reader.read(1 << 16):
                behind[1].write(piece)

        sender = asyncio.ensure_future(forward())
        data = b""
        try:
            while piece := await behind[0].read(1 << 16):
                if not mutant:
                    writer.write(piece)
                    await writer.drain()
                    continue
                data += piece
                while data:
                    try:
                        value, end = parse(data)
                    except Cut:
                        break
                    data = data[end:]
                    if noise.random() < 0.08:
                        value = mutated(noise, value, False)
                    await self.say(noise, number, writer, encode(value), noise.random() < 0.03)
        finally:
            sender.cancel()
            behind[1].close()

    # --- garbage ------------------------------------------------------------------------------

    async def be_garbage(self, noise, number, reader, writer):
        manner = noise.choice(["polite"] * 7 + ["rude"] * 3 + ["silent", "closes", "speaks first", "floods"])
        self.kinds[manner] += 1
        if manner == "closes":
            return
        if manner == "silent":
            await asyncio.wait_for(reader.read(), 3600)
            return
        if manner == "floods":
            piece = noise.choice([b"+OK\r\n" * 5000, encode(anything(noise)), b"$100000000\r\n" + b"x" * 60000])
            for _ in range(max(1, 3000000 // len(piece))):
                if writer.transport.is_closing():
                    return
                await self.say(noise, number, writer, piece, False)
            return
        if manner == "speaks first":
            await self.say(noise, number, writer, self.rubbish(noise), True)
        link = await asyncio.open_unix_connection(self.real.socket)
        try:
            data = b""
            while True:
                piece = await reader.read(1 << 16)
                if not piece:
                    return
                data += piece
                while data:
                    try:
                        command, end = parse(data)
                    except Cut:
                        break
                    data = data[end:]
                    words = [item[1] for item in command[1]]
                    await self.reply(noise, number, writer, link, words, manner == "polite")
        finally:
            link[1].close()

    def rubbish(self, noise):
        if noise.random() < 0.4:
            return noise.choice(LIES)
        return encode(anything(noise))

    async def reply(self, noise, number, writer, link, words, polite):
        name = words[0].upper()
        greeting = name in (b"AUTH", b"SELECT", b"CLIENT", b"PING", b"ROLE", b"HELLO")
        if polite and greeting and noise.random() < 0.97:
            answer = encode(self.known(words) or await self.ask_real(link, words))
        elif noise.random() < (0.15 if polite else 0.6):
            answer = self.rubbish(noise)
        elif noise.random() < 0.03:
            return  # never
        else:
            value = self.known(words) or await self.ask_real(link, words)
            grants = name in (b"EVALSHA", b"EVAL", b"FCALL")
            answer = encode(mutated(noise, value, grants) if noise.random() < 0.6 else value)
        if noise.random() < 0.02:
            answer += answer  # more than was asked for
        await self.say(noise, number, writer, answer, noise.random() < 0.1)
        if noise.random() < 0.01:
            raise EOFError

    def known(self, words):
        """What the real server is not asked: sentinels and clusters."""
        here = [(b"$", b"127.0.0.1"), (b"$", b"%d" % self.port)]
        name = words[0].upper()
        second = words[1].upper() if len(words) > 1 else b""
        if name == b"SENTINEL" and second == b"GET-MASTER-ADDR-BY-NAME":
            return (b"*", here)
        if name == b"SENTINEL":
            return (b"*", [])
        if name == b"CLUSTER" and second in (b"SLOTS", b"SHARDS"):
            return (b"*", [(b"*", [(b":", 0), (b":", 16383), (b"*", [here[0], (b":", self.port), (b"$", b"a" * 40)])])])
        if name in (b"SUBSCRIBE", b"SSUBSCRIBE"):
            return (b"*", [(b"$", b"subscribe"), (b"$", words[1]), (b":", 1)])
        return None

    async def say(self, noise, number, writer, data, strange):
        self.answers += 1
        self.recent.append((number, data[:300]))
        if strange:
            how = noise.randrange(4)
            if how == 0 and len(data) < 400:
                for i in range(len(data)):
                    writer.write(data[i:i + 1])
                    await asyncio.sleep(0.001)
                return
            if how == 1:
                writer.write(data[:noise.randrange(len(data) + 1)])  # and never the rest
                return
            if how == 2:
                await asyncio.sleep(noise.choice((0.05, 0.3, 0.7)))
            elif data:
                at = noise.randrange(len(data))
                data = data[:at] + bytes([noise.randrange(256)]) + data[at + noise.choice((0, 1, 3)):]
        if not writer.transport.is_closing():
            writer.write(data)
            await writer.drain()


class Judge:
    """The daemons, and what must hold of them."""

    def __init__(self, port, limit_mb):
        self.limit_mb = limit_mb
        self.findings = []
        urls = {"plain": f"redis://127.0.0.1:{port}/0",
                "sentinel": f"redis+sentinel://127.0.0.1:{port},localhost:{port}/mymaster/0",
                "cluster": f"redis+cluster://127.0.0.1:{port},localhost:{port}"}
        store = {"reconnect": {"min": "10ms", "max": "40ms"}, "connect_timeout": "300ms",
                 "circuit_breaker": {"failures": 1000, "open_for": "100ms"}}
        self.daemons = {}
        for name in ("plain", "sentinel", "cluster"):
            self.daemons[name] = Daemon(
                name, urls[name], {"store": store, "health": {"interval": "1s"},
                                   "diagnostics": {"interval": "5s"}, "log": {"level": "error"}},
                elections=ELECTIONS, env={"ASAN_OPTIONS": ASAN}, start=False)
            self.daemons[name].start(ready=False)
        for daemon in self.daemons.values():
            eventually(lambda d=daemon: self.says(d) is not None or not d.process.alive(), 30,
                       "a first answer")
        self.peak = {}

    def find(self, what):
        print("FINDING " + what, flush=True)
        self.findings.append(what)

    def says(self, daemon):
        try:
            answer = http_client.request(daemon.control, "GET", "/status", timeout=ANSWER_S)
            return answer.json() if answer.status == 200 else None
        except (OSError, ValueError, http_client.http.client.HTTPException):
            return None

    def look(self, nobody_leads):
        """False when a daemon is beyond use."""
        for name, daemon in self.daemons.items():
            if not daemon.process.alive() or daemon.process.traces:
                time.sleep(1)
                self.find(f"{name} died:\n" + daemon.process.tail(60))
                return False
            status = self.says(daemon)
            if status is None:
                self.find(f"{name} does not answer within {ANSWER_S} s\n" + daemon.process.tail(20))
                return False
            led = [e for e in status["elections"].values() if e["is_leader"]]
            if nobody_leads and led:
                self.find(f"{name} claims to lead: {led}")
                return False
            used = memory_mb(daemon.process.pid)
            self.peak[name] = max(self.peak.get(name, 0), used)
            if used > self.limit_mb:
                self.find(f"{name} uses {used} MB")
                return False
        return True

    def end(self):
        for name, daemon in self.daemons.items():
            if daemon.process.alive():
                try:
                    code = daemon.terminate(30)
                except Timeout as late:
                    self.find(f"{name} does not end: {late}")
                    continue
                if code != 0 or daemon.process.traces:
                    self.find(f"{name} ended with {code}\n" + daemon.process.tail(60))
            daemon.remove()


def memory_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmRSS"))


def diagnose(judge, port, stop, counts):
    """The client does the same examinations by itself."""
    directory = temporary_directory("diagnose")
    kinds = [f"redis://127.0.0.1:{port}", f"redis+sentinel://127.0.0.1:{port}/mymaster",
             f"redis+cluster://127.0.0.1:{port}"]
    while not stop.wait(1):
        url = kinds[counts["diagnose"] % len(kinds)]
        counts["diagnose"] += 1
        child = subprocess.Popen([PROGRAM, "diagnose", "redis", "--store", url],
                                 env=environment(directory, {"ASAN_OPTIONS": ASAN}), text=True,
                                 errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT)
        try:
            output, _ = child.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            child.kill()
            judge.find(f"diagnose --store {url} does not end")
            break
        if child.returncode not in (0, 2, 69) or TRACES.search(output):
            judge.find(f"diagnose --store {url}: {child.returncode}\n{output[-3000:]}")
    remove_directory(directory)


def run(arguments):
    real = RedisServer()
    rival = Daemon("rival", real.unix_url, {"health": {"interval": "1h"}}, elections=ELECTIONS)
    for election in ELECTIONS:
        rival.bootstrap(election)
        rival.wait_leader(election)
    hostile = Hostile(arguments.seed, real)
    judge = Judge(hostile.port, arguments.limit_mb)
    stop, counts = threading.Event(), collections.Counter()
    helper = threading.Thread(target=diagnose, args=(judge, hostile.port, stop, counts), daemon=True)
    began = time.monotonic()
    share = {"garbage": 0.55, "mutant": 0.3}
    helper.start()
    good = True
    for phase in ("garbage", "mutant"):
        hostile.turn(phase)
        end = time.monotonic() + share[phase] * arguments.seconds
        while good and time.monotonic() < end:
            good = judge.look(phase == "garbage")
            time.sleep(0.2)
        print(f"{phase:8} {hostile.connections} connections, {hostile.answers} answers so far; "
              f"MB at most: {judge.peak}", flush=True)
    stop.set()
    helper.join(70)
    hostile.turn("honest")
    if good:
        recover(judge, rival)
    judge.end()
    if judge.findings:
        keep(hostile)
    rival.remove()
    real.stop()
    print(f"hostile: seed {arguments.seed}, {hostile.connections} connections ({dict(hostile.kinds)}), "
          f"{hostile.answers} answers, {counts['diagnose']} times diagnose, {len(judge.findings)} findings "
          f"({time.monotonic() - began:.0f} s)")
    return 1 if judge.findings else 0


def recover(judge, rival):
    """Where the server is honest again, the rival is known, and who is told to takes over. (A server
    that is no Sentinel and no Cluster is left alone by the other two.)"""
    plain = judge.daemons["plain"]
    try:
        eventually(lambda: election_of(judge, plain).get("leader"), 60, "a known leader")
        rival.post(f"/elections/{ELECTION}/step-down", {"hold_off": "20s"})
        eventually(lambda: election_of(judge, plain).get("is_leader"), 40, "leadership")
    except AssertionError as late:
        judge.find(f"does not recover: {late}\n{plain.process.tail(20)}\n{judge.says(plain)}")


def election_of(judge, daemon):
    status = judge.says(daemon)
    return status["elections"][ELECTION] if status else {}


def keep(hostile):
    path = os.path.join(ROOT, "build", "fault", "hostile.txt")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        for number, data in list(hostile.recent):
            file.write(f"{number} {data!r}\n")
    print(f"the last answers: {path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--limit-mb", type=int, default=250)
    arguments = parser.parse_args()
    os.environ["LEADERD"] = PROGRAM
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # clients hang up on a server like this
    print(f"seed {arguments.seed}", flush=True)
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
