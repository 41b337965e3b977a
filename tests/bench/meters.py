"""What a process costs, as the kernel counts it, and what Redis is asked."""
import os
import re
import socket
import threading
import time

from redis_server import encoded


def cpu_seconds(pid):
    """User and system time of all threads, also of ended ones, to the nanosecond: the process' own
    CPU clock (clock_getcpuclockid(3)), since /proc counts in steps of 10 ms."""
    return time.clock_gettime(~pid << 3 | 2)


def wake_ups_by_thread(pid):
    """How often a thread gave up the CPU to wait: each time it was woken before. The kernel counts
    them per thread; those of ended threads are lost."""
    found = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/status", encoding="utf-8") as file:
            counted = re.search(r"^voluntary_ctxt_switches:\s+(\d+)", file.read(), re.M)
        found[int(thread)] = int(counted.group(1))
    return found


def wake_ups(pid):
    return sum(wake_ups_by_thread(pid).values())


def memory(pid):
    """RSS, PSS and what is private and dirty, in bytes: that last is what one more daemon costs."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        kib = {key: int(value) for key, value in re.findall(r"^(\w+):\s+(\d+) kB", file.read(), re.M)}
    return {"rss": kib["Rss"] * 1024, "pss": kib["Pss"] * 1024,
            "private_dirty": kib["Private_Dirty"] * 1024}


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Meter:
    """What a process spends between now and stop()."""

    def __init__(self, pid):
        self.pid = pid
        self.cpu, self.wakes, self.at = cpu_seconds(pid), wake_ups(pid), time.monotonic()

    def stop(self):
        seconds = time.monotonic() - self.at
        spent = cpu_seconds(self.pid) - self.cpu
        return {"seconds": seconds, "cpu_seconds": spent, "cpu_percent": 100 * spent / seconds,
                "wake_ups_per_s": (wake_ups(self.pid) - self.wakes) / seconds}


def administrative(server):
    """Calls of the commands that MONITOR leaves out, as far as leaderd uses any."""
    return {name[8:].replace("|", " "): int(re.match(r"calls=(\d+)", value).group(1))
            for name, value in server.info("commandstats").items() if "config|" in name}


class Monitor:
    """Counts what a Redis is asked from now on, by MONITOR: what clients sent, by command, and
    besides what scripts called inside the server. For idle servers: a busy one would be slowed."""

    LINE = re.compile(rb'^\+[\d.]+ \[\d+ (\S+)\] "([^"]*)"')

    def __init__(self, server):
        self.sent, self.inside = {}, 0
        self.server, self.unseen = server, administrative(server)
        self.began = time.monotonic()
        self._link = socket.create_connection(("127.0.0.1", server.port))
        self._link.sendall(encoded(("MONITOR",)))
        self._lines = self._link.makefile("rb")
        self._lines.readline()
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def _count(self):
        for line in self._lines:
            seen = self.LINE.match(line)
            if seen and seen.group(1) == b"lua":
                self.inside += 1
            elif seen:
                word = seen.group(2).decode(errors="replace").lower()
                self.sent[word] = self.sent.get(word, 0) + 1

    def stop(self):
        seconds = time.monotonic() - self.began
        self._link.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._lines.close()
        self._link.close()
        for word, calls in administrative(self.server).items():
            if calls > self.unseen.get(word, 0):
                self.sent[word] = calls - self.unseen.get(word, 0)
        total = sum(self.sent.values())
        return {"seconds": seconds, "sent_per_s": total / seconds,
                "inside_per_s": self.inside / seconds,
                "sent": dict(sorted(self.sent.items(), key=lambda item: -item[1]))}
