"""What leaderd does while a call of its own fails, and what must hold all the same.

A scenario has an election of its own; a healthy daemon, the rival, takes part in all of them. One
case is one run with one fault: it raises a Finding, or all was well.
"""
import dataclasses
import glob
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time

import injector  # first: it finds the others
import checker
import http_client
from daemon import ROOT, Daemon, environment
from history import Answer, Exit
from processes import Timeout, boottime_ms, temporary_directory
from redis_server import RedisError, RedisServer

PROGRAM = os.path.join(ROOT, "build", "release", "leaderd")  # take_program() makes it a copy
START_S = 2.5  # how long the fault lasts while a daemon starts
END_S = 14  # from SIGTERM to the end: SQLite tries for up to ten seconds to get a lock
COMMON_EXITS = {64, 69, 70, 77, 78}

# libuv calls abort() where it has no way to tell of a failure, and no caller can prevent that: its table
# of descriptors cannot grow, the kernel takes no further descriptor into the epoll set, its pipe for
# signals or its threads cannot be made. The daemon dies, its lease lapses, it is started again.
ENDED_BY_LIBUV = {"alloc", "epoll_ctl", "pipe", "thread"}


@dataclasses.dataclass(frozen=True)
class Fault:
    kind: str
    number: int
    forever: bool = False  # this call and all after it, while the fault lasts

    def __str__(self):
        return f"{self.kind}:{self.number}{'+' if self.forever else ''}"

    @staticmethod
    def parse(text):
        kind, number = text.split(":")
        return Fault(kind, int(number.rstrip("+")), number.endswith("+"))


def take_program():
    """A copy, so that somebody may build meanwhile."""
    global PROGRAM  # pylint: disable=global-statement
    copy = os.path.join(temporary_directory("program"), "leaderd")
    shutil.copy(PROGRAM, copy)
    PROGRAM = os.environ["LEADERD"] = copy


class Finding(Exception):
    """What must not be."""


class Documented(Exception):
    """An end that nobody can prevent."""


def document(address, path, timeout=1.0):
    """The JSON of a GET that is answered with 200, else None."""
    try:
        answer = http_client.request(address, "GET", path, timeout=timeout)
        return answer if answer.status == 200 and answer.json() is not None else None
    except (OSError, http.client.HTTPException, ValueError):
        return None


def answer_of(name, reply, election=None):
    """What a daemon said, for the judge."""
    whole = reply.json()
    part = whole["elections"][election] if election else whole
    lease = part["lease"]
    return Answer(name, whole["instance_id"], round(reply.sent_ms, 3), round(reply.received_ms, 3),
                  whole["clock"]["boottime_ms"], part["is_leader"], lease["valid"],
                  part["fencing_token"], lease["deadline_boottime_ms"], part["state"])


def stacks(pid):
    """What all threads of a process do, where gdb is to be had."""
    if not shutil.which("gdb"):
        return ""
    done = subprocess.run(["gdb", "-p", str(pid), "-batch", "-ex", "thread apply all bt 14"],
                          capture_output=True, text=True, errors="replace", check=False)
    return "\n".join(line[:160] for line in done.stdout.splitlines() if line.startswith(("#", "Thread")))


class World:
    """A Redis, the rival, and what it says all the time."""

    def __init__(self, names, tls=None):
        self.certificates = tls
        self.server = RedisServer(tls=tls, auth_clients=False) if tls else RedisServer()
        self.rival = Daemon("rival", self.server.unix_url, elections=names)
        self.histories = {name: [] for name in names}
        self.lock = threading.Lock()
        self.looking = threading.Lock()
        self.closed = threading.Event()
        threading.Thread(target=self._follow, daemon=True).start()
        self.rival.wait_status(lambda s: s["store"]["connected"])
        for name in names:
            self.rival.bootstrap(name)

    def _follow(self):
        while not self.closed.wait(0.03):
            self.look()

    def look(self):
        """What the rival says now; what it gave back since it last said something is known then. One
        look at a time: two answers must not be kept in another order than they were given in."""
        with self.looking:
            reply = document(self.rival.control, "/status", 5)
            if reply is not None:
                for name in self.histories:
                    self.keep(name, answer_of("rival", reply, name))

    def keep(self, election, entry):
        with self.lock:
            self.histories[election].append(entry)

    def close(self):
        self.closed.set()
        self.rival.remove()
        self.server.stop()


