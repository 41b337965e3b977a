"""Debian 12 systems of their own, in directories below build/package: what runs in them sees nothing of
this host but its kernel, and neither its /tmp nor, if so wanted, its network.

It takes root, and a debootstrap once: the bare system is kept as a tarball, packages in a cache.
"""
import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build", "package")
os.makedirs(BUILD, exist_ok=True)
ENTER = os.path.join(ROOT, "tests", "package", "enter")
MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
               "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}
NAMESPACES = ["--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc"]
SKIPPED = 77


class Failed(Exception):
    """What was expected did not come."""


def require(true, what):
    if not true:
        raise Failed(what)


def eventually(call, seconds, what):
    """The first true answer of `call`."""
    until = time.monotonic() + seconds
    while True:
        answer = call()
        if answer:
            return answer
        if time.monotonic() > until:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def run(*command, check=True, **how):
    """A command, with what it prints on both channels; Failed if it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False, **how)
    if check and done.returncode != 0:
        raise Failed(f"{' '.join(command)} exited with {done.returncode}:\n{done.stdout}")
    return done


@contextlib.contextmanager
def locked():
    """One at a time: the tarball and the cache of packages are shared by all tests."""
    with open(os.path.join(BUILD, "lock"), "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def need(*programs):
    """Installs Debian packages that bring the programs: (program, package) pairs."""
    missing = [package for program, package in programs if not shutil.which(program)]
    if missing and (os.geteuid() != 0 or not shutil.which("apt-get")):
        skip("please install " + ", ".join(missing))
    if missing:
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        run("apt-get", "update", "-qq")
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing, env=env)


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def only_as_root():
    if os.geteuid() != 0 or run("unshare", "--mount", "--pid", "--fork", "true", check=False).returncode != 0:
        skip("this needs root, and namespaces")


def tarball():
    """The bare system: what debootstrap calls minbase."""
    path = os.path.join(BUILD, "minbase.tar")
    with locked():
        if not os.path.exists(path):
            need(("debootstrap", "debootstrap"))
            place = os.path.join(BUILD, "minbase")
            shutil.rmtree(place, ignore_errors=True)
            run("unshare", "--mount", "debootstrap", "--variant=minbase", "bookworm", place, MIRROR)
            run("tar", "-C", place, "--numeric-owner", "--exclude=./dev/*", "--exclude=./var/cache/apt/archives/*",
                "-cf", path + ".new", ".")
            os.rename(path + ".new", path)
            shutil.rmtree(place)
    return path


class System:
    """A bare Debian 12 in a directory. Use it as a context: it is removed afterwards."""

    def __init__(self, name):
        self.name = name
        self.place = os.path.join(BUILD, "systems", name)
        bare = tarball()
        shutil.rmtree(self.place, ignore_errors=True)
        os.makedirs(self.place)
        run("tar", "-C", self.place, "-xpf", bare)
        shutil.copy("/etc/resolv.conf", self.place + "/etc/resolv.conf")
        self.write("/etc/dpkg/dpkg.cfg.d/unsafe-io", "force-unsafe-io\n")
        os.makedirs(os.path.join(BUILD, "archives", "partial"), exist_ok=True)
        self.binds = ["--bind", os.path.join(BUILD, "archives"), "var/cache/apt/archives"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if "KEEP" not in os.environ:
            shutil.rmtree(self.place, ignore_errors=True)

    def path(self, path):
        return self.place + path

    def write(self, path, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        with open(self.path(path), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(path), mode)

    def read(self, path):
        with open(self.path(path), encoding="utf-8") as file:
            return file.read()

    def entering(self, network=False, options=()):
        """The command line that begins what runs inside."""
        net = [] if network else ["--net"]
        loopback = [] if network else ["--loopback"]
        return ["unshare", *NAMESPACES, *net, ENTER, self.place, *self.binds, *loopback, *options]

    def run(self, *command, user=None, network=False, options=(), check=True, timeout=600):
        """Runs a command in it, by root or an ordinary `user` (a number)."""
        become = [] if user is None else ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        return run(*self.entering(network, options), *become, *command, env=ENVIRONMENT, check=check, timeout=timeout)

    def sh(self, script, **how):
        return self.run("sh", "-ec", script, **how)

    def apt(self, *words, check=True):
        """apt-get, with the network of this host."""
        with locked():
            return self.run("apt-get", "-y", "-qq", "--no-install-recommends", *words, network=True, check=check)

    def files(self):
        """Every path, but for what comes and goes with any package."""
        passing = ("/var/cache", "/var/lib/dpkg", "/var/lib/apt", "/var/log", "/proc", "/sys", "/dev", "/tmp", "/run",
                   "/etc/gshadow-", "/etc/group-", "/etc/shadow-", "/etc/passwd-")
        found = set()
        for directory, names, files in os.walk(self.place):
            inside = directory[len(self.place):]
            names[:] = [n for n in names if f"{inside}/{n}" not in passing]
            found.update(p for p in (f"{inside}/{n}" for n in names + files) if p not in passing)
        return found


class Machine:
    """A System in which systemd runs: with processes, a network, a cgroup tree and all other places of
    its own."""

    def __init__(self, system):
        self.system = system
        self.group = self.child = self.pid = None

    def __enter__(self):
        root = next((line.split()[4] for line in open("/proc/self/mountinfo", encoding="ascii")
                     if " - cgroup2 " in line and line.split()[3] == "/"), None)
        if root is None:
            raise Failed("this host has no cgroup2 tree, which systemd needs")
        self.group = os.path.join(root, f"leaderd-test-{os.getpid()}")
        os.makedirs(self.group, exist_ok=True)
        self.log = open(os.path.join(BUILD, self.system.name + ".log"), "w+", encoding="utf-8", errors="replace")
        boot = ["unshare", *NAMESPACES, "--net", "--cgroup", ENTER, self.system.place, *self.system.binds, "--boot",
                "setpriv", "--bounding-set=-sys_module,-sys_time,-sys_rawio",
                "env", "-i", "container=leaderd-test", "PATH=" + ENVIRONMENT["PATH"],
                "/lib/systemd/systemd", "--log-target=journal", "--show-status=no"]
        self.child = subprocess.Popen(
            ["sh", "-c", 'echo 0 > "$0/cgroup.procs"; exec "$@"', self.group, *boot],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=ENVIRONMENT)
        try:
            self.pid = eventually(self._first_process, 20, "the namespace of systemd")
            state = eventually(self._state, 60, "systemd is up")
            require(state == "running", f"systemd is {state}:\n" + self.sh("systemctl --failed", check=False).stdout)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _first_process(self):
        require(self.child.poll() is None, "systemd could not be started:\n" + self.output())
        with open(f"/proc/{self.child.pid}/task/{self.child.pid}/children", encoding="ascii") as file:
            pids = file.read().split()
        if not pids:
            return None
        with open(f"/proc/{pids[0]}/comm", encoding="ascii") as file:
            return int(pids[0]) if file.read() == "systemd\n" else None

    def _state(self):
        state = self.sh("systemctl is-system-running", check=False).stdout.strip()
        return state if state in ("running", "degraded", "maintenance") else None

    def output(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def __exit__(self, failed=None, *_):
        if failed and self.pid is not None:
            print(self.run("journalctl", "--no-pager", "-n", "60", check=False).stdout, flush=True)
        if self.pid is not None and self.child.poll() is None:
            os.kill(self.pid, signal.SIGRTMIN + 3)  # halt
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(100)
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        for directory, _, _ in os.walk(self.group, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(directory)

    def run(self, *command, user=None, check=True, timeout=120):
        become = [] if user is None else ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        return run("nsenter", "--target", str(self.pid), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup",
                   "--root", "--wd", *become, *command, env=ENVIRONMENT, check=check, timeout=timeout)

    def sh(self, script, **how):
        return self.run("sh", "-ec", script, **how)


class Story:
    """Steps, one after the other; the first that fails ends the story."""

    def __init__(self):
        self.passed = self.failed = 0

    @contextlib.contextmanager
    def step(self, what):
        began = time.monotonic()
        try:
            yield
        except BaseException as error:
            self.failed += 1
            error.counted = True
            print(f"FAIL {time.monotonic() - began:6.1f} s  {what}", flush=True)
            if not isinstance(error, Failed):
                traceback.print_exc()
            raise
        self.passed += 1
        print(f"ok   {time.monotonic() - began:6.1f} s  {what}", flush=True)

    def tell(self, *parts):
        """Runs each part; prints the line that counts. Returns the exit code."""
        for part in parts:
            try:
                part(self)
            except Exception as error:  # pylint: disable=broad-except
                self.failed += 0 if hasattr(error, "counted") else 1
                print(error, flush=True)
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def package():
    """The .deb of the tree as it is, made by `make deb`; its own tests are left to others."""
    made = run("make", "-C", ROOT, "deb", env={**os.environ, "DEB_BUILD_OPTIONS": "nocheck"}, timeout=1800)
    return os.path.join(ROOT, next(line for line in reversed(made.stdout.splitlines())
                                   if line.startswith("build/leaderd_") and line.endswith(".deb")))
