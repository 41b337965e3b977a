"""Judges a history: at most one leader, growing tokens, no claim beyond a lease.

What is certain. A daemon makes each answer at an instant of its own that stands in it and must lie
between question and receipt. All daemons of a run share one host and so one clock. A reign (a
daemon under one token) that claimed to lead at two instants led all the time between them, because
what is once no leader under a token stays none. So its **certain time** reaches from its first
claim to its last; a claim seen once is an instant.

What is promised. With a claim the daemon publishes a deadline: until then a workload may go on
working, whatever becomes of the daemon. So the **promise** of a reign reaches to its last published
deadline, also when the daemon was killed, frozen or cut off. Only the daemon itself can shorten it,
by saying that the lease is no longer valid or by an orderly exit; the promise then ends, for this
judge, at its last answer that still held the lease.

Violations:
  overlap     two reigns are certain at one instant
  promise     a reign is certain while an earlier one's promise still runs
  token       a reign that certainly began later has a token that is not greater, or the same token
              belongs to two daemons
  revival     a daemon claims to lead under a token after it said that it does not
  overdue     a claim at or after its own deadline, or without a valid lease
  clock       an answer whose instant lies outside question and receipt
"""
import dataclasses
import sys

from history import Answer, Exit, Fault, load

SLACK_MS = 1  # instants are rounded down to whole milliseconds


@dataclasses.dataclass
class Reign:
    daemon: str
    token: int
    began_after_ms: float  # it had not begun when this question left
    first_ms: int
    last_ms: int
    promised_ms: float = 0
    held_ms: float = 0  # the last instant at which it said that its lease was valid
    over: bool = False  # it said that it leads no more under this token

    def __str__(self):
        return (f"{self.daemon} under {self.token} [{self.first_ms} .. {self.last_ms}], "
                f"promised to {self.promised_ms:.0f}")


@dataclasses.dataclass
class Verdict:
    violations: list
    reigns: list
    span_ms: float
    leaderless_ms: float
    longest_leaderless_ms: float

    @property
    def good(self):
        return not self.violations

    def count(self, kind):
        return sum(1 for v in self.violations if v.startswith(kind + ":"))


def judge(entries):
    builder = _Builder()
    for entry in entries:
        if isinstance(entry, Answer):
            builder.answer(entry)
        elif isinstance(entry, Exit):
            builder.exit(entry)
    reigns = sorted(builder.reigns.values(), key=lambda r: r.first_ms)
    violations = builder.violations
    for i, earlier in enumerate(reigns):
        for later in reigns[i + 1:]:
            violations += _compare(earlier, later)
    leaderless, longest, span = _leaderless(reigns, builder.first_ms, builder.last_ms)
    return Verdict(violations, reigns, span, leaderless, longest)


