"""Those whom peers.py compares: each is a store and two participants that want to lead.

A contestant tells what its participants say, as it is heard: (boot time in ms, who, word), where the
word is `leads`, `lost`, `beat` (it works as leader) or `gone` (the process has ended).
"""
import http.client
import os
import shutil
import signal
import sys
import tempfile
import threading

import http_client
from daemon import Daemon, binary
from meters import Monitor
from processes import Process, Timeout, boottime_ms, eventually, free_port
from redis_server import RedisServer
from report import SYSTEM_PYTHON, output

LEASE_MS = 3000
RENEW_MS = 1000
LOOK_MS = 500  # of leaderd's profile `fast`: how often a waiter looks
CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients.py")
# The command is a shell for hand-over, as Python would take 20 ms to start.
QUICK_WORK = ["sh", "-c", "echo leads; exec sleep 100000"]
BEATING_WORK = [sys.executable, CLIENTS, "work", "--beat"]


class Heard:
    """What was said, in the order in which it came."""

    def __init__(self):
        self.all = []
        self.news = threading.Condition()

    def tell(self, who, word):
        at_ms = boottime_ms()
        with self.news:
            self.all.append((at_ms, who, word))
            self.news.notify_all()

    def wait(self, word, after_ms, timeout, but=None):
        """The first (time, who) that said so since then, other than `but`."""
        end_ms = boottime_ms() + timeout * 1000
        at = 0
        with self.news:
            while True:
                while at < len(self.all):
                    when, who, what = self.all[at]
                    at += 1
                    if what == word and when >= after_ms and who != but:
                        return when, who
                left_ms = end_ms - boottime_ms()
                if left_ms <= 0:
                    raise Timeout(f"nobody but {but} said {word!r}; the last words: {self.all[-5:]}")
                self.news.wait(left_ms / 1000)

    def worked_until(self, who, after_ms):
        """When `who` last worked as leader, or said that it is none any more if it does not beat;
        after_ms if there was nothing of the kind since then."""
        with self.news:
            said = [(when, what) for when, speaker, what in self.all if speaker == who]
        ends = ("beat",) if any(what == "beat" for _, what in said) else ("lost", "gone")
        return max([after_ms, *(when for when, what in said if what in ends)])


class Speaker(Process):
    """A program that is heard line by line, at the time at which it speaks."""

    def __init__(self, name, argv, heard, understood, env=None):
        self._heard, self._understood = heard, understood
        self.dismissed = False
        super().__init__(name, argv, env=env)

    def _read(self):
        for line in self.popen.stdout:
            word = self._understood(line.strip())
            if word and not self.dismissed:
                self._heard.tell(self.name, word)
            if word != "beat":
                with self._news:
                    self.lines.append(line.rstrip("\n"))
                    self._news.notify_all()
        if not self.dismissed:
            self._heard.tell(self.name, "gone")
        with self._news:
            self._ended = True
            self._news.notify_all()

    def end(self):
        """SIGKILL, and nothing that it said is heard any more."""
        self.dismissed = True
        self.kill()


def plain_words(line):
    return line if line in ("leads", "lost", "beat") else None


def tree(pid):
    """A process and all below it."""
    found = [pid]
    for one in found:
        try:
            for thread in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{thread}/children", encoding="ascii") as file:
                    found += [int(word) for word in file.read().split()]
        except OSError:
            continue
    return found


def send(number, pids):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


class Contestant:
    name = does = lacks = token = needs = None
    hand_over = faults = True  # takes part in these measurements
    crash = True               # and in the second half of the first

    def __init__(self, beats=False):
        self.beats = beats
        self.heard = Heard()
        self.speakers = {}
        self.open_store()

    @classmethod
    def missing(cls):
        """What would have to be installed; None when all is there."""
        return None

    # --- participants ------------------------------------------------------------------------

    def add(self, who):
        raise NotImplementedError

    def leave(self, who):
        """Asks it to go, as an operating system does when it shuts down."""
        self.speakers[who].signal(signal.SIGTERM)

    def kill(self, who):
        """The host of `who` dies; returns when it began to."""
        at_ms = boottime_ms()
        self.speakers[who].end()
        return at_ms

    def collect(self, who):
        """After leave(): until it is gone."""
        speaker = self.speakers[who]
        speaker.dismissed = True
        speaker.wait(30)

    def processes(self, who):
        """All that runs on its host."""
        return tree(self.speakers[who].pid)

    def freeze(self, who):
        stopped = self.processes(who)
        send(signal.SIGSTOP, stopped)
        return stopped

    def close(self):
        for who, speaker in self.speakers.items():
            if speaker.alive():
                speaker.dismissed = True
                send(signal.SIGKILL, self.processes(who))
                speaker.end()
        self.close_store()

    # --- the store: Redis, unless told otherwise ---------------------------------------------

    def open_store(self):
        self.server = RedisServer()

    def close_store(self):
        self.server.stop()

    def restart_store(self):
        self.server.kill()
        self.server.start()

    def freeze_store(self):
        self.server.freeze()

    def thaw_store(self):
        self.server.thaw()

    def requests_per_s(self, wait):
        """What the store is asked while nothing happens, by both participants together."""
        monitor = Monitor(self.server)
        wait()
        return monitor.stop()["sent_per_s"]