class Scenario:
    """Base of all: one daemon that is tested, with its own directory and election."""

    name = None
    rivalled = True  # on the rival's store
    settings = {}
    from_main = True
    recover_s = 12  # after the fault is over: reconnecting backs off, a lost lease is waited for
    weight = 1

    def __init__(self, world):
        self.world = world
        self.injector = None
        self.one = None
        self.expected_open = None
        self.make()

    def make(self):
        url = self.world.server.unix_url if self.rivalled else "local"
        self.one = Daemon("one", url, self.settings, elections=(self.name,), start=False)
        self.injector = injector.Injector(os.path.join(self.one.directory, "fault"))
        self.one.env.update(self.injector.environment(self.from_main))

    def close(self):
        self.one.remove()

    # --- one case --------------------------------------------------------------------------

    def run(self, fault):
        """Raises Finding. With no fault calls are counted."""
        with self.world.lock:
            self.world.histories.get(self.name, []).clear()
        self.injector.prepare(None)
        try:
            self.case(fault)
        except (Finding, Timeout, AssertionError) as found:
            self.judge_crash(fault)
            raise found if isinstance(found, Finding) else Finding(f"hangs: {found}") from None
        finally:
            self.injector.disarm()
        self.world.look()
        if self.one is not None and self.alive:
            self.ask()
        with self.world.lock:
            entries = list(self.world.histories.get(self.name, []))
        verdict = checker.judge(entries)
        if not verdict.good:
            raise Finding("; ".join(verdict.violations[:4]))
        self.judge_crash(fault)

    def case(self, fault):
        raise NotImplementedError

    def judge_crash(self, fault):
        trace = self.injector.crash_trace
        if trace and documented(trace, fault, self.said()):
            raise Documented()
        if trace:
            raise Finding("died: " + injector.symbolized(trace, PROGRAM)
                          + "".join(f"\n   | {line}" for line in self.said() if "Assertion" in line))

    def said(self):
        return self.one.process.lines

    # --- what cases are made of ------------------------------------------------------------

    @property
    def alive(self):
        return self.one.process is not None and self.one.process.alive()

    def ask(self, timeout=1.0):
        """What the tested daemon says of the election; None when it does not answer."""
        reply = document(self.one.control, "/elections/" + self.name, timeout)
        if reply is None:
            return None
        self.world.keep(self.name, answer_of("one", reply)) if self.rivalled else None
        return reply.json()

    def until(self, look, seconds, pause=0.01):
        """look() as soon as it is true; its last value when the time is over or the daemon ended."""
        end = time.monotonic() + seconds
        while True:
            seen = look()
            if seen or time.monotonic() > end or not self.alive:
                return seen
            time.sleep(pause)

    def expect_sound(self):
        """The fault is over: it must answer, know the store, and know who leads."""
        def sound():
            election = self.ask()
            status = document(self.one.tcp, "/status")
            return (election and (election["is_leader"] or election["leader"]) and status
                    and status.json()["store"]["connected"])
        if not self.until(sound, self.recover_s, 0.03):
            if self.alive:
                raise Finding("does not recover: " + json.dumps(self.ask())[:300] + "\n"
                              + self.one.process.tail(12))
            self.expect_error_exit()

    def ended(self, seconds=END_S):
        try:
            code = self.one.end(seconds)
        except Timeout as late:
            where = stacks(self.one.process.pid)
            self.one.kill()
            raise Finding(f"hangs: {late}\n{where}") from None
        if self.rivalled:
            told = [line for line in self.one.process.lines if "event=leadership_" in line]
            orderly = code == 0 or (told and "event=leadership_lost" in told[-1])
            self.world.keep(self.name, Exit("one", boottime_ms(), 0 if orderly else code))
        return code

    def expect_error_exit(self):
        """It has ended by itself: with a documented code and a word."""
        code = self.ended()
        if code in COMMON_EXITS:
            if not any(line.strip() for line in self.one.process.lines):
                raise Finding(f"ended with {code} without a word: {self.one.process.lines}")
        elif not self.injector.crash_trace:  # that is judged by itself
            raise Finding(f"ended with {code}\n" + self.one.process.tail(12))

    def end_in_order(self):
        self.one.process.signal(signal.SIGTERM)
        code = self.ended()
        if code != 0 and not self.injector.crash_trace:
            raise Finding(f"ended with {code} after SIGTERM\n" + self.one.process.tail(12))

    def rival_leads(self):
        if self.name not in self.world.histories:
            return
        try:
            self.world.rival.wait_leader(self.name, self.recover_s)
        except Timeout:
            raise Finding("nobody takes over") from None


