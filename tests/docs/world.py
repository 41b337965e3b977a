"""A world of its own to run commands in, as they stand: the files of this host, of which every change is
gone afterwards; /tmp, /run and HOME empty; no processes and no network of others, but a loopback that
has 10.0.0.7 besides; a host name, `web-1`. It takes root, and namespaces with overlayfs."""
import ctypes
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LEADERD = os.path.abspath(os.environ.get("LEADERD", os.path.join(ROOT, "build/release/leaderd")))
NAMESPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000  # mount, UTS, IPC, PID, network
PLACE = "/run/world"
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp/home",
               "USER": "root", "LC_ALL": "C.UTF-8", "ASAN_OPTIONS": "exitcode=99"}
PATIENCE_S = 30
# Shell functions for what stands before a command.
TOOLS = r"""
# The dead have no exe.
pids() { for p in $(grep -lx "$1" /proc/[0-9]*/comm 2> /dev/null); do [ ! -e "${p%comm}exe" ] || basename "${p%/comm}"; done; }
quit() { kill $(pids "$1") 2> /dev/null; while [ -n "$(pids "$1")" ]; do sleep 0.02; done; }
installed() { install -m 755 build/release/leaderd /usr/local/bin/leaderd; }
built() { make -st all; }  # as if it had just been built; nothing is compiled
program() { printf '#!/bin/sh\necho "invoices: $*"\n' > "$1"; chmod 755 "$1"; }
secret() { mkdir -p /etc/leaderd; echo secret > "$1"; chmod 600 "$1"; }
redis() {
    redis-server --save '' --dir /tmp > /tmp/redis.log &
    until redis-cli ping 2> /dev/null | grep -q PONG; do sleep 0.05; done
}
# lead OPTION...: starts a daemon anew; it leads `billing` when this returns.
lead() {
    quit leaderd
    leaderd --election billing "$@" >> /tmp/leaderd.log 2>&1 &
    until leaderd bootstrap billing > /dev/null 2>&1 || leaderd is-leader billing > /dev/null 2>&1; do sleep 0.05; done
    leaderd watch billing --until leader --timeout 20s > /dev/null
}
"""
# Without what would reach beyond the namespaces.
TAMED = ["setpriv", "--bounding-set=-sys_time,-sys_boot,-sys_module,-sys_rawio"]
# What no command may print, whatever its exit code.
FAULT = re.compile(r"urn:leaderd:problem:|Sanitizer|runtime error:|Assertion .* failed")
LIBC = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    LIBC.prctl(1, signal.SIGKILL)


def _mount(*words):
    subprocess.run(["mount", *words], check=True)


def _over(lower, name, at):
    """The directory `lower` appears at `at`; changes stay in memory."""
    upper, work = (os.path.join(PLACE, kind + name) for kind in ("upper", "work"))
    for path in (upper, work, at):
        os.makedirs(path, exist_ok=True)
    _mount("-t", "overlay", "-o", f"lowerdir={lower},upperdir={upper},workdir={work}", "overlay", at)


