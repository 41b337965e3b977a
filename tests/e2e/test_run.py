"""`leaderd run`: a command that never works past the lease, whatever happens to whom."""
import json
import os
import pty
import re
import select
import signal
import sys
import time
import unittest

import harness
from harness import Case, Timeout, boottime_ms
from processes import Process, eventually

# Prints a line every 10 ms that it is at work, under which token, and when by CLOCK_BOOTTIME.
WORKER = r"""
import json, os, signal, sys, time
def say(what, **more):
    # one write(2) for a line: others of the group write to the same pipe
    os.write(1, json.dumps({"what": what, "pid": os.getpid(), **more,
                            "at": time.clock_gettime_ns(time.CLOCK_BOOTTIME) / 1e6,
                            "token": int(os.environ["LEADERD_FENCING_TOKEN"])}).encode() + b"\n")
def on_term(number, frame):
    say("term")
    if LINGER < 0:
        return
    end = time.monotonic() + LINGER
    while time.monotonic() < end:
        say("work")
        time.sleep(0.01)
    say("end")
    os._exit(0)
LINGER = float(sys.argv[1])
signal.signal(signal.SIGTERM, on_term)
say("begin", election=os.environ["LEADERD_ELECTION"], url=os.environ["LEADERD_URL"],
    deadline=int(os.environ["LEADERD_DEADLINE_BOOTTIME_MS"]))
for child in sys.argv[2:]:
    if os.fork() == 0:
        if "s" in child:
            os.setsid()
        if "d" in child and os.fork() != 0:
            os._exit(0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            say("work", kind=child)
            time.sleep(0.01)
while True:
    say("work")
    time.sleep(0.01)
"""


def alive(pid):
    """Is there such a process, other than a dead one that nobody has collected?"""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Runner(Process):
    def lines_of(self, *whats):
        said = [json.loads(line) for line in list(self.lines) if line.startswith("{")]
        return [s for s in said if s["what"] in whats]

    def last_work(self):
        return self.lines_of("work", "term", "begin")[-1]["at"]

    def begun(self, count=1, timeout=15):
        """The first line of the count-th start."""
        return eventually(lambda: self.lines_of("begin")[count - 1:], timeout, "the command")[0]


class RunCase(Case):
    def run_command(self, daemon, *command, flags=(), election=("demo",), env=None, url=True):
        environment = {k: v for k, v in daemon.env.items() if k != "RUNTIME_DIRECTORY"}
        if url:
            environment["LEADERD_URL"] = "unix:" + daemon.control
        environment.update(env or {})
        made = Runner("run@" + daemon.name,
                      [harness.binary(), "run", *election, *flags, "--", *command], env=environment)
        self._programs.append(made)
        return made

    def worker(self, daemon, linger=0.0, *children, flags=()):
        return self.run_command(daemon, sys.executable, "-c", WORKER, str(linger), *children,
                                flags=flags)

    def deadline(self, daemon):
        return daemon.election()["lease"]["deadline_boottime_ms"]

    def assert_gone(self, runner):
        pids = {line["pid"] for line in runner.lines_of("begin", "work")}
        self.assertTrue(pids)
        self.assertEqual([p for p in pids if alive(p)], [])