def documented(trace, fault, lines):
    """An abort() that libuv itself calls; not an assertion."""
    frames = trace.rpartition(": ")[2].split()
    others = [f for f in frames if not f.startswith(("libc.so", "preload"))]
    return (trace.startswith("signal 6 ") and others and others[0].startswith("libuv.so")
            and fault.kind in ENDED_BY_LIBUV and not any("Assertion" in line for line in lines))


class Start(Scenario):
    """From main() to the first word about who leads, then an end in order."""

    name = "start"
    seen = re.compile(r"event=(leadership_gained|leader_changed)")

    def case(self, fault):
        for path in glob.glob(os.path.join(self.one.directory, "*")):
            if os.path.basename(path) not in ("fault", "leaderd.yaml", "hook.sh", "token"):
                shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        os.mkdir(self.one.state_dir)
        self.injector.prepare(fault)
        self.one.start(ready=False)
        self.until(lambda: any(self.seen.search(line) for line in self.one.process.lines), START_S, 0.003)
        self.injector.disarm()
        if self.alive:
            self.expect_sound()
        if self.alive:
            self.end_in_order()
        elif not self.one.stopped:
            self.expect_error_exit()


class StartLocal(Start):
    name = "start-local"
    rivalled = False

    def case(self, fault):
        super().case(fault)


class StartTls(Start):
    """All that a configuration may name is there."""

    name = "start-tls"
    recover_s = 40  # OpenSSL may take a lack of memory for a bad certificate: that is tried again seldom

    def make(self):
        super().make()
        tls = self.world.certificates
        hook = os.path.join(self.one.directory, "hook.sh")
        token = os.path.join(self.one.directory, "token")
        with open(token, "w", encoding="utf-8") as file:
            file.write("a token of thirty-two characters and more\n")
        with open(hook, "w", encoding="utf-8") as file:
            file.write("echo $LEADERD_STATE\n")
        self.one.settings["store"] = {"url": self.world.server.tls_url, "tls": {"ca_file": tls.ca.cert}}
        self.one.settings["http"]["token_file"] = token
        self.one.settings["metadata"] = {"node": "${HOSTNAME}", "zone": "ä"}
        self.one.settings["elections"] = [
            {"name": self.name, "on_change": {"command": ["/bin/sh", hook]},
             "health_check": {"tcp": f"127.0.0.1:{self.world.server.port}", "interval": "300ms"}}]
        self.one.write_config()


class Steady(Scenario):
    """The daemon runs already, and many cases go by."""

    from_main = False
    fresh = 100  # cases after which another one is started

    def __init__(self, world):
        self.cases = 0
        super().__init__(world)

    def case(self, fault):
        if self.alive and self.cases % self.fresh == 0:
            self.end_in_order()
        if not self.alive:
            self.one.start(ready=False)
            self.expect_sound()
            self.prepare()
            self.expected_open = self.settled_files()
        self.cases += 1
        self.fault = fault
        try:
            self.before()
            self.injector.arm(fault)
            self.act()
            self.injector.disarm()
            if self.alive:
                self.expect_sound()
                self.after()
                self.expect_closed()
            elif not self.one.stopped:
                self.expect_error_exit()
                if not self.injector.crash_trace:
                    raise Finding("ended by itself\n" + self.one.process.tail(12))
        except (Finding, Timeout, AssertionError):
            if self.alive:
                self.one.kill()
            raise
        finally:
            if not self.alive and self.one.process is not None and not self.one.stopped:
                self.ended()

    def open_files(self):
        return sorted(os.readlink(path) if os.path.islink(path) else ""
                      for path in glob.glob(f"/proc/{self.one.process.pid}/fd/*"))

    def settled_files(self):
        """The same at two looks: a connection may come a moment after it is sound."""
        before = None
        for _ in range(20):
            now = self.open_files()
            if now == before:
                break
            before = now
            time.sleep(0.3)
        return now

    def expect_closed(self):
        """No descriptor is left over."""
        room = len(self.expected_open)
        if not self.until(lambda: len(self.open_files()) <= room, 9, 0.02):
            raise Finding(f"descriptors are left: {self.open_files()}, were {self.expected_open}")

    def prepare(self):
        """Once for each daemon."""

    def before(self):
        """What sets the stage of each case."""

    def act(self):
        """What happens while the fault lasts."""

    def after(self):
        """What must hold when it is over."""

    def post(self, path, body=None, timeout=2):
        """An answer, or None: the fault may have cost it."""
        try:
            return http_client.request(self.one.control, "POST", path, body, timeout=timeout)
        except (OSError, http.client.HTTPException):
            return None

    def give_back(self):
        """The rival leads again, without a fault."""
        def led_by_rival():
            if self.one_leads():
                self.post(f"/elections/{self.name}/step-down", {"hold_off": "1500ms"})
            return self.world.rival.leads(self.name)
        if not self.until(led_by_rival, self.recover_s, 0.02):
            raise Finding("the rival does not take over: " + json.dumps(self.ask()))

    def take(self):
        """We lead, without a fault."""
        def led_by_us():
            if self.world.rival.leads(self.name):
                self.world.rival.post(f"/elections/{self.name}/step-down", {"hold_off": "1500ms"})
            return self.one_leads()
        if not self.until(led_by_us, self.recover_s, 0.02):
            raise Finding("does not take over: " + json.dumps(self.ask()))

    def one_leads(self):
        election = self.ask()
        return bool(election and election["is_leader"])