def _write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def _loopback():
    def configure(what, name, family_or_flags, address=""):
        asked = struct.pack("16sH", name, family_or_flags) + b"\0\0" + (socket.inet_aton(address) if address else b"")
        fcntl.ioctl(link, what, asked.ljust(40, b"\0"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        fcntl.ioctl(link, 0x8914, struct.pack("16sH", b"lo", 0x41).ljust(40, b"\0"))  # up, running
        configure(0x8916, b"lo:1", socket.AF_INET, "10.0.0.7")


def _build():
    """Turns this process' namespaces into the world, and stands in the root of the repository."""
    program = open(LEADERD, "rb")
    _mount("--make-rprivate", "/")
    _mount("-t", "tmpfs", "tmpfs", "/run")
    root = os.path.join(PLACE, "root")
    _over("/", "1", root)
    for name in os.listdir("/"):
        if os.path.isdir("/" + name) and name not in ("dev", "proc", "run", "sys", "tmp") \
                and os.stat("/" + name).st_dev != os.stat("/").st_dev:
            _over("/" + name, "-" + name, f"{root}/{name}")
    _mount("-t", "sysfs", "-o", "ro", "sysfs", root + "/sys")
    _mount("-t", "proc", "proc", root + "/proc")
    _mount("--bind", root + "/proc/sys", root + "/proc/sys")
    _mount("-o", "remount,bind,ro", root + "/proc/sys")
    for name, mode in (("dev", "755"), ("run", "755"), ("tmp", "1777")):
        _mount("-t", "tmpfs", "-o", "mode=" + mode, "tmpfs", f"{root}/{name}")
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        _write(f"{root}/dev/{name}", "")
        _mount("--bind", "/dev/" + name, f"{root}/dev/{name}")
    os.mkdir(root + "/dev/shm")
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink("/proc/self/fd" + target, f"{root}/dev/{name}")
    _over(ROOT, "2", root + ROOT)
    os.chroot(root)
    os.chdir(ROOT)
    os.umask(0o022)
    os.makedirs("build/release", exist_ok=True)
    with program, open("build/release/new", "wb") as file:
        shutil.copyfileobj(program, file)
    os.chmod("build/release/new", 0o755)
    os.rename("build/release/new", "build/release/leaderd")
    os.makedirs(ENVIRONMENT["HOME"])
    os.makedirs("/usr/local/bin", exist_ok=True)
    _write("/usr/local/bin/sudo", '#!/bin/sh\nexec "$@"\n', 0o755)
    _write("/usr/local/bin/sudoedit", '#!/bin/sh\nexec touch "$@"\n', 0o755)
    _write("/etc/hosts", "127.0.0.1 localhost web-1\n::1 localhost\n")
    socket.sethostname("web-1")
    _loopback()


def _work(call, words):
    try:
        _build()
        return call(*words)
    except (OSError, subprocess.SubprocessError) as error:
        return [f"the world cannot be made, or broke down: {error}"]


def enter(call, *words):
    """Begins call(*words) in a new world. Returns a function that awaits what it returns, a list of texts;
    all that it left running is killed then."""
    sys.stdout.flush()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _die_with_parent()
        if LIBC.unshare(NAMESPACES) != 0:
            os.write(writer, json.dumps([f"unshare: {os.strerror(ctypes.get_errno())}"]).encode())
            os._exit(1)
        first = os.fork()  # process 1 of the world, which collects the dead
        if first == 0:
            _die_with_parent()
            worker = os.fork()
            if worker == 0:
                answer = json.dumps(_work(call, words))
                sys.stdout.flush()
                with open(writer, "w", encoding="utf-8") as file:
                    file.write(answer)
                os._exit(0)
            os.close(writer)
            while os.wait()[0] != worker:
                pass
            os._exit(0)
        os.close(writer)
        os.waitpid(first, 0)
        os._exit(0)
    os.close(writer)

    def end():
        with open(reader, encoding="utf-8") as file:
            answer = file.read()
        os.waitpid(child, 0)
        return json.loads(answer) if answer else ["the world ended without a word"]
    return end


def refusal():
    """Why there can be no world here, or None."""
    if os.geteuid() != 0:
        return "it takes root"
    return next(iter(enter(list)()), None)


class Shell:
    """Runs commands in the world."""

    def __init__(self):
        self.staying = []
        self.outputs = 0

    def _start(self, text, path):
        with open(path, "w", encoding="utf-8") as file:
            return subprocess.Popen([*TAMED, "bash", "-o", "pipefail", "-c", text], stdin=subprocess.DEVNULL, stdout=file,
                                    stderr=subprocess.STDOUT, env=ENVIRONMENT, start_new_session=True)

    def _output(self):
        self.outputs += 1
        return f"/tmp/output-{self.outputs}"

    def prepare(self, script):
        """What is wrong with it, or None."""
        path = self._output()
        try:
            code = self._start(TOOLS + script, path).wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            code = "no end"
        return None if code == 0 else f"`{script}` ends with {code}:\n{_read(path)[-3000:]}"

    def run(self, before, text, how):
        """(what is wrong or None, what it printed). `how` has the members of `How` in tests/docs/commands."""
        trouble = self.prepare(how.before) if how.before else None
        if trouble:
            return trouble, ""
        path = self._output()
        process = self._start(before + text, path)
        beside = self._start(TOOLS + how.meanwhile, self._output()) if how.meanwhile else None
        try:
            return self._judge(process, path, how), "".join(line[:300] for line in _read(path).splitlines(True)[-20:])
        finally:
            if beside:
                beside.kill()
                beside.wait()

    def _judge(self, process, path, how):
        until = time.monotonic() + PATIENCE_S
        while process.poll() is None and not (how.then != "ends" and re.search(how.shows, _read(path))):
            if time.monotonic() > until:
                os.killpg(process.pid, signal.SIGKILL)
                return f"it has not {'ended' if how.then == 'ends' else f'shown {how.shows!r}'} in {PATIENCE_S} s"
            time.sleep(0.01)
        if how.then == "stays" and process.poll() is None:
            self.staying.append((process, path, how))
            return None
        # A shell may miss one Ctrl-C, when what it waits for has just ended.
        while how.then == "stopped" and process.poll() is None and time.monotonic() < until:
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.2)
        code = process.poll()
        output = _read(path)
        if code is None:
            return "Ctrl-C does not end it"
        if code not in how.exits:
            return f"it exits with {code}, and should with {' or '.join(map(str, how.exits))}"
        if not re.search(how.shows, output):
            return f"it does not show {how.shows!r}"
        fault = FAULT.search(output)
        return f"it shows {fault.group()}" if fault else None

    def end(self):
        """Ends what still runs; what is wrong with that."""
        troubles = []
        for process, _, how in reversed(self.staying):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            if process.wait(PATIENCE_S) != 0:
                troubles.append(f"`{how.command}` exits with {process.returncode} after SIGTERM")
        trouble = self.prepare("quit leaderd")
        logs = "".join(_read(path) for path in [*(path for _, path, _ in self.staying), "/tmp/leaderd.log"])
        return troubles + [trouble] * bool(trouble) + [f"a daemon has said {found}" for found in FAULT.findall(logs)]


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""