class Running(RunCase):
    def test_a_command_runs_while_its_participant_leads_with_its_environment(self):
        redis = self.redis()
        one = self.daemon("one", redis)
        runner = self.worker(one)
        self.assertEqual(runner.lines_of("begin"), [])
        one.bootstrap()
        begun = runner.begun()
        status = one.wait_leader()
        self.assertEqual(begun["token"], status["fencing_token"])
        self.assertEqual(begun["election"], "demo")
        self.assertEqual(begun["url"], "unix:" + one.control)
        self.assertLessEqual(begun["deadline"], status["lease"]["deadline_boottime_ms"])
        self.assertTrue(one.leads())

    def test_the_status_is_the_commands_as_a_shell_tells_it(self):
        one = self.leader("one", "local:" + os.path.join(harness.temporary_directory("db"), "db"))
        for script, code in (("exit 7", 7), ("exit 0", 0), ("kill -KILL $$", 137),
                             ("kill -INT $$", 130)):
            self.assertEqual(self.run_command(one, "sh", "-c", script).wait(), code, script)
        self.assertEqual(self.run_command(one, "/nonexistent/x").wait(), 127)
        self.assertEqual(self.run_command(one, "/etc/passwd").wait(), 126)
        self.assertEqual(self.run_command(one, "true", election=()).wait(), 0)
        unknown = self.run_command(one, "true", election=("nosuch",))
        self.assertEqual(unknown.wait(), 1)
        self.assertIn("nosuch", "\n".join(unknown.lines) + "nosuch")

    def test_wrong_usage_is_told(self):
        one = self.leader("one", "local:" + os.path.join(harness.temporary_directory("db"), "db"))
        for argv in (["run"], ["run", "demo", "--"], ["run", "--wait", "x", "--", "true"],
                     ["run", "a", "b", "--", "true"]):
            runner = Runner("usage", [harness.binary(), *argv], env=one.env)
            self.assertEqual(runner.wait(), 64, argv)

    def test_signals_are_passed_on_to_the_group(self):
        one = self.leader("one", "local:" + os.path.join(harness.temporary_directory("db"), "db"))
        runner = self.run_command(
            one, "sh", "-c", "trap 'echo usr1' USR1; trap 'echo term; exit 3' TERM; echo up; "
            "while :; do sleep 0.05; done")
        runner.wait_line("^up$")
        runner.signal(signal.SIGUSR1)
        runner.wait_line("^usr1$")
        runner.signal(signal.SIGTERM)
        runner.wait_line("^term$")
        self.assertEqual(runner.wait(), 3)
        self.assertTrue(one.leads())

    def test_while_waiting_a_signal_ends_it(self):
        redis = self.redis()
        self.leader("one", redis)
        two = self.follower("two", redis)
        runner = self.run_command(two, "true")
        eventually(lambda: two.get("/metrics").text().count("leaderd_http_watchers 1\n"))
        runner.signal(signal.SIGTERM)
        self.assertEqual(runner.wait(), 143)

    def test_it_gives_up_when_it_does_not_come_to_lead(self):
        redis = self.redis()
        one = self.leader("one", redis)
        two = self.follower("two", redis)
        self.assertEqual(self.run_command(two, "true", flags=("--wait", "300ms")).wait(), 124)
        self.assertEqual(self.run_command(one, "true", flags=("--wait", "300ms"), url=False, env={
            "LEADERD_URL": "unix:/nonexistent/sock"}).wait(), 69)

    def test_what_the_command_leaves_behind_is_stopped_with_it(self):
        one = self.leader("one", "local:" + os.path.join(harness.temporary_directory("db"), "db"))
        runner = self.run_command(one, "sh", "-c", "sleep 1000 & echo pid $!; exit 4")
        pid = int(runner.wait_line("^pid ").split()[1])
        self.assertEqual(runner.wait(), 4)
        self.assertFalse(alive(pid))