def with_helpers(name):
    """An election with a hook and a health check."""
    return [{"name": name, "on_change": {"command": ["/bin/sh", "-c", "echo $$LEADERD_STATE"]},
             "health_check": {"command": ["/bin/true"], "interval": "300ms", "timeout": "5s"}}]


class Elect(Steady):
    """The rival steps down, and we take over."""

    name = "elect"

    def make(self):
        super().make()
        self.one.settings["elections"] = with_helpers(self.name)
        self.one.write_config()

    def before(self):
        self.give_back()
        self.mark = len(self.one.process.lines)

    def act(self):
        self.world.rival.post(f"/elections/{self.name}/step-down", {"hold_off": "1500ms"})
        self.until(self.one_leads, 1.5)

    def after(self):
        if not self.until(lambda: self.one_leads() or self.world.rival.leads(self.name), self.recover_s):
            raise Finding("nobody leads")
        if not self.until(lambda: self.hook_knows() or self.hook_failed(), self.recover_s):
            self.blame("the hook was not told, and that was not said")
        # a change without a fault: the hook and the health check work as before
        self.take() if self.world.rival.leads(self.name) else self.give_back()
        if not self.until(self.hook_knows, self.recover_s):
            self.blame("the hook is told no more")

    def blame(self, what):
        raise Finding(f"{what}: {json.dumps(self.ask())[:600]}\n{self.one.process.tail(12)}")

    def hook_knows(self):
        told = [line for line in self.one.process.lines if "from=on_change" in line]
        election = self.ask()
        return election and told and f'msg="{election["state"]}"' in told[-1]

    def hook_failed(self):
        return any("reason=hook_failed" in line for line in self.one.process.lines[self.mark:])


class HandOver(Elect):
    """We step down, a hook and a health check run, and the rival takes over."""

    name = "hand-over"

    def before(self):
        self.take()
        self.mark = len(self.one.process.lines)

    def act(self):
        self.post(f"/elections/{self.name}/step-down", {"hold_off": "1s", "reason": "a fault"})
        self.until(lambda: self.ask() and self.world.rival.leads(self.name), 1.5)


class Reconnect(Steady):
    """The server ends our connections while we lead."""

    name = "reconnect"

    def before(self):
        self.take()

    def act(self):
        marks = [line for line in self.one.process.lines if "store_connected" in line]
        for line in self.world.server.command("CLIENT", "LIST").splitlines():
            words = dict(word.split("=", 1) for word in line.split())
            if "one" in words["name"].split(":")[-1]:
                try:
                    self.world.server.command("CLIENT", "KILL", "ID", words["id"])
                except RedisError:
                    pass  # it had gone by itself
        self.until(lambda: len([line for line in self.one.process.lines
                                if "store_connected" in line]) > len(marks), 1.5)
        self.ask()


