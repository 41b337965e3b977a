"""A valkey-server to test against: $VALKEY_SERVER, or one on PATH, or Debian's, unpacked in build/.

Debian 12 has it in bookworm-backports. Its packages are fetched with lists and caches of their own
and are unpacked, never installed, so that neither the machine's redis-server nor its apt changes.
"""
import fcntl
import functools
import glob
import os
import shutil
import subprocess
import sys

from daemon import ROOT

PACKAGES = ("valkey-server", "valkey-tools")
CACHE = os.path.join(ROOT, "build", "valkey")
TARGETS = "$(REPO_URI) $(CODENAME) $(COMPONENT)"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Unavailable(Exception):
    """Why there is none."""


@functools.lru_cache(maxsize=1)
def server():
    """The path of a valkey-server that starts here; Unavailable when it cannot be had."""
    named = os.environ.get("VALKEY_SERVER")
    path = named or shutil.which("valkey-server") or _unpacked()
    try:
        subprocess.run([path, "--version"], check=True, timeout=10, capture_output=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"{path} does not start: {error}") from error
    return path


def reason():
    """None, or why tests that need it are skipped."""
    try:
        server()
    except Unavailable as error:
        return f"no valkey-server: {error}"
    return None


def _unpacked():
    os.makedirs(CACHE, exist_ok=True)
    root = os.path.join(CACHE, "root")
    with open(os.path.join(CACHE, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        if not os.path.isdir(root):
            _fetch(root)
    return os.path.join(root, "usr", "bin", "valkey-server")


def _fetch(root):
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise Unavailable(f"{tool} is not there to fetch it; set VALKEY_SERVER")
    work = os.path.join(CACHE, "work")
    shutil.rmtree(work, ignore_errors=True)
    for directory in ("lists/partial", "cache/archives/partial", "root"):
        os.makedirs(os.path.join(work, directory))
    with open(os.path.join(work, "sources.list"), "w", encoding="utf-8") as file:
        file.write(_source())
    apt = ["apt-get", "-q", "-o", "Dir::Etc::sourcelist=" + os.path.join(work, "sources.list"),
           "-o", "Dir::Etc::sourceparts=/dev/null",
           "-o", "Dir::State::lists=" + os.path.join(work, "lists"),
           "-o", "Dir::Cache=" + os.path.join(work, "cache"), "-o", "APT::Sandbox::User=",
           "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=15",
           "-o", "APT::Update::Error-Mode=any"]
    _run([*apt, "update"], work)
    _run([*apt, "download", *PACKAGES], work)
    for package in glob.glob(os.path.join(work, "*.deb")):
        _run(["dpkg-deb", "-x", package, os.path.join(work, "root")], work)
    os.rename(os.path.join(work, "root"), root)
    shutil.rmtree(work, ignore_errors=True)


def _source():
    """The backports of the Debian that this machine runs, from the mirror that it uses."""
    targets = _run(["apt-get", "indextargets", "--format", TARGETS, "Created-By: Packages"], "/")
    for line in targets.splitlines():
        site, *rest = line.split()
        if rest == ["bookworm", "main"]:
            signed = f"[signed-by={KEYRING}] " if os.path.exists(KEYRING) else ""
            return f"deb {signed}{site} bookworm-backports main\n"
    raise Unavailable("this is no Debian 12 with a mirror in its apt sources; set VALKEY_SERVER")


def _run(argv, directory):
    try:
        done = subprocess.run(argv, cwd=directory, stdin=subprocess.DEVNULL, timeout=90,
                              capture_output=True, text=True, errors="replace", check=False)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{argv[0]} {argv[-1]} takes more than 90 s") from None
    if done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip() or "?").splitlines()[-1]
        raise Unavailable(f"{argv[0]} {argv[-1]}: {words}")
    return done.stdout


if __name__ == "__main__":
    print(reason() or server())
    sys.exit(reason() is not None)
