"""Workloads that make themselves known in /watch, the leader flag, and `leaderd hold`."""
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import unittest

import harness
from harness import Case, boottime_ms, temporary_directory
from processes import Process, eventually

NAMES = ("magic", "sequence", "token", "leads_until", "deadline", "check")


def read_flag(path):
    """The page, checked as docs/clients.md wants it; None when it says nothing."""
    with open(path, "rb") as file:
        page = file.read()
    words = struct.unpack_from("=QQqqqQ", page)
    flag = dict(zip(NAMES, words))
    mask = (1 << 64) - 1
    check = 0
    for word in words[:5]:
        check ^= word & mask
    if words[0] != int.from_bytes(b"LEADERD1", sys.byteorder) or check != words[5] or words[1] % 2:
        return None
    return flag


class Known(Case):
    def watch(self, daemon, name, **more):
        query = "&".join(f"{k}={v}" for k, v in {"workload": name, "timeout": "0s", **more}.items())
        return daemon.get("/watch?" + query)

    def test_a_lease_waits_for_a_workload_that_was_told_of_it(self):
        redis = self.redis()
        one = self.leader("one", redis)
        two = self.follower("two", redis)
        told = self.watch(one, "w1").json()["elections"]["demo"]
        self.assertTrue(told["is_leader"])
        one.post("/elections/demo/step-down")
        state = one.wait_state("draining")
        self.assertAlmostEqual(state["drain"]["remaining_ms"], 600, delta=200)
        two.wait_leader()
        self.assertGreaterEqual(boottime_ms() + 1, told["lease"]["deadline_boottime_ms"])

    def test_its_word_ends_the_drain(self):
        redis = self.redis()
        one = self.leader("one", redis, {"elections": [{"name": "demo", "drain": "10s"}]})
        two = self.follower("two", redis)
        self.watch(one, "w1")
        self.watch(one, "w2")
        one.post("/elections/demo/step-down")
        self.assertEqual(one.get("/elections/demo").json()["state"], "draining")
        self.assertEqual(one.post("/elections/demo/released?workload=w1").status, 200)
        self.assertEqual(one.election()["state"], "draining")
        self.assertEqual(one.post("/elections/demo/released?workload=w2").status, 200)
        two.wait_leader(timeout=2)

    def test_it_may_say_so_at_any_time_and_again(self):
        one = self.leader("one", self.redis())
        self.watch(one, "w1")
        for _ in range(2):
            self.assertEqual(one.post("/elections/demo/released?workload=w1").status, 200)
        self.assert_problem(one.post("/elections/demo/released"), 409, "not_draining")
        self.assertEqual(one.post("/elections/demo/step-down").status, 200)

    def test_names_are_checked_and_counted(self):
        one = self.leader("one", self.redis())
        for bad in ("", "a%20b", "x" * 65, "%2F"):
            self.assert_problem(one.get("/watch?timeout=0s&workload=" + bad), 400, "bad_parameter")
            self.assert_problem(one.post("/elections/demo/released?workload=" + bad), 400,
                                "bad_parameter")
        for i in range(64):
            self.assertEqual(self.watch(one, f"w{i}").status, 200)
        self.assert_problem(self.watch(one, "one-too-many"), 429, "busy")
        self.assertEqual(self.watch(one, "w7").status, 200)
        # those whose deadline is over make room
        eventually(lambda: self.watch(one, "one-too-many").status == 200, 10)

    def test_a_follower_keeps_no_workload(self):
        redis = self.redis()
        self.leader("one", redis)
        two = self.follower("two", redis)
        for i in range(100):
            self.assertEqual(self.watch(two, f"w{i}").status, 200)