REQUESTS = [
    ("GET", "/status", None), ("GET", "/status?format=text", None), ("GET", "/", None),
    ("GET", "/elections/{0}", None), ("GET", "/elections/{0}?field=lease.remaining_ms", None),
    ("GET", "/elections", None), ("GET", "/leader?election={0}", None), ("GET", "/events", None),
    ("GET", "/performance", None), ("GET", "/livez", None), ("GET", "/readyz?verbose=1", None),
    ("GET", "/healthz?verbose=1", None), ("GET", "/diagnostics", None),
    ("GET", "/diagnostics?format=text", None), ("GET", "/metrics", None), ("GET", "/config", None),
    ("GET", "/config?format=text", None), ("GET", "/version", None), ("GET", "/nowhere", None),
    ("GET", "/watch?election={0}", None), ("GET", "/watch?since={1}&timeout=20ms", None),
    ("POST", "/elections/{0}/step-down", {"if_fencing_token": 1}),
    ("POST", "/elections/{0}/pause", {"reason": "why"}), ("POST", "/elections/{0}/resume", None),
    ("POST", "/elections/{0}/bootstrap", None), ("POST", "/diagnostics?section=clock", None),
    ("GET", "/watch", "text/event-stream"),
]


class Http(Steady):
    """All kinds of questions."""

    name = "http"
    settings = {"diagnostics": {"interval": "5s"}}

    def prepare(self):
        self.until(lambda: document(self.one.control, "/diagnostics"), 10)
        self.until(lambda: document(self.one.control, "/healthz?format=json"), 10)
        self.usual = {}
        for _ in range(2):
            self.usual = self.round(5)

    def round(self, timeout):
        """What each question was answered with: status and shape, None for no answer."""
        seen = {}
        reply = document(self.one.control, "/status", timeout)
        cursor = reply.json()["cursor"] if reply else "0123456789abcdef.1"
        for method, path, extra in REQUESTS:
            where = path.format(self.name, cursor)
            seen[(method, path, str(extra))] = self.one_question(method, where, extra, timeout)
        return seen

    def one_question(self, method, path, extra, timeout):
        headers = {"Accept": extra} if isinstance(extra, str) else {}
        body = extra if not isinstance(extra, str) else None
        client = http_client.Client(self.one.control, timeout)
        try:
            if isinstance(extra, str):  # a stream does not end
                client.connection.request(method, path, headers=headers)
                reply = client.connection.getresponse()
                return reply.status, reply.readline()[:0]
            answer = client.request(method, path, body, headers)
        except (OSError, http.client.HTTPException):
            return None
        finally:
            client.close()
        return answer.status, shape(answer, path)

    def act(self):
        self.during = self.round(1)
        self.ask()

    def after(self):
        for question, answer in self.during.items():
            usual = self.usual[question]
            if answer is None or answer[0] >= 400:
                continue
            if answer[0] == usual[0] and answer[1] != usual[1] and not varies(question):
                raise Finding(f"{question}: {answer}, was {usual}")
        until = time.monotonic() + self.recover_s
        while True:
            now = self.round(3)
            bad = {q: (a, self.usual[q]) for q, a in now.items()
                   if (a is None or a[0] != self.usual[q][0]) and not varies(q)}
            if not bad:
                return
            if time.monotonic() > until:
                raise Finding(f"answers differ when the fault is over: {bad}")
            time.sleep(0.2)


def varies(question):
    """It has another status now and then."""
    return any(word in question[1] for word in ("healthz", "diagnostics", "leader?"))


SAMPLE = re.compile(r"(# (HELP|TYPE|EOF|UNIT).*|leaderd_\w+|process_\w+)")


def shape(answer, path):
    """What of an answer stays the same from one to the next; raises when it is cut off."""
    if answer.status >= 400 and not answer.body:
        return "empty"  # the status alone must do
    if "json" in answer.headers.get("Content-Type", ""):
        return tuple(sorted(answer.json()))
    lines = answer.text().splitlines()
    if path == "/metrics":
        wrong = [line for line in lines if not SAMPLE.match(line) or not line[-1:].strip()]
        whole = any(line.startswith("leaderd_is_leader{") for line in lines)
        return not wrong and whole and answer.text().endswith("\n")
    return answer.text().endswith("\n")


