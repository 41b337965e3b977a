"""Judges what workloads did: nobody works under a token after somebody on another host has worked
under a greater one, and no token is worked under on two hosts.

All hosts of a run share one clock, and each line was stamped by the workload itself when it did the
work. So no word of any daemon is needed.
"""
import dataclasses


@dataclasses.dataclass
class Work:
    host: str
    kind: str
    token: int
    first_ms: float
    last_ms: float
    count: int

    def __str__(self):
        return (f"{self.kind} at {self.host} under {self.token} "
                f"[{self.first_ms:.3f} .. {self.last_ms:.3f}]")


def judge_work(works):
    """The violations, in words."""
    found = []
    works = sorted(works, key=lambda w: (w.token, w.last_ms))
    latest = None  # of all smaller tokens: whoever worked last
    at = 0
    while at < len(works):
        same = [w for w in works[at:] if w.token == works[at].token]
        at += len(same)
        hosts = sorted({w.host for w in same})
        if len(hosts) > 1:
            found.append(f"work: one token on {' and '.join(hosts)}: {same[0]}, {same[-1]}")
        for one in same:
            if latest is not None and one.host != latest.host and one.first_ms <= latest.last_ms:
                found.append(f"work: {latest}, but {one}")
        last = max(same, key=lambda w: w.last_ms)
        if latest is None or last.last_ms > latest.last_ms:
            latest = last
    return found


def report_work(works, violations):
    counts = {}
    for one in works:
        counts[one.kind] = counts.get(one.kind, 0) + one.count
    lines = ["work done           " + ", ".join(f"{k} {n}" for k, n in sorted(counts.items())),
             f"work violations     {len(violations)}"]
    return lines + ["VIOLATION " + v for v in violations[:20]]
