"""Workloads beside each daemon of a run: `leaderd run`, a reader of the leader flag, the examples of
docs/examples. They write down when they worked; work.py judges that.
"""
import json
import os
import shutil
import subprocess

from daemon import ROOT, binary
from processes import Process, temporary_directory
from work import Work

EXAMPLES = os.path.join(ROOT, "docs", "examples")
HERE = os.path.dirname(os.path.abspath(__file__))


class Workloads:
    def __init__(self, daemons, seed):
        self.directory = temporary_directory("work")
        self.worker = self._compile("worker", os.path.join(HERE, "worker.c"))
        self.commands = self._examples()
        self.daemons = daemons
        self.files = []  # (host, kind, path)
        self.runs = {}
        self.others = []
        for number, name in enumerate(sorted(daemons)):
            self.start_run(name)
            self._start(name, "flag", [self.worker, "flag", self._file(name, "flag"),
                                       os.path.join(daemons[name].directory, "demo.lease")])
            for kind in sorted(self.commands):
                # one of the slow ones is enough for a host
                if kind == "c" or (number + seed) % 3 == ("bash", "node", "python").index(kind):
                    self._start(name, kind, self.commands[kind],
                                {"OUTPUT": self._file(name, kind)})

    def _compile(self, name, source):
        program = os.path.join(self.directory, name)
        compiler = shutil.which(os.environ.get("CC", "cc")) or "gcc"
        subprocess.run([compiler, "-O1", "-o", program, "-I", os.path.join(ROOT, "lib"), source,
                        "-pthread"], check=True)
        return program

    def _examples(self):
        found = {"c": [self._compile("example", os.path.join(EXAMPLES, "c", "worker.c"))],
                 "python": ["python3", os.path.join(EXAMPLES, "python", "worker.py")]}
        for kind, program, source in (("node", "node", "node/worker.js"),
                                      ("bash", "bash", "bash/worker.sh")):
            if shutil.which(program):
                found[kind] = [program, os.path.join(EXAMPLES, source)]
        return found

    def _file(self, name, kind):
        path = os.path.join(self.directory, f"{name}.{kind}.{len(self.files)}")
        self.files.append((name, kind, path))
        return path

    def _environment(self, name, more):
        env = {k: v for k, v in self.daemons[name].env.items() if k != "RUNTIME_DIRECTORY"}
        return {**env, "LEADERD_URL": "unix:" + self.daemons[name].control,
                "LEADERD_ELECTION": "demo", **more}

    def _start(self, name, kind, argv, more=()):
        process = Process(f"{kind}@{name}", argv, env=self._environment(name, dict(more)))
        self.others.append(process)
        return process

    def start_run(self, name):
        self.runs[name] = Process(
            "run@" + name, [binary(), "run", "demo", "--restart", "--",
                            self.worker, "run", self._file(name, "run")],
            env=self._environment(name, {}))

    def troubles(self):
        """Those that have died of themselves."""
        dead = [p for p in [*self.runs.values(), *self.others] if not p.alive()]
        traces = [line for p in self.runs.values() for line in p.traces]
        return [f"{p.name} has ended with {p.popen.returncode}\n{p.tail()}" for p in dead] + traces

    def end(self):
        """All work that was done."""
        for process in [*self.runs.values(), *self.others]:
            process.kill()
        return [work for host, kind, path in self.files for work in read(host, kind, path)]


def read(host, kind, path):
    """What one workload wrote, a Work for each token."""
    spans = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                token, at_ms = _understood(line)
                span = spans.setdefault(token, [at_ms, at_ms, 0])
                span[0], span[1], span[2] = min(span[0], at_ms), max(span[1], at_ms), span[2] + 1
    return [Work(host, kind, token, first, last, count)
            for token, (first, last, count) in spans.items()]


def _understood(line):
    if line.startswith("{"):
        said = json.loads(line)
        return int(said["token"]), float(said["at_boottime_ms"])
    token, at_us = line.split()
    return int(token), int(at_us) / 1000
