#!/usr/bin/env python3
"""Makes each allocation and each system call of leaderd fail in turn, and judges what comes of it.

usage: sweep.py [--seconds N] [--jobs 2] [--seed N] [--scenario NAME]... [--class NAME]...
       sweep.py --only SCENARIO:CLASS:N[+] [--times K]

For each scenario the calls of each class are counted first; then call 1, 2, 3 … fails, one in each
run. With `+` that call fails and all after it, until the phase is over. --seconds bounds the time
of all scenarios together: the cases are then drawn at random, alike from each class; without it, all
are run. A finding is replayed with --only. It needs the release build; asserts are on in it.
"""
import argparse
import collections
import concurrent.futures
import os
import random
import sys
import time
import traceback

import injector
import scenarios
from certificates import Certificates
from scenarios import Documented, Fault, Finding, World

CASES_MIN = 5  # of a scenario, however short the time
BEYOND = 3  # calls past those that were counted: what runs beside makes the number vary
FOREVER_SHARE = 12  # one of so many cases of a class is one in which all calls fail from there on
NOT_FOREVER = {"eintr"}  # whoever is interrupted tries again
# Nothing can be done without these; a failure of theirs is a bug by the rule of daemon/random.c.
NOT_SWEPT = {"getrandom": "cannot fail for up to 256 bytes once the kernel is seeded (getrandom(2))"}


class Tally:
    """What one scenario did."""

    def __init__(self):
        self.cases = self.hit = self.possible = self.documented = 0
        self.by_class = collections.Counter()
        self.findings = []


def count(scenario, classes):
    """How many calls of each class there are: the most of three runs."""
    most = collections.Counter()
    for _ in range(3):
        scenario.run(None)
        for name, number in scenario.injector.counts().items():
            most[name] = max(most[name], number)
    return {c: n for c, n in most.items() if c in classes and c not in NOT_SWEPT}


def cases_of(counts, noise, everything):
    """All cases in their order, or drawn at random: a class after the other, again and again."""
    queues = []
    for kind, number in counts.items():
        once = [Fault(kind, n) for n in range(1, number + BEYOND + 1)]
        step = 1 if number <= FOREVER_SHARE else number // FOREVER_SHARE
        on = [] if kind in NOT_FOREVER else [Fault(kind, n, True) for n in range(1, number + 1, step)]
        if everything:
            queues.append(once + on)
        else:
            both = once + on
            noise.shuffle(both)
            queues.append(both)
    if everything:
        return [fault for queue in queues for fault in queue]
    noise.shuffle(queues)
    drawn = []
    while any(queues):
        # memory is what fails most, and in most places
        drawn += [queue.pop() for queue in queues if queue]
        memory = next((q for q in queues if q and q[0].kind == "alloc"), [])
        drawn += [memory.pop() for _ in range(min(6, len(memory)))]
    return drawn


def run_case(scenario, fault, tally):
    tally.cases += 1
    try:
        scenario.run(fault)
    except Documented:
        tally.documented += 1
    except Finding as finding:
        tell(scenario, fault, tally, str(finding))
    except Exception:  # pylint: disable=broad-except
        tell(scenario, fault, tally, "the sweep itself: " + traceback.format_exc())
    if scenario.injector.failed:
        tally.hit += 1
        tally.by_class[fault.kind] += 1


def tell(scenario, fault, tally, what):
    tally.findings.append(fault)
    trace = injector.symbolized(scenario.injector.fault_trace, scenarios.PROGRAM)
    print(f"FINDING {scenario.name}:{fault}\n   {what}\n   failed: {trace}", flush=True)


def sweep(kind, world, arguments, seconds):
    tally = Tally()
    scenario = kind(world)
    end = time.monotonic() + seconds if seconds else None
    try:
        counts = count(scenario, arguments.classes or injector.CLASSES)
        noise = random.Random(f"{arguments.seed} {kind.name}")
        cases = cases_of(counts, noise, end is None)
        tally.possible = len(cases)
        for fault in cases:
            if end is not None and time.monotonic() > end and tally.cases >= CASES_MIN:
                break
            if len(tally.findings) >= arguments.enough:
                print(f"{kind.name}: enough findings", flush=True)
                break
            run_case(scenario, fault, tally)
    except Exception as problem:  # pylint: disable=broad-except
        print(f"FINDING {kind.name}: no fault at all: {problem}", flush=True)
        traceback.print_exc()
        tally.findings.append(None)
    finally:
        scenario.close()
    print(f"{kind.name:20} {tally.cases:6} of {tally.possible:6} cases, {tally.hit:6} with a fault, "
          f"{len(tally.by_class):3} classes, {tally.documented:4} ended by libuv, "
          f"{len(tally.findings):3} findings", flush=True)
    return tally


def replay(kinds, world, arguments):
    name, _, text = arguments.only.partition(":")
    fault = Fault.parse(text)
    scenario = next(k for k in kinds if k.name == name)(world)
    tally = Tally()
    try:
        for _ in range(3):  # as count() does: some take turns
            scenario.run(None)
        for _ in range(arguments.times):
            run_case(scenario, fault, tally)
            if arguments.verbose:
                print("failed:", injector.symbolized(scenario.injector.fault_trace, scenarios.PROGRAM))
                print("\n".join(scenario.one.process.lines[-30:]) if scenario.one else "")
    finally:
        scenario.close()
    print(f"{tally.cases} runs of {arguments.only}, {tally.hit} with the fault, "
          f"{len(tally.findings)} findings")
    return 1 if tally.findings else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--scenario", action="append", default=[])
    parser.add_argument("--class", action="append", default=[], dest="classes")
    parser.add_argument("--only")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--enough", type=int, default=50, help="findings after which a scenario ends")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    scenarios.take_program()
    injector.build()
    every = scenarios.all_scenarios()
    wanted = [arguments.only.split(":")[0]] if arguments.only else arguments.scenario
    unknown = set(wanted) - {k.name for k in every} | set(arguments.classes) - set(injector.CLASSES)
    if unknown:
        parser.error(f"unknown: {' '.join(sorted(unknown))}; scenarios: "
                     f"{' '.join(k.name for k in every)}; classes: {' '.join(injector.CLASSES)}")
    kinds = [k for k in every if not wanted or k.name in wanted]
    began = time.monotonic()
    certificates = Certificates() if any(k.name == "start-tls" for k in kinds) else None
    world = World([k.name for k in kinds], certificates)
    try:
        if arguments.only:
            return replay(kinds, world, arguments)
        print(f"seed {arguments.seed}", flush=True)
        left = arguments.seconds and max(arguments.seconds - (time.monotonic() - began) - 4, 1)
        weights = sum(k.weight for k in kinds)
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            tallies = list(pool.map(lambda k: sweep(k, world, arguments,
                                                    left * k.weight * arguments.jobs / weights), kinds))
    finally:
        world.close()
    findings = sum(len(t.findings) for t in tallies)
    print(f"sweep: {sum(t.cases for t in tallies)} cases in {len(kinds)} scenarios, "
          f"{sum(t.hit for t in tallies)} with a fault, {findings} findings "
          f"({time.monotonic() - began:.0f} s)")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