class Reload(Steady):
    """Now this configuration, now that one, with all that may change."""

    name = "reload"

    def make(self):
        self.turn, self.usual = False, {}
        super().make()

    def before(self):
        self.turn = not self.turn
        settings = self.one.settings
        settings["metadata"] = {"turn": str(self.turn)}
        settings["elections"] = with_helpers(self.name) + [{"name": "extra"}] if self.turn else [
            {"name": self.name, "lease_duration": "4s"}, {"name": "other", "role": "observer"}]
        self.one.write_config()

    def act(self):
        answer = self.post("/reload", timeout=4)
        if answer is not None and answer.status == 200 and not answer.json()["reloaded"]:
            raise Finding(f"/reload: {answer}")

    def after(self):
        answer = self.post("/reload", timeout=4)
        if answer is None or answer.status != 200:
            raise Finding(f"a good configuration is refused when the fault is over: {answer}")
        wanted = sorted(e["name"] for e in self.one.settings["elections"])
        if not self.until(lambda: sorted(document(self.one.control, "/elections").json()["elections"])
                          == wanted, self.recover_s):
            raise Finding(f"elections are not {wanted}")
        if self.fault is None:
            time.sleep(0.3)
            self.usual[self.turn] = self.open_files()
        self.expected_open = self.usual[self.turn]  # it goes with the elections


class ReloadBad(Steady):
    """A configuration with errors is refused, whatever fails besides."""

    name = "reload-bad"

    def prepare(self):
        self.config = self.one.get("/config").json()
        with open(self.one.config_file, encoding="utf-8") as file:
            self.good = file.read()

    def before(self):
        self.one.write_config(self.good.replace('"profile"', '"profil"').replace("info", "loud"))

    def act(self):
        answer = self.post("/reload", timeout=4)
        if answer is not None and answer.status == 200:
            raise Finding(f"taken: {answer}")
        self.one.process.signal(signal.SIGHUP)
        self.ask()

    def after(self):
        self.one.write_config(self.good)
        if self.one.get("/config").json() != self.config:
            raise Finding("the configuration has changed")


class ShutDown(Scenario):
    """SIGTERM, while we lead."""

    name = "shut-down"
    from_main = False

    def make(self):
        super().make()
        self.one.settings["elections"] = with_helpers(self.name)
        self.one.write_config()

    def case(self, fault):
        self.rival_leads()
        self.one.start(ready=False)
        self.expect_sound()
        end = time.monotonic() + self.recover_s
        while not (self.ask() or {}).get("is_leader"):
            if self.world.rival.leads(self.name):
                self.world.rival.post(f"/elections/{self.name}/step-down", {"hold_off": "700ms"})
            if time.monotonic() > end:
                raise Finding("it did not lead before the fault")
            time.sleep(0.02)
        self.injector.arm(fault)
        self.one.process.signal(signal.SIGTERM)
        code = self.ended()
        if code not in {0} | COMMON_EXITS and not self.injector.crash_trace:
            raise Finding(f"ended with {code}\n" + self.one.process.tail(12))
        self.rival_leads()


class ShutDownLocal(ShutDown):
    name = "shut-down-local"
    rivalled = False

    def case(self, fault):
        self.one.start(ready=False)
        self.expect_sound()
        self.injector.arm(fault)
        self.one.process.signal(signal.SIGTERM)
        code = self.ended()
        if code not in {0} | COMMON_EXITS and not self.injector.crash_trace:
            raise Finding(f"ended with {code}\n" + self.one.process.tail(12))


class Command(Scenario):
    """A client of the rival, which is well. Not a daemon: what counts is how it ends."""

    words = ()
    good = {0}
    exits = {64, 69, 70, 77, 78}
    led = True  # the rival leads
    seconds = 8

    def make(self):
        self.directory = temporary_directory(self.name)
        self.injector = injector.Injector(os.path.join(self.directory, "fault"))
        self.output = None

    def close(self):
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def alive(self):
        return True

    def said(self):
        return read(os.path.join(self.directory, "err")).splitlines()

    def stop_when(self, child):
        """For commands that go on: ends them."""

    def case(self, fault):
        rival = self.world.rival
        if self.led:
            rival.wait_leader(self.name)
        env = environment(self.directory, {**self.injector.environment(True),
                                           "LEADERD_URL": "unix:" + rival.control})
        words = [word.format(name=self.name, dir=self.directory, config=rival.config_file)
                 for word in self.words]
        self.injector.prepare(fault)
        out, err = os.path.join(self.directory, "out"), os.path.join(self.directory, "err")
        with open(out, "wb") as stdout, open(err, "wb") as stderr:
            child = subprocess.Popen([PROGRAM, *words], env=env, stdin=subprocess.DEVNULL, stdout=stdout,
                                     stderr=stderr, start_new_session=True)
            try:
                self.stop_when(child)
                try:
                    code = child.wait(START_S)
                except subprocess.TimeoutExpired:
                    self.injector.disarm()
                    code = child.wait(self.seconds)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                raise Finding(f"does not end: {read(err)}") from None
        self.judge(code, read(out), read(err))

    def judge(self, code, output, errors):
        if code in self.good:
            self.check_output(output)
        elif self.injector.crash_trace:
            return  # judged by itself
        elif code not in self.exits:
            raise Finding(f"ended with {code}: {errors}")
        elif not errors.strip():
            raise Finding(f"ended with {code} without a word: {errors!r}")

    def check_output(self, output):
        pass


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


