#!/usr/bin/env python3
"""Hand-over of leadership beside etcd and locks in Redis, all with a lease of 3 s renewed every second.

usage: peers.py [--rounds 20] [--faults 3] [--only WORD] [--quick] [--json FILE]

Two participants each. Graceful: from SIGTERM to the leader until the other one leads. Crash: from
kill -9 of the leader until then, the moment of death spread over the renew interval. Both as
the client hears it: the answer of /watch, the line that it prints, the start of the command.
Then three faults, of which is told how long somebody believes to lead who should not. What is not
installed is left out with a word. All of it runs on one machine, so the network costs nothing.
"""
import argparse
import concurrent.futures
import os
import signal
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import report  # noqa: E402
from contestants import ALL, LEASE_MS, RENEW_MS, send  # noqa: E402
from processes import boottime_ms  # noqa: E402

SETTLE_S = 2
REST_S = 10
SILENT_S = 3 * LEASE_MS / 1000
PAUSE_MORE_S = 1
AWAKE_S = 3
NAMES = ("ada", "bert")


def begin(contestant):
    """Both are there; who leads."""
    contestant.add(NAMES[0])
    _, leader = contestant.heard.wait("leads", 0, 30)
    contestant.add(NAMES[1])
    time.sleep(SETTLE_S)
    return leader


def other(name):
    return NAMES[1 - NAMES.index(name)]


def hand_over(kind, rounds):
    contestant = kind()
    try:
        leader = begin(contestant)
        graceful, crash = [], []
        for _ in range(rounds):
            asked_ms = boottime_ms()
            contestant.leave(leader)
            at_ms, leader = contestant.heard.wait("leads", asked_ms, 30, but=leader)
            graceful.append(at_ms - asked_ms)
            contestant.collect(other(leader))
            contestant.add(other(leader))
            time.sleep(SETTLE_S)
        if kind.crash:
            since_ms = boottime_ms()
        for number in range(rounds if kind.crash else 0):
            # Renewals come at whole seconds after the reign began.
            phase_ms = RENEW_MS * (number + 0.5) / rounds
            time.sleep(max(0, (phase_ms - (boottime_ms() - since_ms)) % RENEW_MS) / 1000)
            asked_ms = contestant.kill(leader)
            since_ms, leader = contestant.heard.wait("leads", asked_ms, 30, but=leader)
            crash.append(since_ms - asked_ms)
            contestant.add(other(leader))
            time.sleep(SETTLE_S)
        # With another TTL the number would say nothing.
        at_rest = contestant.requests_per_s(lambda: time.sleep(REST_S)) if kind.crash else None
        return {"graceful_ms": report.spread(graceful),
                "crash_ms": report.spread(crash) if crash else None, "requests_per_s": at_rest}
    finally:
        contestant.close()


# --- faults ------------------------------------------------------------------------------------

def store_restarted(contestant, leader):
    """The store dies and is back at once; how long two lead then. None: there was no other leader."""
    began_ms = boottime_ms()
    contestant.restart_store()
    time.sleep(5)
    with contestant.heard.news:
        gains = [when for when, who, what in contestant.heard.all
                 if what == "leads" and who != leader and when >= began_ms]
    return max(0, contestant.heard.worked_until(leader, gains[0]) - gains[0]) if gains else None


def store_silent(contestant, leader):
    """The store stands still; how long the leader works on."""
    began_ms = boottime_ms()
    contestant.freeze_store()
    time.sleep(SILENT_S)
    until_ms = boottime_ms()
    last_ms = contestant.heard.worked_until(leader, began_ms)
    contestant.thaw_store()
    still = until_ms - last_ms < 100 or last_ms == began_ms  # or has not said that it stopped
    return (until_ms if still else last_ms) - began_ms


def leader_paused(contestant, leader):
    """The leader's host stands still until another leads; how long it works on when it wakes. What was
    started last goes on first, so that nobody is warned by its parent."""
    began_ms = boottime_ms()
    stopped = contestant.freeze(leader)
    contestant.heard.wait("leads", began_ms, 30, but=leader)
    time.sleep(PAUSE_MORE_S)
    thawed_ms = boottime_ms()
    send(signal.SIGCONT, reversed(stopped))
    time.sleep(AWAKE_S)
    return contestant.heard.worked_until(leader, thawed_ms) - thawed_ms


FAULTS = {"store_restarted": store_restarted, "store_silent": store_silent,
          "leader_paused": leader_paused}