# --- leaderd -----------------------------------------------------------------------------------

class Leaderd(Contestant):
    name = "leaderd, client on /watch"
    does = ("a daemon on each host renews and waits; clients in any language hear of it over HTTP, with "
            "a deadline by their own clock and a token")
    lacks = "a write that was already sent is not called back: the resource must look at the token"
    token = "yes; grows even if the store lost its data"
    needs = "HTTP"
    restart_note = "without its data"

    def __init__(self, beats=False):
        self.daemons, self.links = {}, {}
        super().__init__(beats)

    def add(self, who):
        # Without a state directory one that comes back is a stranger, as another host is.
        if who in self.daemons:
            self.daemons[who].start()
        else:
            self.daemons[who] = Daemon(who, self.server.url, {
                "state_dir": None, "elections": [
                    {"name": "demo", "profile": "fast", "renew_interval": f"{RENEW_MS}ms"}]})
            if len(self.daemons) == 1:
                self.daemons[who].bootstrap()
        self.attend(who)

    def attend(self, who):
        daemon = self.daemons[who]
        if self.beats:
            self.speakers[who] = Speaker(
                who, [sys.executable, CLIENTS, "watch", "{}:{}".format(*daemon.tcp), "--beat"],
                self.heard, plain_words)
        else:
            threading.Thread(target=self._follow, args=(who, daemon), daemon=True).start()

    def _follow(self, who, daemon):
        """A waiting client; says `leads` and `lost` as it hears."""
        led, since = False, ""
        client = http_client.Client(daemon.tcp, timeout=60)
        self.links[who] = client
        try:
            while True:
                status = client.get(f"/watch?election=demo&timeout=30s{since}").json()
                leads = status["elections"]["demo"]["is_leader"]
                if leads != led:
                    self.heard.tell(who, "leads" if leads else "lost")
                led, since = leads, "&since=" + status["cursor"]
                if status["shutting_down"]:
                    return
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            pass

    def leave(self, who):
        self.daemons[who].process.signal(signal.SIGTERM)

    def collect(self, who):
        self.daemons[who].end()
        if who in self.speakers:
            self.speakers[who].end()

    def kill(self, who):
        at_ms = boottime_ms()
        self.daemons[who].kill()
        if who in self.speakers:
            self.speakers[who].end()
        return at_ms

    def processes(self, who):
        return [self.daemons[who].process.pid] + super().processes(who)

    def close(self):
        for link in self.links.values():
            link.hang_up()
        for daemon in self.daemons.values():
            daemon.remove()
        super().close()


class LeaderdRun(Leaderd):
    name = "leaderd run"
    does = ("the same, and starts a command on the leader, which is gone before the lease ends, even if "
            "`run` or the daemon are killed or stand still")
    needs = "nothing: any command"

    def attend(self, who):
        daemon = self.daemons[who]
        if who in self.speakers and self.speakers[who].alive():
            return
        env = {**{k: v for k, v in daemon.env.items() if k != "RUNTIME_DIRECTORY"},
               "LEADERD_URL": "unix:" + daemon.control}
        work = BEATING_WORK if self.beats else QUICK_WORK
        self.speakers[who] = Speaker(who, [binary(), "run", "demo", "--restart", "--", *work],
                                     self.heard, plain_words, env=env)

    def collect(self, who):
        self.daemons[who].end()  # `run --restart` waits for it to come back


# --- etcd --------------------------------------------------------------------------------------

