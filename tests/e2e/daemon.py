"""A leaderd of its own: its directory, its sockets, its configuration, and its HTTP interface."""
import json
import os
import signal
import time

import http_client
from processes import Process, Timeout, free_port, remove_directory, temporary_directory

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def binary():
    """$LEADERD, else the build with sanitizers, else the release."""
    named = os.environ.get("LEADERD")
    if named:
        return os.path.abspath(named)
    for flavor in ("asan", "release"):
        path = os.path.join(ROOT, "build", flavor, "leaderd")
        if os.path.exists(path):
            return path
    raise SystemExit("no leaderd to test: run `make` or set LEADERD=/path/to/leaderd")


def under():
    """What daemons are run under, for instance E2E_UNDER="valgrind -q --error-exitcode=99"."""
    return os.environ.get("E2E_UNDER", "").split()


def environment(directory, extra=None):
    """What a daemon sees: no setting of whoever runs the tests, its own runtime directory."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith("LEADERD") and k not in ("NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY")}
    env["RUNTIME_DIRECTORY"] = directory
    env["ASAN_OPTIONS"] = "exitcode=99:detect_leaks=1:detect_stack_use_after_return=0"
    env["UBSAN_OPTIONS"] = "print_stacktrace=1"
    env.update(extra or {})
    return env


class Daemon:
    """`settings` is merged over a small default configuration; JSON is the YAML we write."""

    def __init__(self, name, store_url, settings=None, *, elections=("demo",), env=None,
                 prefix=(), host="127.0.0.1", start=True):
        self.name = name
        self.directory = temporary_directory(name)
        self.state_dir = os.path.join(self.directory, "state")
        os.mkdir(self.state_dir)
        self.control = os.path.join(self.directory, "control.sock")
        self.tcp = (host, free_port())
        self.config_file = os.path.join(self.directory, "leaderd.yaml")
        self.env = environment(self.directory, env)
        self.prefix = prefix
        self.process = None
        self.stopped = False
        self.settings = {
            "participant_id": name,
            "profile": "fast",
            "store": {"url": store_url},
            "elections": [{"name": e} if isinstance(e, str) else e for e in elections],
            "http": {"listeners": [
                {"address": f"{host}:{self.tcp[1]}", "role": "read",
                 **({} if host.startswith("127.") else {"insecure": True})},
                {"address": "unix:" + self.control, "role": "control", "mode": "0600"}]},
            "state_dir": self.state_dir,
            "log": {"level": "info", "format": "logfmt"},
        }
        _merge(self.settings, settings or {})
        self.write_config()
        if start:
            self.start()

    def write_config(self, text=None):
        with open(self.config_file, "w", encoding="utf-8") as file:
            file.write(json.dumps(self.settings, indent=1, ensure_ascii=False) + "\n" if text is None else text)

    def start(self, *flags, ready=True):
        self.process = Process(
            self.name, [*under(), binary(), "serve", "--config", self.config_file, *flags],
            env=self.env, prefix=self.prefix)
        self.stopped = False
        if ready:
            # One line per listener, all written when all of them take connections.
            for line in self.settings["http"]["listeners"]:
                self.process.wait_line(line["address"].replace("unix:", "").replace(".", r"\."))
        return self

    # --- signals ---------------------------------------------------------------------------

    def terminate(self, timeout=20):
        """SIGTERM, and the exit code."""
        self.process.signal(signal.SIGCONT)
        self.process.signal(signal.SIGTERM)
        return self.end(timeout)

    def end(self, timeout=20):
        code = self.process.wait(timeout)
        self.stopped = True
        return code

    def kill(self):
        self.process.kill()
        self.stopped = True

    def freeze(self):
        self.process.signal(signal.SIGSTOP)

    def thaw(self):
        self.process.signal(signal.SIGCONT)

    def remove(self):
        if self.process is not None and not self.stopped:
            self.kill()
        remove_directory(self.directory)

    # --- questions -------------------------------------------------------------------------

    def get(self, path, headers=None, timeout=10):
        return http_client.request(self.tcp, "GET", path, headers=headers, timeout=timeout)

    def post(self, path, body=None, timeout=10, headers=None):
        """Over the control socket."""
        return http_client.request(self.control, "POST", path, body, headers, timeout)

    def status(self):
        return self.get("/status").json()

    def election(self, name="demo"):
        return self.get("/elections/" + name).json()

    def leads(self, name="demo"):
        return self.election(name)["is_leader"]

    def events(self, kind=None):
        events = self.get("/events").json()["events"]
        return [e for e in events if kind in (None, e["type"])]

    def metric(self, name, labels=""):
        """One sample's value; `labels` as written, for instance 'election="demo"'."""
        wanted = name + ("{" + labels + "}" if labels else "") + " "
        for line in self.get("/metrics").text().splitlines():
            if line.startswith(wanted):
                return float(line.split()[-1])
        raise KeyError(wanted)

    def wait_status(self, holds, timeout=20, what="a status"):
        """Long-polls until holds(status) is true; the status that made it so. What is no
        significant change (health, an error noted) comes with the next look, 300 ms later."""
        until = time.monotonic() + timeout
        status = self.status()
        while not holds(status):
            if time.monotonic() > until:
                raise Timeout(f"{self.name}: {what} did not come: {json.dumps(status)}\n"
                              + self.process.tail())
            status = self.get(f"/watch?since={status['cursor']}&timeout=300ms").json()
        return status

    def wait_election(self, holds, name="demo", timeout=20, what="a state of the election"):
        status = self.wait_status(
            lambda s: name in s["elections"] and holds(s["elections"][name]), timeout, what)
        return status["elections"][name]

    def wait_leader(self, name="demo", timeout=20):
        return self.wait_election(lambda e: e["is_leader"], name, timeout, "leadership")

    def wait_state(self, state, name="demo", timeout=20):
        return self.wait_election(lambda e: e["state"] == state, name, timeout, state)

    def wait_event(self, kind, timeout=20):
        """Events are for people and wake nobody, so this one looks again and again."""
        until = time.monotonic() + timeout
        while True:
            found = self.events(kind)
            if found:
                return found[-1]
            if time.monotonic() > until:
                raise Timeout(f"{self.name}: no event {kind}\n{self.process.tail()}")
            time.sleep(0.05)

    def bootstrap(self, name="demo", timeout=20):
        """Skips the wait of a first start, so that set-up is cheap."""
        self.wait_status(lambda s: s["store"]["connected"], timeout, "the store")
        answer = self.post(f"/elections/{name}/bootstrap")
        if answer.status not in (200, 409):
            raise AssertionError(f"bootstrap: {answer}")


def _merge(into, changes):
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
