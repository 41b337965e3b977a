"""Makes calls of a program fail: the other side of preload.c, which it builds where that is needed."""
import mmap
import os
import re
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
for place in ("e2e", "torture"):
    sys.path.append(os.path.join(HERE, "..", place))

LIBRARY = os.path.join(ROOT, "build", "release", "tests", "fault", "preload.so")
COUNTS_MAX, TRACE_SIZE = 96, 2048
COUNTS_AT = 32
FAULT_AT = COUNTS_AT + 8 * COUNTS_MAX
CRASH_AT = FAULT_AT + TRACE_SIZE
SIZE = CRASH_AT + TRACE_SIZE
FOREVER = (1 << 63) - 1


def source():
    with open(os.path.join(HERE, "preload.c"), encoding="utf-8") as file:
        return file.read()


CLASSES = re.findall(r"^ +CLASS\((\w+), \w+\)", source(), re.M)


def build():
    """The library, made anew when its source is younger."""
    made = os.path.join(HERE, "preload.c")
    if os.path.exists(LIBRARY) and os.path.getmtime(LIBRARY) > os.path.getmtime(made):
        return LIBRARY
    os.makedirs(os.path.dirname(LIBRARY), exist_ok=True)
    new = f"{LIBRARY}.{os.getpid()}"
    subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wconversion", "-O2", "-g",
                    "-fPIC", "-shared", "-fno-builtin", "-o", new, made], check=True)
    os.rename(new, LIBRARY)
    return LIBRARY


class Injector:
    """The file that one program and its forks share with us."""

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as file:
            file.truncate(SIZE)
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), SIZE)

    def environment(self, from_main=False):
        """MALLOC_PERTURB_ fills memory that is new, and memory that is free, with junk."""
        return {"LD_PRELOAD": build(), "FAULT_FILE": self.path, "MALLOC_PERTURB_": "165",
                "FAULT_ARM": "main" if from_main else ""}

    def prepare(self, fault):
        """What fails as soon as it is armed; no fault: calls are counted."""
        self._map[:SIZE] = bytes(SIZE)
        if fault is None:
            struct.pack_into("<iiqq", self._map, 0, 0, 0, 0, 0)
        else:
            last = FOREVER if fault.forever else fault.number
            struct.pack_into("<iiqq", self._map, 0, 0, CLASSES.index(fault.kind), fault.number, last)

    def arm(self, fault):
        self.prepare(fault)
        struct.pack_into("<i", self._map, 0, 1)

    def disarm(self):
        struct.pack_into("<i", self._map, 0, 0)

    def counts(self):
        numbers = struct.unpack_from(f"<{COUNTS_MAX}q", self._map, COUNTS_AT)
        return {name: number for name, number in zip(CLASSES, numbers) if number}

    @property
    def failed(self):
        return struct.unpack_from("<q", self._map, 24)[0]

    def _text(self, at):
        return self._map[at:at + TRACE_SIZE].split(b"\0", 1)[0].decode(errors="replace")

    @property
    def fault_trace(self):
        return self._text(FAULT_AT)

    @property
    def crash_trace(self):
        return self._text(CRASH_AT)


def symbolized(trace, program):
    """`object+offset` as functions and lines; for leaderd itself, whose build has them."""
    head, _, frames = trace.rpartition(": ")
    words = [head] if head else []
    for word in frames.split():
        name, _, offset = word.rpartition("+")
        if name == "leaderd":
            line = subprocess.run(["addr2line", "-e", program, "-f", "-p", "-i", "-s",
                                   hex(int(offset, 16) - 1)], capture_output=True, text=True,
                                  check=False).stdout.strip().replace("\n", " ")
            words.append(re.sub(r" \(discriminator \d+\)", "", line) or word)
        elif not name.startswith("preload"):
            words.append(word)
        if words and words[-1].startswith(("main at", "dispatch at")):
            break
    return " < ".join(words)