def faults(kind, rounds):
    found = {}
    for name, fault in FAULTS.items():
        found[name] = []
        for number in range(rounds):
            contestant = kind(beats=True)
            try:
                leader = begin(contestant)
                time.sleep((number + 0.5) / rounds * RENEW_MS / 1000)
                found[name].append(fault(contestant, leader))
            finally:
                contestant.close()
    return found


# --- tables ------------------------------------------------------------------------------------

def hand_over_table(results):
    table = report.Table("peers", ["lease 3 s, renewed every second", "graceful, ms: median", "min", "max",
                                   "crash, ms: median", "of the lease", "min", "max",
                                   "requests/s at rest"])
    for name, result in results.items():
        graceful, crash = result["graceful_ms"], result["crash_ms"]
        table.add(name, *(report.number(graceful[k]) for k in ("median", "min", "max")),
                  *([f"{crash['median']:.0f}", f"{100 * crash['median'] / LEASE_MS:.0f} %",
                     f"{crash['min']:.0f}", f"{crash['max']:.0f}"] if crash else ["-"] * 4),
                  f"{result['requests_per_s']:.1f}" if crash else "-")
    table.note("requests/s: what leader and one waiter together ask of the store while nothing happens")
    return table


def faults_table(results, kinds):
    table = report.Table("peers-faults", [
        "how long somebody leads who should not, ms", "store restarted", "store silent for 9 s",
        "leader stopped until another leads", "fencing token", "a client needs"])
    for kind in kinds:
        if kind.name not in results:
            continue
        found = results[kind.name]
        restarted, silent, paused = (found[name] for name in FAULTS)
        table.add(kind.name, f"{_worst(restarted, 'same leader')} ({kind.restart_note})",
                  f"{max(0, max(silent) - LEASE_MS):.0f} (works {max(silent):.0f})",
                  _worst(paused, "", 900 * AWAKE_S), kind.token, kind.needs)
    table.note("the worst round. Restarted: for how long two lead at once. Silent: for how long the leader works on "
               "after its lease has ended at the latest. Stopped: for how long the old one works on when it wakes")
    return table


def short_table(results, found, kinds):
    """For who compares at a glance."""
    table = report.Table("peers-short", [
        "measured in one run, lease 3 s", "hand-over, ms", "after a crash, ms",
        "store restarted: two lead for, ms", "store silent for 9 s: works past its lease by, ms"])
    for kind in kinds:
        result, faulty = results.get(kind.name), found.get(kind.name)
        if result or faulty:
            restarted, silent, _ = (faulty[name] for name in FAULTS) if faulty else (None,) * 3
            crash = result and result["crash_ms"]
            table.add(kind.name, report.number(result["graceful_ms"]["median"]) if result else "-",
                      f"{crash['median']:.0f}" if crash else "-",
                      _worst(restarted, "").rstrip(", ") if faulty else "-",
                      f"{max(0, max(silent) - LEASE_MS):.0f}" if faulty else "-")
    return table


def _worst(samples, none, endless=None):
    seen = [s for s in samples if s is not None]
    if not seen:
        return f"0, {none}"
    return "without end" if endless and max(seen) >= endless else f"{max(seen):.0f}"


def words_table(kinds):
    table = report.Table("peers-words", ["", "what it does", "what it does not promise"], wordy=True)
    for kind in kinds:
        table.add(kind.name, kind.does, kind.lacks)
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--faults", type=int, default=3)
    parser.add_argument("--only", help="those whose name has this word")
    parser.add_argument("--quick", action="store_true", help="5 rounds, one of each fault")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    rounds, fault_rounds = (5, 1) if options.quick else (options.rounds, options.faults)
    kinds = [kind for kind in ALL if not options.only or options.only in kind.name]
    for kind in kinds:
        if kind.missing():
            print(f"{kind.name}: left out, {kind.missing()} is not installed")
    kinds = [kind for kind in kinds if not kind.missing()]
    results, fault_results = {}, {}
    for kind in kinds:
        if kind.hand_over and rounds:
            print(f"{kind.name}: hand-over", flush=True)
            results[kind.name] = hand_over(kind, rounds)
    if fault_rounds:
        print("faults, all side by side: no matter of milliseconds", flush=True)
        with concurrent.futures.ThreadPoolExecutor(len(kinds)) as pool:
            running = {kind.name: pool.submit(faults, kind, fault_rounds)
                       for kind in kinds if kind.faults}
            fault_results = {name: future.result() for name, future in running.items()}
    tables = [table for table in (hand_over_table(results), faults_table(fault_results, kinds))
              if table.rows]
    report.finish(options.json, [*tables, short_table(results, fault_results, kinds), words_table(kinds)],
                  {"hand_over": results, "faults": fault_results})


if __name__ == "__main__":
    main()
