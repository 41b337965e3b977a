"""What every bench prints and writes: tables, as text, as Markdown, and as JSON.

The JSON of a bench is {"tables": [...], "numbers": {...}}: the tables as they are shown, and all
that was measured.
"""
import json
import os
import platform
import re
import shutil
import statistics
import subprocess

SYSTEM_PYTHON = "/usr/bin/python3"  # the one that Debian's python3-redis belongs to


class Table:
    """Cells are texts. `name` says where the table stands in docs/performance.md."""

    def __init__(self, name, columns, rows=(), notes=(), wordy=False, words=()):
        self.name = name
        self.words = list(words)  # columns that hold words, though they may look like numbers
        self.wordy = wordy  # sentences in its cells: shown as paragraphs
        self.columns = list(columns)
        self.rows = [list(row) for row in rows]
        self.notes = list(notes)

    def add(self, *cells):
        self.rows.append([str(cell) for cell in cells])

    def note(self, text):
        self.notes.append(text)

    def text(self):
        if self.wordy:
            return "\n".join(f"{row[0]}:" + "".join(f"\n  {title}: {cell}" for title, cell in
                                                   zip(self.columns[1:], row[1:])) for row in self.rows)
        lines = [self.columns, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        shown = ["  ".join(cell.ljust(width) if i == 0 or self._wordy(i) else cell.rjust(width)
                           for i, (cell, width) in enumerate(zip(line, widths))).rstrip()
                 for line in lines]
        return "\n".join([shown[0], "-" * len(shown[0]), *shown[1:], *("  " + n for n in self.notes)])

    def markdown(self):
        sides = ["---" if i == 0 or self._wordy(i) else "--:" for i in range(len(self.columns))]
        lines = [self.columns, sides, *self.rows]
        table = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
        return "\n".join(table + ([""] + ["- " + n for n in self.notes] if self.notes else []))

    def _wordy(self, column):
        """Are there words rather than numbers in this column?"""
        if column in self.words:
            return True
        cells = [row[column] for row in self.rows]
        return sum(bool(re.match(r"[≤<>~+-]?\s?\d|-$|$", cell)) for cell in cells) * 2 <= len(cells)

    def as_json(self):
        return {"name": self.name, "columns": self.columns, "rows": self.rows, "notes": self.notes,
                "wordy": self.wordy, "words": self.words}


def from_json(value):
    return Table(**value)


def finish(path, tables, numbers):
    """The end of every bench: prints, and writes if asked to."""
    for table in tables:
        print("\n" + table.text(), flush=True)
    if path:
        write(path, {"tables": [t.as_json() for t in tables], "numbers": numbers})


def write(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
        file.write("\n")


def spread(samples):
    """What is told of many measurements of one thing."""
    return {"count": len(samples), "median": statistics.median(samples), "min": min(samples),
            "max": max(samples), "samples": [round(s, 3) for s in samples]}


def number(value):
    """Three digits that count, no more."""
    if value == 0:
        return "0"
    size = abs(value)
    decimals = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3 if size >= .1 else 4
    return f"{value:.{decimals}f}"


def verdict(value, limit):
    """The two last cells of a line that has a target: at most so much, and how it went."""
    return f"≤ {number(limit)}", "kept" if value <= limit else f"missed by {number(value / limit)}x"


# --- the machine -------------------------------------------------------------------------------

def machine(leaderd):
    table = Table("machine", ["", ""], words=(1,))
    for what, value in {**_hardware(), **versions(leaderd)}.items():
        table.add(what, value)
    return table


def _hardware():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"^model name\s*: (.*)$", file.read(), re.M)
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory = int(re.search(r"MemTotal:\s+(\d+)", file.read()).group(1)) / 1048576
    return {"CPU": f"{os.cpu_count()} x {model.group(1) if model else platform.machine()}"
                   f"{', ' + _virtual() if _virtual() else ''}",
            "memory": f"{memory:.0f} GiB",
            "system": f"{_distribution()}, Linux {platform.release()}",
            "load when it began": " ".join(f"{load:.2f}" for load in os.getloadavg())}


def _virtual():
    kind = output(["systemd-detect-virt", "--vm"])
    return f"a virtual machine ({kind})" if kind and kind != "none" else ""


def _distribution():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def versions(leaderd):
    """Of all that is measured; what is not installed is missing."""
    found = {"leaderd": output([leaderd, "version"]),
             "Redis": _first(r"v=(\S+)", output(["redis-server", "--version"])),
             "etcd": _first(r"etcd Version: (\S+)", output(["etcd", "--version"])),
             "redis-py": output([SYSTEM_PYTHON, "-c", "import redis; print(redis.__version__)"]),
             "nginx": _first(r"nginx/(\S+)", output(["nginx", "-v"])),
             "wrk": _first(r"wrk (?:debian/)?(\S+)", output(["wrk", "-v"]))}
    return {name: version for name, version in found.items() if version}


def output(argv):
    """What a program prints; '' when it is not there or fails without a word."""
    if not shutil.which(argv[0]):
        return ""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    return "" if "Traceback" in done.stdout else done.stdout.strip().split("\n", maxsplit=1)[0]


def _first(pattern, text):
    found = re.search(pattern, text)
    return found.group(1) if found else ""
