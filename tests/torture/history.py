"""What was seen during a run, kept so that it can be judged without the run.

Times are milliseconds on CLOCK_BOOTTIME, the clock of leases. Three kinds of entries, one JSON
object per line:

  answer  a daemon's answer about the election: when the question left, when the answer was here,
          the instant on the daemon's own clock at which it was made, and what it said
  exit    a daemon's process has ended: by itself with its exit code, or negative, by a signal
  fault   something was done to the daemons, to Redis, or to the network between them
"""
import dataclasses
import json
import typing


@dataclasses.dataclass
class Answer:
    daemon: str
    process: str  # the daemon's instance id: another one after each start
    sent_ms: float
    received_ms: float
    at_ms: int  # clock.boottime_ms of the answer, rounded down
    is_leader: bool
    valid: bool
    token: typing.Optional[int]
    deadline_ms: typing.Optional[int]
    state: str

    def says_the_same(self, other):
        """Whether nothing but time has passed; a renewal moves the deadline."""
        return ((self.daemon, self.process, self.is_leader, self.valid, self.token,
                 self.deadline_ms, self.state) ==
                (other.daemon, other.process, other.is_leader, other.valid, other.token,
                 other.deadline_ms, other.state))


@dataclasses.dataclass
class Exit:
    daemon: str
    at_ms: float
    code: int


@dataclasses.dataclass
class Fault:
    at_ms: float
    what: str


KINDS = {"answer": Answer, "exit": Exit, "fault": Fault}


class History:
    """A growing list of entries that is also written to a file as it grows."""

    def __init__(self, path=None):
        self.entries = []
        self._file = open(path, "w", encoding="utf-8") if path else None

    def add(self, entry):
        self.entries.append(entry)
        if self._file:
            line = {"kind": type(entry).__name__.lower(), **dataclasses.asdict(entry)}
            self._file.write(json.dumps(line) + "\n")

    def close(self):
        if self._file:
            self._file.close()
            self._file = None


def load(path):
    """The entries of a kept history."""
    entries = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            words = json.loads(line)
            entries.append(KINDS[words.pop("kind")](**words))
    return entries
