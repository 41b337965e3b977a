"""Child processes and directories that never outlive the program that started them.

Everything a child prints is kept line by line and can be waited for, so that no test needs to
sleep until a log line is there. Children die at exit, on Ctrl-C and on SIGTERM; where `setpriv`
is to be had they die even when this program is killed outright.
"""
import atexit
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

TRACES = re.compile(r"Sanitizer|runtime error:|Assertion .* failed|^==\d+== ")
_running = set()
_directories = set()


class Timeout(AssertionError):
    """Something awaited did not happen in time."""


def boottime_ms():
    """The clock that leases live on, in milliseconds with a fraction."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) / 1e6


def eventually(look, timeout=20, what="what was awaited"):
    """What look() returns as soon as that is true; for what can only be asked again and again."""
    end = time.monotonic() + timeout
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > end:
            raise Timeout(f"{what} did not come within {timeout} s")
        time.sleep(0.02)


def temporary_directory(prefix):
    """A directory that is removed at exit. Short names: a unix socket's path has 107 bytes."""
    path = tempfile.mkdtemp(prefix="leaderd-" + prefix + "-", dir="/tmp")
    _directories.add(path)
    return path


def remove_directory(path):
    shutil.rmtree(path, ignore_errors=True)
    _directories.discard(path)


_given_ports = set()


def free_port():
    """A port nobody listens on, and that was not given before, outside the range from which the
    kernel serves clients: otherwise one of our own connections could take it before the server
    binds it."""
    while True:
        port = random.SystemRandom().randint(10000, 32000)
        if port in _given_ports:
            continue
        _given_ports.add(port)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Process:
    """A running program; `lines` is all that it printed to stdout and stderr."""

    def __init__(self, name, argv, env=None, cwd=None, prefix=()):
        self.name = name
        self.lines = []
        self.traces = []
        self._news = threading.Condition()
        self._ended = False
        guard = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
        self.popen = subprocess.Popen(
            [*prefix, *guard, *argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=env, cwd=cwd, start_new_session=True, errors="replace")
        self.pid = self.popen.pid
        _running.add(self)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.popen.stdout:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                if TRACES.search(line):
                    self.traces.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def wait_line(self, pattern, timeout=15, since=0):
        """The first line from number `since` on that matches; fails when the program ends first."""
        seen = re.compile(pattern)
        until = time.monotonic() + timeout
        at = since
        with self._news:
            while True:
                while at < len(self.lines):
                    if seen.search(self.lines[at]):
                        return self.lines[at]
                    at += 1
                left = until - time.monotonic()
                if self._ended or left <= 0:
                    raise Timeout(f"{self.name}: no line matches {pattern!r}:\n{self.tail()}")
                self._news.wait(left)

    def signal(self, number):
        if self.popen.poll() is None:
            os.kill(self.pid, number)

    def alive(self):
        return self.popen.poll() is None

    def wait(self, timeout=20):
        """The exit code, negative for a signal, when all that it printed was read."""
        try:
            code = self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Timeout(f"{self.name} does not end:\n{self.tail()}") from None
        self._reader.join(5)
        self.popen.stdout.close()
        _running.discard(self)
        return code

    def kill(self):
        """The end without a word; also of a stopped process."""
        if self.popen.poll() is None:
            self.popen.kill()
        return self.wait()

    def tail(self, count=40):
        return "\n".join(f"  {self.name}| {line}" for line in self.lines[-count:])


@atexit.register
def clean_up():
    """Nothing stays: no process, no directory."""
    for process in list(_running):
        try:
            process.popen.kill()
            process.popen.wait(5)
        except (OSError, subprocess.TimeoutExpired):
            pass
    for path in list(_directories):
        remove_directory(path)


def _on_terminate(number, frame):
    del frame
    sys.exit(128 + number)


signal.signal(signal.SIGTERM, _on_terminate)
signal.signal(signal.SIGHUP, _on_terminate)