class _Builder:
    """Makes reigns of answers, one daemon's after the other."""

    def __init__(self):
        self.reigns = {}  # by (daemon, token)
        self.violations = []
        self.present = {}  # daemon: (process, reign) that led at its latest answer
        self.asked = {}  # daemon: when its latest answered question left
        self.first_ms = None
        self.last_ms = None

    def answer(self, answer):
        self.first_ms = answer.at_ms if self.first_ms is None else self.first_ms
        self.last_ms = max(answer.at_ms, self.last_ms or 0)
        if not answer.sent_ms - SLACK_MS <= answer.at_ms <= answer.received_ms + SLACK_MS:
            self.violations.append(
                f"clock: {answer.daemon} answered for {answer.at_ms}, asked at "
                f"{answer.sent_ms:.1f}, heard at {answer.received_ms:.1f}")
        process, reign = self.present.get(answer.daemon, (None, None))
        same = reign is not None and process == answer.process
        if same and answer.token != reign.token:
            self._end(reign)
        if answer.is_leader:
            self._claim(answer)
        elif same and answer.token == reign.token:
            reign.over = True
            if answer.valid:
                self._held(reign, answer)
            else:
                self._end(reign)
        elif same:
            self._end(reign)
        self.asked[answer.daemon] = answer.sent_ms

    def _claim(self, answer):
        key = (answer.daemon, answer.token)
        if not answer.valid or answer.deadline_ms is None or answer.at_ms >= answer.deadline_ms:
            self.violations.append(f"overdue: {answer.daemon} claims {answer.token} at "
                                   f"{answer.at_ms}, deadline {answer.deadline_ms}")
        reign = self.reigns.get(key)
        if reign is None:
            since = self.asked.get(answer.daemon, answer.sent_ms)
            reign = Reign(answer.daemon, answer.token or 0, min(since, answer.sent_ms),
                          answer.at_ms, answer.at_ms)
            self.reigns[key] = reign
        elif reign.over:
            self.violations.append(f"revival: {answer.daemon} claims {answer.token} again at "
                                   f"{answer.at_ms}")
        reign.last_ms = max(reign.last_ms, answer.at_ms)
        self._held(reign, answer)
        self.present[answer.daemon] = (answer.process, reign)

    @staticmethod
    def _held(reign, answer):
        reign.held_ms = max(reign.held_ms, answer.at_ms)
        if answer.deadline_ms is not None:
            reign.promised_ms = max(reign.promised_ms, answer.deadline_ms)

    @staticmethod
    def _end(reign):
        """The daemon took its promise back, at the earliest after it last held the lease."""
        reign.over = True
        reign.promised_ms = min(reign.promised_ms, reign.held_ms)

    def exit(self, entry):
        _, reign = self.present.pop(entry.daemon, (None, None))
        if reign is not None and entry.code == 0:
            self._end(reign)


def _certain_together(a, b):
    lo, hi = max(a.first_ms, b.first_ms), min(a.last_ms, b.last_ms)
    for point, other in ((a, b), (b, a)):
        if point.first_ms == point.last_ms:
            return (other.first_ms + SLACK_MS <= point.first_ms
                    and point.first_ms + SLACK_MS <= other.last_ms)
    return lo + SLACK_MS <= hi


def _compare(earlier, later):
    """`later` has the later first claim."""
    found = []
    if earlier.token == later.token:
        return [f"token: {earlier} and {later} have the same token"]
    if _certain_together(earlier, later):
        found.append(f"overlap: {earlier} and {later}")
    elif later.first_ms + SLACK_MS <= earlier.promised_ms and later.daemon != earlier.daemon:
        found.append(f"promise: {earlier}, but {later}")
    if later.began_after_ms >= earlier.first_ms + SLACK_MS and later.token <= earlier.token:
        found.append(f"token: {later} came after {earlier}")
    return found


def _leaderless(reigns, first_ms, last_ms):
    """(total, longest, whole span): the time in which no reign was certain."""
    if first_ms is None:
        return 0, 0, 0
    total = longest = 0
    covered = first_ms
    for reign in reigns:
        gap = max(0, reign.first_ms - covered)
        total += gap
        longest = max(longest, gap)
        covered = max(covered, reign.last_ms)
    gap = max(0, last_ms - covered)
    return total + gap, max(longest, gap), last_ms - first_ms


def report(entries, verdict):
    """The summary as lines of text."""
    faults = [e for e in entries if isinstance(e, Fault)]
    share = verdict.leaderless_ms / verdict.span_ms if verdict.span_ms else 1
    lines = [f"seconds watched     {verdict.span_ms / 1000:.0f}",
             f"answers kept        {sum(isinstance(e, Answer) for e in entries)}",
             f"faults done         {len(faults)}",
             f"reigns              {len(verdict.reigns)}"]
    for kind in ("overlap", "promise", "token", "revival", "overdue", "clock"):
        lines.append(f"{kind + ' violations':20}{verdict.count(kind)}")
    lines += [f"leaderless          {100 * share:.1f} % (longest "
              f"{verdict.longest_leaderless_ms / 1000:.1f} s)"]
    return lines + ["VIOLATION " + v for v in verdict.violations[:20]]


if __name__ == "__main__":
    kept = load(sys.argv[1])
    judged = judge(kept)
    print("\n".join(report(kept, judged)))
    sys.exit(0 if judged.good else 1)