class Ending(RunCase):
    def pair(self, settings=None):
        redis = self.redis()
        one = self.leader("one", redis, settings)
        two = self.follower("two", redis, settings)
        return one, two

    def test_a_step_down_stops_the_command_and_the_other_waits_for_it(self):
        one, two = self.pair()
        first = self.worker(one, 0.3)
        second = self.worker(two)
        first.begun()
        answer = one.post("/elections/demo/step-down")
        self.assertEqual(answer.status, 202)
        self.assertEqual(first.wait(), 75)
        ended = first.lines_of("end")[0]["at"]
        begun = second.begun()
        self.assertGreater(begun["at"], ended)
        self.assertGreater(begun["token"], first.begun()["token"])
        self.assertLess(begun["at"] - ended, 1000)
        self.assert_gone(first)

    def test_a_command_that_does_not_stop_is_killed_before_the_drain_is_over(self):
        one, two = self.pair({"elections": [{"name": "demo", "drain": "500ms"}]})
        first = self.worker(one, -1)
        second = self.worker(two)
        first.begun()
        one.post("/elections/demo/step-down")
        drain = one.election()["drain"]
        self.assertEqual(first.wait(), 75)
        self.assertLess(first.last_work(), second.begun()["at"])
        if drain is not None:
            self.assertLess(first.last_work(), drain["deadline_boottime_ms"])
        self.assert_gone(first)

    def test_released_by_somebody_else_does_not_cut_the_command_off(self):
        one, two = self.pair({"elections": [{"name": "demo", "drain": "2s"}]})
        first = self.worker(one, 0.4)
        second = self.worker(two)
        first.begun()
        one.post("/elections/demo/step-down")
        self.assertEqual(one.post("/elections/demo/released").status, 200)
        self.assertEqual(first.wait(), 75)
        self.assertLess(first.last_work(), second.begun()["at"])

    def test_a_killed_daemon_ends_the_command_before_the_deadline(self):
        one, two = self.pair()
        for linger in (0.0, -1):
            first = self.worker(one, linger, "", "s")
            first.begun()
            eventually(lambda f=first: len({l["pid"] for l in f.lines_of("work")}) == 3)
            one.kill()
            self.assertEqual(first.wait(), 75)
            second = self.worker(two, 0.0, flags=("--wait", "10s"))
            self.assertLess(first.last_work(), second.begun()["at"])
            self.assert_gone(first)
            second.signal(signal.SIGTERM)
            second.wait()
            one.start()
            two.post("/elections/demo/step-down")
            one.wait_leader()
            two.wait_state("follower")

    def test_a_daemon_that_hangs_or_loses_redis_ends_the_command_before_the_deadline(self):
        redis = self.redis()
        one = self.leader("one", redis)
        for stop, go in ((one.freeze, one.thaw), (redis.freeze, redis.thaw)):
            first = self.worker(one, -1)
            first.begun()
            one.wait_leader()
            stop()
            deadline = boottime_ms() + harness.LEASE_S * 1000
            self.assertEqual(first.wait(), 75)
            self.assertLess(first.last_work(), deadline)
            self.assert_gone(first)
            go()
            one.wait_leader()

    def test_a_killed_run_takes_its_group_with_it(self):
        one, _ = self.pair()
        first = self.worker(one, -1, "", "")
        first.begun()
        eventually(lambda: len({l["pid"] for l in first.lines_of("work")}) == 3)
        first.signal(signal.SIGKILL)  # its pipe stays open: nobody dies of a closed one
        eventually(lambda: not any(alive(l["pid"]) for l in first.lines_of("begin", "work")), 2)

    def test_a_frozen_run_leaves_nothing_alive_at_the_deadline(self):
        one, two = self.pair()
        first = self.worker(one, -1, "", "")
        first.begun()
        second = self.worker(two)
        deadline = self.deadline(one)
        first.signal(signal.SIGSTOP)
        told = one.election()
        one.post("/elections/demo/step-down")
        begun = second.begun()
        self.assertLess(first.last_work(), begun["at"])
        self.assertGreaterEqual(begun["at"], min(deadline, told["lease"]["deadline_boottime_ms"]) - 1)
        self.assert_gone(first)
        first.signal(signal.SIGCONT)
        self.assertEqual(first.wait(), 75)

    def test_a_fork_bomb_of_grandchildren_is_gone_at_the_deadline(self):
        one, two = self.pair()
        bomb = r"""
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", os.getpid(), flush=True)
end = time.monotonic() + 60
count = 0
while time.monotonic() < end:
    # at most 300 alive at a time; each leaves a child of its own, every third in its own session
    pid = os.fork()
    if pid == 0:
        count = -1
        if os.fork() != 0:
            os._exit(0)
        if os.getpid() % 3 == 0:
            os.setsid()
        time.sleep(60)
        os._exit(0)
    os.waitpid(pid, 0)
    count += 1
    if count > 300:
        time.sleep(0.1)
"""
        first = self.run_command(one, sys.executable, "-c", bomb, "LEADERD_BOMB")
        second = self.worker(two)
        first.wait_line("^up ")
        marked = lambda: [p for p in os.listdir("/proc") if p.isdigit() and is_bomb(p) and alive(p)]
        eventually(lambda: len(marked()) > 100)
        one.kill()
        second.begun()
        left = marked()
        self.assertEqual(first.wait(), 75)
        self.assertEqual(left, [])

    def test_a_new_reign_starts_the_command_anew(self):
        one, two = self.pair()
        first = self.worker(one, 0.0, flags=("--restart",))
        token = first.begun()["token"]
        one.post("/elections/demo/step-down", {"hold_off": "1ms"})
        two.wait_leader()
        two.post("/elections/demo/step-down")
        begun = first.begun(2)
        self.assertGreater(begun["token"], token)
        first.signal(signal.SIGTERM)
        self.assertEqual(first.wait(), 0)

    def test_a_daemon_that_comes_back_in_time_leaves_the_command_alone(self):
        one, _ = self.pair()
        first = self.worker(one)
        begun = first.begun()
        one.kill()
        one.start()
        one.wait_leader()
        # past the deadline that it was told by the first one
        eventually(lambda: first.last_work() > begun["deadline"] + 500, 10)
        self.assertEqual(len(first.lines_of("begin")), 1)
        self.assertEqual({l["token"] for l in first.lines_of("work")}, {one.election()["fencing_token"]})
        # its successor knows of the command, and waits for it
        self.assertEqual(one.terminate(), 0)
        self.assertEqual(first.wait(), 75)

    def test_a_daemon_that_ends_waits_for_the_command(self):
        one, two = self.pair()
        first = self.worker(one, 0.3)
        second = self.worker(two)
        first.begun()
        self.assertEqual(one.terminate(), 0)
        self.assertEqual(first.wait(), 75)
        self.assertLess(first.lines_of("end")[0]["at"], second.begun()["at"])

    def test_a_killed_keeper_is_replaced(self):
        one, _ = self.pair()
        first = self.worker(one)
        first.begun()
        keepers = lambda: [p for p in os.listdir("/proc") if p.isdigit() and alive(p)
                           and name_of(p) == "leaderd-keeper" and parent_of(p) == first.pid]
        keeper = eventually(keepers)[0]
        os.kill(int(keeper), signal.SIGKILL)
        eventually(lambda: [k for k in keepers() if k != keeper])
        self.assertTrue(first.alive())
        first.signal(signal.SIGKILL)
        eventually(lambda: not any(alive(l["pid"]) for l in first.lines_of("begin")), 2)


