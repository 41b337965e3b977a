"""The base of every end-to-end test: servers and daemons that are checked and cleaned up.

After each test every daemon that still runs gets SIGTERM and must exit with 0, and none may have
printed a sanitizer's report. When a test fails, the last lines of all its programs are shown and
whole logs are kept in $E2E_LOGS (default build/e2e-logs).
"""
import os
import re
import signal
import sys
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "torture"))

import daemon as daemon_module
from daemon import Daemon, binary  # noqa: F401 - for the tests
from feed import Feed
from processes import Process, Timeout, boottime_ms, free_port, temporary_directory  # noqa: F401
from redis_server import RedisServer

LEASE_S = 3.0  # of the profile `fast`, which the tests use
LOGS = os.environ.get("E2E_LOGS", os.path.join(daemon_module.ROOT, "build", "e2e-logs"))


class Case(unittest.TestCase):
    maxDiff = 4000

    def run(self, result=None):
        self._daemons, self._servers, self._programs, self._feeds = [], [], [], []
        problems = _problems(result)
        super().run(result)
        if _problems(result) > problems:
            self._keep_logs()
        return result

    def tearDown(self):
        for feed in self._feeds:
            feed.close()
        running = [d for d in self._daemons if d.process is not None and not d.stopped]
        for daemon in running:
            daemon.thaw()
            daemon.process.signal(signal.SIGTERM)
        for server in self._servers:
            if server.process.alive():
                server.thaw()
        codes = {}
        for daemon in running:
            try:
                codes[daemon.name] = daemon.end(30)
            except Timeout:
                daemon.kill()
                codes[daemon.name] = "did not end"
        traces = [line for d in self._daemons if d.process for line in d.process.traces]
        for daemon in self._daemons:
            daemon.remove()
        for server in self._servers:
            server.stop()
        for program in self._programs:
            if program.alive():
                program.kill()
        wrong = {n: c for n, c in codes.items() if c != 0}
        if traces or wrong:
            self.fail(f"exit codes after SIGTERM: {wrong}\n" + "\n".join(traces))

    def _keep_logs(self):
        test = re.sub(r"\W+", "_", self.id())
        os.makedirs(LOGS, exist_ok=True)
        processes = [d.process for d in self._daemons if d.process] + self._programs
        processes += [s.process for s in self._servers]
        for process in processes:
            with open(os.path.join(LOGS, f"{test}-{process.name}.log".replace(":", "_")), "w",
                      encoding="utf-8") as file:
                file.write("\n".join(process.lines) + "\n")
            print(process.tail(), file=sys.stderr)
        print(f"  whole logs: {LOGS}/{test}-*", file=sys.stderr)

    # --- what tests are made of ------------------------------------------------------------

    def redis(self, *options, **how):
        server = RedisServer(*options, **how)
        self._servers.append(server)
        return server

    def adopt(self, setup):
        """Several servers that belong together; they end with the test."""
        self._servers.extend(setup.servers)
        return setup

    def daemon(self, name, store, settings=None, **how):
        """`store` is a URL or a RedisServer (reached over TCP)."""
        url = store if isinstance(store, str) else store.url
        start = how.pop("start", True)
        made = Daemon(name, url, settings, start=False, **how)
        self._daemons.append(made)
        if start:
            made.start()
        return made

    def leader(self, name, store, settings=None, **how):
        """A daemon that leads election `demo` when this returns."""
        made = self.daemon(name, store, settings, **how)
        made.bootstrap()
        made.wait_leader()
        return made

    def follower(self, name, store, settings=None, **how):
        made = self.daemon(name, store, settings, **how)
        made.wait_state("follower")
        return made

    def feed(self, *daemons, election="demo"):
        made = Feed(daemons, election)
        self._feeds.append(made)
        return made

    def program(self, name, argv, **how):
        made = Process(name, argv, **how)
        self._programs.append(made)
        return made

    def assert_problem(self, answer, status, code):
        """An error as RFC 9457 wants it."""
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers["Content-Type"].split(";")[0], "application/problem+json")
        problem = answer.json()
        self.assertEqual(problem["code"], code)
        self.assertEqual(problem["status"], status)
        self.assertEqual(problem["type"], "urn:leaderd:problem:" + code)
        self.assertTrue(problem["title"] and problem["detail"])


def _problems(result):
    return 0 if result is None else len(result.failures) + len(result.errors)


def main():
    """`python3 tests/e2e/test_x.py [names]` runs one file alone."""
    unittest.main(verbosity=2)