class Flag(Case):
    def path(self, daemon, election="demo"):
        return os.path.join(daemon.directory, election + ".lease")

    def test_the_page_says_what_the_status_says(self):
        redis = self.redis()
        one = self.leader("one", redis)
        status = one.wait_leader()
        flag = eventually(lambda: read_flag(self.path(one)))
        self.assertEqual(flag["token"], status["fencing_token"])
        self.assertEqual(flag["deadline"] - flag["leads_until"], 600)
        self.assertGreater(flag["leads_until"], boottime_ms())
        self.assertEqual(os.stat(self.path(one)).st_mode & 0o777, 0o644)
        eventually(lambda: read_flag(self.path(one))["deadline"] > flag["deadline"])
        two = self.follower("two", redis)
        self.assertEqual(read_flag(self.path(two))["leads_until"], 0)

    def test_it_is_withdrawn_before_the_lease_is(self):
        redis = self.redis()
        one = self.leader("one", redis, {"elections": [{"name": "demo", "drain": "1s"}]})
        two = self.follower("two", redis)
        one.post("/elections/demo/step-down")
        flag = read_flag(self.path(one))
        self.assertEqual(flag["leads_until"], 0)
        self.assertGreater(flag["deadline"], boottime_ms())
        two.wait_leader()
        self.assertEqual(read_flag(self.path(one))["deadline"], 0)

    def test_it_ends_by_the_clock_when_the_daemon_does_not(self):
        one = self.leader("one", self.redis())
        one.kill()
        flag = read_flag(self.path(one))
        self.assertLess(flag["leads_until"] - boottime_ms(), 3000)

    def test_it_stays_empty_after_the_end_and_is_used_again(self):
        one = self.leader("one", self.redis())
        self.assertEqual(one.terminate(), 0)
        flag = read_flag(self.path(one))
        self.assertEqual((flag["token"], flag["leads_until"], flag["deadline"]), (0, 0, 0))
        inode = os.stat(self.path(one)).st_ino
        one.start()
        one.wait_leader()
        self.assertEqual(os.stat(self.path(one)).st_ino, inode)
        self.assertNotEqual(read_flag(self.path(one))["token"], 0)

    def test_of_two_daemons_in_one_directory_the_first_has_it(self):
        redis = self.redis()
        one = self.leader("one", redis)
        two = self.daemon("two", redis, env={"RUNTIME_DIRECTORY": one.directory})
        two.process.wait_line("another daemon keeps the leader flag")
        two.wait_state("follower")
        self.assertNotEqual(read_flag(self.path(one))["token"], 0)

    def test_a_link_in_its_place_is_not_followed(self):
        one = self.daemon("one", self.redis(), start=False)
        victim = os.path.join(one.directory, "victim")
        with open(victim, "w", encoding="utf-8") as file:
            file.write("precious")
        os.symlink(victim, self.path(one))
        one.start()
        one.process.wait_line("cannot open the leader flag")
        with open(victim, encoding="utf-8") as file:
            self.assertEqual(file.read(), "precious")

    def test_the_c_reader(self):
        directory = temporary_directory("flag")
        program = os.path.join(directory, "reader")
        source = os.path.join(directory, "reader.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write(r"""
#include "leaderd_flag.h"
int main(int argc, char **argv)
{
    struct leaderd_flag flag;
    char line[16];
    if (argc != 2 || leaderd_flag_open(&flag, argv[1]) != 0) {
        return 2;
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        printf("%lld %lld\n", (long long)leaderd_flag_token(&flag), (long long)leaderd_flag_deadline_ms(&flag));
        fflush(stdout);
    }
    leaderd_flag_close(&flag);
    return 0;
}
""")
        for compiler, flags in (("gcc", ["-std=c17", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Werror", "-Wconversion"]),
                                ("gcc", ["-Wall", "-Wextra", "-Werror"]),
                                ("g++", ["-Wall", "-Wextra", "-Werror", "-x", "c++"])):
            if shutil.which(compiler):
                subprocess.run([compiler, *flags, "-I", os.path.join(harness.daemon_module.ROOT, "lib"),
                                "-o", program, source], check=True)
        redis = self.redis()
        one = self.daemon("one", redis)
        path = self.path(one)
        reader = subprocess.Popen([program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True)
        self.addCleanup(reader.stdout.close)
        self.addCleanup(reader.kill)

        def ask():
            reader.stdin.write("\n")
            reader.stdin.flush()
            return tuple(int(w) for w in reader.stdout.readline().split())

        self.assertEqual(ask(), (0, 0))
        one.bootstrap()
        status = one.wait_leader()
        self.assertEqual(ask()[0], status["fencing_token"])
        good = open(path, "rb").read()
        one.kill()
        eventually(lambda: ask()[0] == 0, 4)  # by its own clock: nobody has told it

        def show(page):
            """Another file in its place, as after a new start in a new directory."""
            with open(path + ".new", "wb") as file:
                file.write(page)
            os.rename(path + ".new", path)
            return ask()[0]

        def page(sequence=2, token=7, leads_in=10000, boot=None, check=0, magic=b"LEADERD1"):
            now = int(boottime_ms())
            words = [int.from_bytes(magic, sys.byteorder), sequence, token, now + leads_in,
                     now + leads_in + 600]
            total = check
            for word in words:
                total ^= word
            return struct.pack("=QQqqqQ", *words, total) + (boot or good[48:84]) + bytes(44)

        self.assertEqual(show(page(sequence=3)), 0)
        self.assertEqual(show(page(check=1)), 0)
        self.assertEqual(show(page(leads_in=-1)), 0)
        self.assertEqual(show(page(boot=b"0" * 36)), 0)
        self.assertEqual(show(page(magic=b"LEADERD2")), 0)
        self.assertEqual(show(page(leads_in=300)), 7)
        eventually(lambda: ask()[0] == 0, 2)
        self.assertEqual(show(page(token=8)), 8)
        os.unlink(path)
        reader.stdin.close()
        reader.wait(5)


class Hold(Case):
    def hold(self, daemon, notify=False):
        env = {k: v for k, v in daemon.env.items() if k != "RUNTIME_DIRECTORY"}
        env["LEADERD_URL"] = "unix:" + daemon.control
        if notify:
            self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.addCleanup(self.notified.close)
            path = os.path.join(temporary_directory("notify"), "s")
            self.notified.bind(path)
            self.notified.settimeout(10)
            env["NOTIFY_SOCKET"] = path
        return self.program("hold", [harness.binary(), "hold", "demo"], env=env)

    def wait_known(self, daemon):
        """Its poll has been answered: it is leading, as far as it knows."""
        eventually(lambda: "leaderd_http_watchers 1\n" in daemon.get("/metrics").text())

    def test_it_ends_with_leadership_and_lets_the_next_lead(self):
        redis = self.redis()
        one = self.leader("one", redis, {"elections": [{"name": "demo", "drain": "10s"}]})
        two = self.follower("two", redis)
        holder = self.hold(one)
        self.wait_known(one)
        holder.signal(signal.SIGUSR1)  # means nothing while it leads
        self.assertTrue(holder.alive())
        one.post("/elections/demo/step-down")
        self.assertEqual(holder.wait(), 75)
        two.wait_leader(timeout=2)

    def test_it_waits_for_leadership(self):
        redis = self.redis()
        self.leader("one", redis)
        two = self.follower("two", redis)
        holder = self.hold(two)
        self.wait_known(two)
        holder.signal(signal.SIGTERM)
        self.assertEqual(holder.wait(), 0)

    def test_a_killed_daemon_ends_it_by_its_own_clock(self):
        one = self.leader("one", self.redis())
        holder = self.hold(one)
        self.wait_known(one)
        deadline = one.election()["lease"]["deadline_boottime_ms"]
        one.kill()
        self.assertEqual(holder.wait(), 75)
        self.assertLess(boottime_ms(), deadline)

    def test_under_systemd_it_stays_until_what_is_bound_to_it_has_stopped(self):
        redis = self.redis()
        one = self.leader("one", redis, {"elections": [{"name": "demo", "drain": "10s"}]})
        two = self.follower("two", redis)
        holder = self.hold(one, notify=True)
        self.assertIn(b"READY=1", self.notified.recv(4096))
        one.post("/elections/demo/step-down")
        self.assertIn(b"STOPPING=1", self.notified.recv(4096))
        self.assertEqual(one.election()["state"], "draining")
        self.assertTrue(holder.alive())
        holder.signal(signal.SIGUSR1)
        self.assertEqual(holder.wait(), 75)
        two.wait_leader(timeout=2)

    def test_under_systemd_it_ends_with_the_drain_at_the_latest(self):
        redis = self.redis()
        one = self.leader("one", redis)
        two = self.follower("two", redis)
        holder = self.hold(one, notify=True)
        self.assertIn(b"READY=1", self.notified.recv(4096))
        one.post("/elections/demo/step-down")
        self.assertEqual(holder.wait(), 75)
        two.wait_leader()


if __name__ == "__main__":
    harness.main()