class Printing(Command):
    """What it prints with exit code 0 has as many lines as without a fault."""

    def check_output(self, output):
        lines = len(output.splitlines())
        if self.output is None:
            self.output = lines
        if lines != self.output:
            raise Finding(f"ended with 0, but printed {lines} lines in place of {self.output}: {output}")


class Status(Printing):
    name = "cli-status"
    words = ("status", "{name}")


class StatusJson(Command):
    name = "cli-status-json"
    words = ("status", "--json")

    def check_output(self, output):
        json.loads(output)


class IsLeader(Command):
    """Nothing that fails may make it say that it leads; the rival does not take part in this one."""

    name = "cli-is-leader"
    words = ("is-leader", "{name}")
    good = {1}
    led = False

    def make(self):
        super().make()
        self.pause()

    def pause(self):
        self.world.rival.post(f"/elections/{self.name}/pause")

    def judge(self, code, output, errors):
        if code == 0 or "true" in output:
            raise Finding(f"says that it leads: {code}, {output!r}")
        super().judge(code, output, errors)


class Watch(Command):
    name = "cli-watch"
    words = ("watch", "{name}", "--until", "leader", "--timeout", "3s")
    exits = {64, 69, 70, 77, 78, 1}

    def check_output(self, output):
        if "leader" not in output:
            raise Finding(f"ended with 0, but printed {output!r}")


class CheckConfig(Printing):
    name = "cli-check-config"
    words = ("check-config", "{config}", "--print")
    led = False


class CheckConfigBad(Command):
    name = "cli-check-config-bad"
    words = ("check-config", "{dir}/bad.yaml")
    good = {78}
    led = False

    def make(self):
        super().make()
        with open(os.path.join(self.directory, "bad.yaml"), "w", encoding="utf-8") as file:
            file.write("profil: fast\nelections: [{name: a, lease_duration: 7}]\n")


class Diagnose(Command):
    """By itself, without a daemon."""

    name = "cli-diagnose"
    words = ("diagnose", "--config", "{config}", "--json")
    good = {0, 2}
    led = False
    seconds = 30

    def check_output(self, output):
        json.loads(output)


class RunTrue(Command):
    name = "cli-run"
    words = ("run", "{name}", "--wait", "3s", "--", "/bin/sh", "-c", "echo ran")
    exits = {64, 69, 70, 75, 77, 78, 124, 126, 127}
    seconds = 12

    def judge(self, code, output, errors):
        if code != 128 + signal.SIGKILL:  # a keeper that hears nothing any more kills the group
            super().judge(code, output, errors)

    def check_output(self, output):
        if output != "ran\n":
            raise Finding(f"ended with 0, but printed {output!r}")


class RunFollower(IsLeader):
    """What is run on the leader only does not run here."""

    name = "cli-run-follower"
    words = ("run", "{name}", "--wait", "250ms", "--", "/bin/sh", "-c", "echo true")
    good = {124}
    exits = {64, 69, 70, 75, 77, 78, 126, 127}


class Hold(Command):
    name = "cli-hold"
    words = ("hold", "{name}")
    exits = {64, 69, 70, 75, 77, 78}
    seconds = 10

    def stop_when(self, child):
        time.sleep(0.08)
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)


def all_scenarios():
    kinds, found = [Scenario], []
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if kind.name is not None:
            found.append(kind)
    order = [c.name for c in (Start, StartLocal, StartTls, Elect, HandOver, Reconnect, Http, Reload,
                              ReloadBad, ShutDown, ShutDownLocal)]
    return sorted(found, key=lambda c: (order.index(c.name) if c.name in order else 99, c.name))