class Etcd(Contestant):
    token = "yes: the revision at which the key was created"
    restart_note = "with its data"
    prefix = "demo/"

    @classmethod
    def missing(cls):
        lacking = [program for program in ("etcd", "etcdctl") if not shutil.which(program)]
        return ", ".join(lacking) or None

    def open_store(self):
        self.directory = tempfile.mkdtemp(  # in memory: etcd waits for the disk at each write
            prefix="leaderd-etcd-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        self.port, self.peer_port = free_port(), free_port()
        self.start_store()

    def start_store(self):
        url, peer = (f"http://127.0.0.1:{port}" for port in (self.port, self.peer_port))
        self.store = Process("etcd", [
            "etcd", "--name", "one", "--data-dir", self.directory + "/data",
            "--listen-client-urls", url, "--advertise-client-urls", url, "--listen-peer-urls", peer,
            "--initial-advertise-peer-urls", peer, "--initial-cluster", "one=" + peer,
            "--logger", "zap", "--log-level", "error"])
        eventually(self._healthy, what="etcd")

    def _healthy(self):
        try:
            answer = http_client.request(("127.0.0.1", self.port), "GET", "/health", timeout=2)
            return answer.status == 200 and answer.json()["health"] == "true"
        except (OSError, ValueError, http.client.HTTPException):
            return False

    def close_store(self):
        self.store.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def restart_store(self):
        self.store.kill()
        self.start_store()

    def freeze_store(self):
        self.store.signal(signal.SIGSTOP)

    def thaw_store(self):
        self.store.signal(signal.SIGCONT)

    def requests_per_s(self, wait):
        before, began = self._received(), boottime_ms()
        wait()
        return (self._received() - before) * 1000 / (boottime_ms() - began)

    def _received(self):
        text = http_client.request(("127.0.0.1", self.port), "GET", "/metrics").text()
        return sum(float(line.split()[-1]) for line in text.splitlines()
                   if line.startswith("grpc_server_msg_received_total"))

    def etcdctl(self, who, *words):
        env = {**os.environ, "ETCDCTL_API": "3"}
        self.speakers[who] = Speaker(
            who, ["etcdctl", f"--endpoints=127.0.0.1:{self.port}", *words], self.heard,
            self.understood, env=env)

    def understood(self, line):
        return ("leads" if line.startswith(self.prefix) else
                "lost" if "session expired" in line else None)


class EtcdLock(Etcd):
    name = f"etcdctl lock --ttl {LEASE_MS // 1000}"
    does = ("each participant keeps a lease of its own alive every second (TTL / 3); the server ends it, in "
            "steps of 500 ms and of whole seconds, and tells the next in line")
    lacks = "the holder hears of the end from its connection only, a moment after the lease has ended"
    needs = "a library (gRPC), or etcdctl"

    def add(self, who):
        self.etcdctl(who, "lock", "--ttl", str(LEASE_MS // 1000), "demo")


class EtcdElect(EtcdLock):
    name = "etcdctl elect"
    does = "the same by the election API; in etcdctl 3.4 the TTL is always 60 s, so crashes are left out"
    faults = crash = False

    def add(self, who):
        self.etcdctl(who, "elect", "demo", who)


class EtcdLockCommand(EtcdLock):
    name = f"etcdctl lock --ttl {LEASE_MS // 1000} CMD"
    does = "the same, and starts a command under the lock"
    lacks = "the command is not stopped when the lock is lost, nor when etcdctl is killed"
    needs = "nothing: any command"
    hand_over = False

    def add(self, who):
        self.etcdctl(who, "lock", "--ttl", str(LEASE_MS // 1000), "demo", "--", *BEATING_WORK)

    def understood(self, line):
        return plain_words(line)


# --- locks in Redis ----------------------------------------------------------------------------

class PlainLock(Contestant):
    name = f"SET NX PX, looked for every {LOOK_MS} ms"
    does = ("one key with a TTL, renewed and released by compare-and-set scripts; a waiter asks as often as "
            "one of leaderd")
    lacks = ("nothing is safe when Redis loses data or fails over; the TTL runs by Redis' clock, and the "
             "holder is told nothing")
    token = "no"
    needs = "a Redis client, and code of one's own"
    restart_note = "without its data"
    kind = "plain"
    python = sys.executable

    def add(self, who):
        self.speakers[who] = Speaker(
            who, [self.python, CLIENTS, self.kind, f"127.0.0.1:{self.server.port}",
                  "--lease", str(LEASE_MS), "--renew", str(RENEW_MS), "--poll", str(LOOK_MS),
                  *(["--beat"] if self.beats else [])], self.heard, plain_words)


class RedisPyLock(PlainLock):
    name = "redis-py Lock, its defaults"
    does = "the same from a library; acquire() asks every 100 ms; reacquire() every second by our program"
    lacks = "as above; without a socket_timeout, its default, the holder waits for a silent Redis for ever"
    needs = "redis-py: Python"
    kind = "redis-py"
    python = SYSTEM_PYTHON

    @classmethod
    def missing(cls):
        return None if output([SYSTEM_PYTHON, "-c", "import redis; print(1)"]) == "1" else "python3-redis"


ALL = (Leaderd, LeaderdRun, EtcdLock, EtcdElect, EtcdLockCommand, PlainLock, RedisPyLock)