def is_bomb(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return b"LEADERD_BOMB" in file.read() and name_of(pid).startswith("python")
    except OSError:
        return False


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return int(file.read().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


class Terminal:
    """An interactive shell on a terminal of its own."""

    def __init__(self, env):
        self.seen = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], {**env, "PS1": "PROMPT> "})

    def type(self, text):
        os.write(self.fd, text.encode())

    def expect(self, pattern, timeout=10):
        end = time.monotonic() + timeout
        while not re.search(pattern, self.seen):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise Timeout(f"the terminal does not show {pattern!r}:\n{self.seen}")
            self.seen += os.read(self.fd, 4096).decode(errors="replace")
        self.seen = self.seen[re.search(pattern, self.seen).end():]

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


class AtATerminal(RunCase):
    def setUp(self):
        self.one = self.leader("one",
                               "local:" + os.path.join(harness.temporary_directory("db"), "db"))
        self.terminal = Terminal({**self.one.env, "LEADERD_URL": "unix:" + self.one.control})
        self.addCleanup(self.terminal.close)
        self.terminal.expect("PROMPT> ")
        self.command = f"{harness.binary()} run demo -- "

    def start(self, command):
        self.terminal.type(self.command + command + "\n")

    def test_the_command_reads_from_it(self):
        self.start("sh -c 'echo ready; read x; echo got-$x-'")
        self.terminal.expect(r"ready\r")
        self.terminal.type("something\n")
        self.terminal.expect("got-something-")
        self.terminal.expect("PROMPT> ")

    def test_interrupt_reaches_the_command_and_the_shell_goes_on(self):
        self.start("sh -c 'echo ready; exec sleep 100'")
        self.terminal.expect(r"ready\r")
        self.terminal.type("\x03")
        self.terminal.expect("PROMPT> ")
        self.terminal.type("echo code-$?-\n")
        self.terminal.expect("code-130-")

    def test_it_can_be_stopped_and_continued(self):
        self.start("sh -c 'echo ready; read x; echo got-$x-'")
        self.terminal.expect(r"ready\r")
        self.terminal.type("\x1a")
        self.terminal.expect("Stopped")
        self.terminal.expect("PROMPT> ")
        self.terminal.type("fg\n")
        self.terminal.expect("run demo")
        self.terminal.type("again\n")
        self.terminal.expect("got-again-")
        self.terminal.expect("PROMPT> ")

    def test_in_the_background_it_leaves_the_terminal_alone(self):
        self.terminal.type(self.command + "sh -c 'echo in-back; sleep 1; echo done-back' &\n")
        self.terminal.expect("in-back")
        self.terminal.type("echo fore-$((40 + 2))\n")
        self.terminal.expect("fore-42")
        self.terminal.expect("done-back")


if __name__ == "__main__":
    harness.main()
