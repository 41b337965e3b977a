#!/usr/bin/env python3
"""Shows hand-over as it happens: a private redis-server and three daemons, profile `fast`.

The leader is asked to stop and later the next one is killed; the times are those that a client sees
which waits in /watch. Takes under twenty seconds; leaves nothing behind, also on Ctrl-C.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

from daemon import Daemon  # noqa: E402
from feed import Feed  # noqa: E402
from processes import Timeout, boottime_ms  # noqa: E402
from redis_server import RedisServer  # noqa: E402

READING_S = 2
PORT_HINT = "curl -s http://127.0.0.1:{}/leader"


class Story:
    def __init__(self):
        self.began_ms = boottime_ms()

    def tell(self, text):
        print(f"{(boottime_ms() - self.began_ms) / 1000:6.2f} s  {text}", flush=True)

    def table(self, daemons):
        for daemon in daemons:
            election = daemon.election()
            leads = "LEADS" if election["is_leader"] else election["state"]
            print(f"            {daemon.name:8}{leads:10}token {election['fencing_token']}   "
                  + PORT_HINT.format(daemon.tcp[1]), flush=True)
        time.sleep(READING_S)


def main():
    story = Story()
    server = RedisServer()
    story.tell("a private redis-server runs")
    daemons = {n: Daemon(n, server.url) for n in ("ada", "bert", "cleo")}
    feed = Feed(daemons.values())
    story.tell("three daemons run; Redis has no record yet, so they wait one lease (3 s) in case")
    print("            it lost one; an operator who knows better says `leaderd bootstrap demo`")
    _, first, election = feed.wait_leader()
    story.tell(f"{first} leads")
    story.table(daemons.values())

    story.tell(f"kill -TERM {first}: it releases, and the release wakes the others")
    asked_ms = boottime_ms()
    code = daemons[first].terminate()
    at_ms, second, election = feed.wait_leader(above=election["fencing_token"])
    story.tell(f"{second} leads {at_ms - asked_ms:.0f} ms after the signal; {first} exited "
               f"with {code}")
    del daemons[first]
    story.table(daemons.values())

    deadline_ms = daemons[second].election()["lease"]["deadline_boottime_ms"]
    story.tell(f"kill -9 {second}: nobody is told; its lease runs on for "
               f"{(deadline_ms - boottime_ms()) / 1000:.1f} s")
    killed_ms = boottime_ms()
    daemons.pop(second).kill()
    at_ms, third, election = feed.wait_leader(above=election["fencing_token"])
    story.tell(f"{third} leads {(at_ms - killed_ms) / 1000:.2f} s after the kill, "
               f"{at_ms - deadline_ms:.0f} ms after its lease's deadline")
    story.table(daemons.values())
    for daemon in daemons.values():
        daemon.terminate()
    story.tell("over; nothing is left running")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except Timeout as trouble:
        sys.exit(f"demo: {trouble}")
