#!/usr/bin/env python3
"""All benches in order; one JSON, and the tables of docs/performance.md and README.md.

usage: all.py [--only WORD,... [--keep]] [--quick] [--soak 30] [--json FILE] [--markdown] [--update]
       all.py --from FILE [--markdown] [--update]

  --json FILE  what was measured (build/release/bench-all.json)
  --keep       of benches that do not run, what that file says already stays: to run one again
  --from FILE  nothing is measured: what such a file says
  --markdown   prints the tables as they stand in docs/performance.md
  --update     puts them there, between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`
  --soak M     minutes of soak.py; 0 leaves it out

Exits with 1 when a bench says that a promise or a target was missed, or fails.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
os.environ.setdefault("LEADERD", os.path.join(ROOT, "build", "release", "leaderd"))
sys.path.insert(0, HERE)

import report  # noqa: E402

DOCUMENTS = [os.path.join(ROOT, *path) for path in (("docs", "performance.md"), ("README.md",))]
OUTPUT = os.path.join(ROOT, "build", "release", "bench-all.json")
RESPONDER = os.path.join(os.path.dirname(os.environ["LEADERD"]), "tests", "bench", "responder")


def benches(quick, soak):
    """(name, arguments) in the order in which they run."""
    listed = [("bench", []), ("watchers", ["--rounds", "2"] if quick else []),
              ("requests", [RESPONDER, "--seconds", "2" if quick else "5"]),
              ("cost", ["--quick"] if quick else []), ("peers", ["--quick"] if quick else [])]
    if soak > 0:
        listed.append(("soak", ["--minutes", str(soak), *(["--check"] if soak < 10 else [])]))
    return listed


def run(name, arguments):
    """(exit code, what it wrote or None)"""
    print(f"\n=== {name}.py {' '.join(arguments)}", flush=True)
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        code = subprocess.run([sys.executable, os.path.join(HERE, name + ".py"), *arguments,
                               "--json", file.name], check=False).returncode
        text = file.read()
    return code, json.loads(text) if text else None


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def measure(options):
    found = {"machine": report.machine(os.environ["LEADERD"]).as_json(),
             "at": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "benches": {}, "codes": {}}
    wanted = options.only.split(",") if options.only else []
    if options.keep and os.path.exists(options.json):
        before = read(options.json)
        found["benches"], found["codes"] = before["benches"], before["codes"]
    for name, arguments in benches(options.quick, options.soak):
        if wanted and name not in wanted:
            continue
        code, result = run(name, arguments)
        found["codes"][name] = code
        if result:
            found["benches"][name] = result
    return found


def markdown(found):
    """{name of a table: its Markdown}"""
    machine = report.from_json(found["machine"])
    machine.note(f"measured {found['at']}")
    tables = [machine] + [report.from_json(table) for bench in found["benches"].values()
                          for table in bench["tables"]]
    return {table.name: table.markdown() for table in tables}


def marked(name):
    return re.compile(rf"(<!-- bench:{re.escape(name)} -->\n).*?(<!-- /bench:{re.escape(name)} -->)", re.S)


def update(tables):
    """The names of those that have no place."""
    found = set()
    for path in DOCUMENTS:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for name, table in tables.items():
            text, count = marked(name).subn(lambda found, t=table: f"{found[1]}\n{t}\n\n{found[2]}", text)
            found.update([name] * count)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return sorted(set(tables) - found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", metavar="WORD,...", help="of bench, watchers, requests, cost, peers, soak")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--quick", action="store_true", help="short forms")
    parser.add_argument("--soak", type=float, default=30, metavar="MINUTES")
    parser.add_argument("--json", metavar="FILE", default=OUTPUT)
    parser.add_argument("--from", dest="source", metavar="FILE")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    if options.source:
        found = read(options.source)
    else:
        found = measure(options)
        report.write(options.json, found)
        print(f"\nwritten to {options.json}")
    tables = markdown(found)
    if options.markdown:
        for name, table in tables.items():
            print(f"<!-- bench:{name} -->\n\n{table}\n\n<!-- /bench:{name} -->\n")
    if options.update:
        for name in update(tables):
            print(f"all: no document has a place for the table {name}")
    missed = [name for name, code in found["codes"].items() if code != 0]
    for name in missed:
        print(f"all: {name}.py says that something was missed or failed ({found['codes'][name]})")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
