"""`on_change` commands and `health_check`: what the workload is told, and what it is asked."""
import http.server
import json
import os
import signal
import socket
import threading
import unittest

import harness
from harness import Case, boottime_ms
from processes import eventually, free_port

# Writes what it was told, when it began and when it ended, as one line.
RECORD = """
begin=$(cut -d' ' -f1 /proc/uptime)
echo "told $LEADERD_STATE"
[ -z "$PAUSE" ] || sleep "$PAUSE"
echo "$begin $(cut -d' ' -f1 /proc/uptime) $LEADERD_ELECTION $LEADERD_STATE $LEADERD_IS_LEADER \
'$LEADERD_LEADER' '$LEADERD_PREVIOUS_LEADER' '$LEADERD_FENCING_TOKEN' '$LEADERD_REASON' \
'$LEADERD_DEADLINE_BOOTTIME_MS' $LEADERD_URL" >> "$RECORD_TO"
"""


class HookCase(Case):
    def hooked(self, name, store, command=None, timeout="5s", pause="", **how):
        directory = harness.temporary_directory("hook")
        record = os.path.join(directory, "record")
        script = [a.replace("$", "$$") for a in command or ["/bin/sh", "-c", RECORD]]
        made = self.daemon(name, store, elections=[{
            "name": "demo", "on_change": {"command": script, "timeout": timeout}}],
            env={"RECORD_TO": record, "PAUSE": pause}, **how)
        made.record = record
        return made

    def told(self, daemon):
        """The runs that have ended."""
        try:
            with open(daemon.record, encoding="utf-8") as file:
                lines = file.read().splitlines()
        except FileNotFoundError:
            return []
        names = ("begin", "end", "election", "state", "is_leader", "leader", "previous", "token",
                 "reason", "deadline", "url")
        return [dict(zip(names, (w.strip("'") for w in line.split(" ")))) for line in lines]

    def wait_told(self, daemon, timeout=20, **wanted):
        def look():
            runs = self.told(daemon)
            return runs and all(runs[-1][k] == v for k, v in wanted.items()) and runs
        return eventually(look, timeout, f"a run with {wanted}")[-1]


class Hooks(HookCase):
    def test_a_hook_is_told_of_gain_and_loss(self):
        redis = self.redis()
        one = self.hooked("one", redis)
        one.bootstrap()
        status = one.wait_leader()
        gained = self.wait_told(one, state="leader")
        self.assertEqual(gained["is_leader"], "true")
        self.assertEqual(gained["election"], "demo")
        self.assertEqual(gained["leader"], "one")
        self.assertEqual(int(gained["token"]), status["fencing_token"])
        self.assertGreater(int(gained["deadline"]), boottime_ms())
        self.assertEqual(gained["url"], "unix:" + one.control)
        self.assertEqual(gained["reason"], "")
        two = self.follower("two", redis)
        one.post("/elections/demo/step-down")
        two.wait_leader()
        lost = self.wait_told(one, state="follower")
        self.assertEqual((lost["is_leader"], lost["leader"], lost["previous"], lost["reason"]),
                         ("false", "two", "one", "stepped_down"))
        self.assertEqual(lost["deadline"], "")

    def test_output_goes_to_the_log_line_by_line(self):
        one = self.hooked("one", self.redis(), ["/bin/sh", "-c", "echo out; echo err >&2; printf last"])
        one.bootstrap()
        one.wait_leader()
        for text in ("out", "err", "last"):
            line = one.process.wait_line(f'msg="?{text}"?')
            self.assertIn("election=demo", line)
            self.assertIn("from=on_change", line)

    def test_what_a_hook_prints_cannot_forge_a_line(self):
        one = self.hooked("one", self.redis(), [
            "/usr/bin/printf", r'x\r\033[2J" level=error msg="boo\n'])
        one.bootstrap()
        line = one.process.wait_line("from=on_change")
        self.assertNotIn("\033", line)
        self.assertTrue(line.split("msg=")[0].endswith("level=info "), line)

    def test_a_failing_hook_is_an_event_and_no_loss(self):
        redis = self.redis()
        for name, command, reason, words in (
                ("fails", ["/bin/sh", "-c", "exit 3"], "hook_failed", "exited with 3"),
                ("signal", ["/bin/sh", "-c", "kill -9 $$"], "hook_failed", "signal 9"),
                ("missing", ["/nonexistent/hook"], "hook_failed", "no such file"),
                ("slow", ["/bin/sh", "-c", "sleep 100"], "hook_timeout", "timeout")):
            one = self.hooked(name, redis, command, timeout="200ms")
            event = eventually(lambda o=one: [e for e in o.events("operation_error")
                                              if e["reason"] == reason], 20, name)[0]
            self.assertIn(words, event["message"])
            self.assertEqual(event["election"], "demo")
            self.assertTrue(one.process.alive())
            self.assertEqual(one.terminate(), 0)

    def test_a_hook_that_takes_too_long_is_killed_with_its_children(self):
        directory = harness.temporary_directory("pids")
        one = self.hooked("one", self.redis(), [
            "/bin/sh", "-c", f"trap '' TERM; sleep 100 & echo $! > {directory}/pid; wait"],
            timeout="300ms")
        one.wait_event("operation_error")
        with open(f"{directory}/pid", encoding="utf-8") as file:
            pid = int(file.read())
        eventually(lambda: not os.path.exists(f"/proc/{pid}") or
                   open(f"/proc/{pid}/stat", encoding="utf-8").read().split()[2] == "Z")

    def test_a_thousand_changes_are_told_in_order_and_one_at_a_time(self):
        one = self.hooked("one", self.redis(), pause="0.02")
        one.bootstrap()
        one.wait_leader()
        tokens = []
        for _ in range(500):  # a loss and a gain each
            tokens.append(one.wait_leader()["fencing_token"])
            one.post("/elections/demo/step-down?wait=5s", {"hold_off": "0s"})
        tokens.append(one.wait_leader()["fencing_token"])
        self.wait_told(one, state="leader", token=str(tokens[-1]))
        runs = self.told(one)
        told = [int(r["token"]) for r in runs if r["state"] == "leader"]
        self.assertEqual(told, sorted(set(told)))
        self.assertTrue(set(told) <= set(tokens))
        self.assertGreater(len(runs), 5)
        for before, after in zip(runs, runs[1:]):
            self.assertLessEqual(float(before["end"]), float(after["begin"]))

    def test_the_last_loss_is_told_before_the_daemon_ends(self):
        one = self.hooked("one", self.redis(), pause="0.3")
        one.bootstrap()
        one.wait_leader()
        self.wait_told(one, state="leader")
        self.assertEqual(one.terminate(), 0)
        self.assertEqual(self.told(one)[-1]["is_leader"], "false")
        self.assertEqual(self.told(one)[-1]["state"], "stopped")
        self.assertEqual(self.told(one)[-1]["reason"], "shutdown")

    def test_a_hook_has_only_its_own_descriptors(self):
        one = self.hooked("one", self.redis(), ["/bin/ls", "/proc/self/fd"])
        one.process.wait_line('msg="3" .*from=on_change')  # the directory
        seen = [line for line in one.process.lines if "from=on_change" in line]
        self.assertEqual([l.split('msg="')[1][0] for l in seen[:4]], list("0123"))
        self.assertFalse([l for l in seen if 'msg="4"' in l])

    def test_a_reload_changes_the_command(self):
        one = self.hooked("one", self.redis(), ["/bin/echo", "before"])
        one.bootstrap()
        one.wait_leader()
        one.process.wait_line('msg="before"')
        one.settings["elections"][0]["on_change"] = {"command": ["/bin/echo", "after"]}
        one.write_config()
        self.assertEqual(one.post("/reload").status, 200)
        one.post("/elections/demo/pause")
        one.process.wait_line('msg="after"')
        one.settings["elections"][0]["on_change"] = None
        one.write_config()
        self.assertEqual(one.post("/reload").status, 200)


class Workload:
    """An HTTP server that answers with what it is told to."""

    def __init__(self):
        workload = self
        self.status = 200

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                workload.asked = (self.path, self.headers["Host"])
                self.send_response(workload.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Health(Case):
    def gated(self, name, store, check, **election):
        how = {"interval": "100ms", "timeout": "500ms", "failures": 2, "successes": 1}
        return self.daemon(name, store, elections=[
            {"name": "demo", "health_check": {**how, **check}, **election}])

    def workload(self):
        made = Workload()
        self.addCleanup(made.close)
        return made

    def wait_waiting(self, daemon, reason):
        return daemon.wait_election(lambda e: (e["waiting"] or {}).get("reason") == reason,
                                    what=reason)

    def test_an_ill_workload_does_not_campaign_and_is_told(self):
        workload = self.workload()
        workload.status = 503
        one = self.gated("one", self.redis(), {"http": f"http://127.0.0.1:{workload.port}/up?x=1"})
        eventually(lambda: one.process.wait_line("the workload is unhealthy"))
        one.bootstrap()
        status = self.wait_waiting(one, "unhealthy")
        self.assertIn("answered with status 503", status["waiting"]["message"])
        self.assertEqual(workload.asked, ("/up?x=1", f"127.0.0.1:{workload.port}"))
        self.assertEqual(status["state"], "candidate")
        finding = eventually(lambda: [f for f in one.post("/diagnostics").json()["findings"]
                                      if f["code"] == "workload_unhealthy"])[0]
        self.assertIn("503", finding["message"])
        workload.status = 302
        one.wait_leader()

    def test_before_the_first_good_check_nobody_campaigns(self):
        one = self.gated("one", self.redis(), {"command": ["sleep", "100"], "timeout": "1h"})
        one.bootstrap()
        status = self.wait_waiting(one, "unhealthy")
        self.assertIn("not known to be healthy yet", status["waiting"]["message"])

    def test_a_leader_whose_workload_falls_ill_steps_down_with_drain(self):
        redis = self.redis()
        workload = self.workload()
        one = self.gated("one", redis, {"http": f"http://127.0.0.1:{workload.port}"}, drain="1s")
        one.bootstrap()
        one.wait_leader()
        two = self.follower("two", redis)
        workload.status = 500
        status = one.wait_state("draining")
        self.assertGreater(status["drain"]["remaining_ms"], 0)
        two.wait_leader()
        lost = one.events("leadership_lost")[-1]
        self.assertEqual(lost["reason"], "unhealthy")
        self.assertTrue([e for e in one.events("health_changed") if e["reason"] == "workload_unhealthy"])

    def test_one_failed_check_is_not_enough(self):
        directory = harness.temporary_directory("health")
        flag = os.path.join(directory, "once")
        count = os.path.join(directory, "count")
        script = f"echo >> {count}; [ ! -e {flag} ] || ! rm {flag}"
        one = self.gated("one", self.redis(), {"command": ["sh", "-c", script]})
        one.bootstrap()
        token = one.wait_leader()["fencing_token"]
        lines = lambda: len(open(count, encoding="utf-8").readlines())
        open(flag, "w", encoding="utf-8").close()
        eventually(lambda: not os.path.exists(flag))
        checked = lines()
        eventually(lambda: lines() > checked + 3)
        self.assertEqual(one.election()["fencing_token"], token)
        self.assertTrue(one.leads())

    def test_a_port_that_nobody_listens_on_is_ill(self):
        port = free_port()
        one = self.gated("one", self.redis(), {"tcp": f"127.0.0.1:{port}"})
        one.bootstrap()
        status = one.wait_election(lambda e: "refused" in (e["waiting"] or {}).get("message", ""))
        self.assertEqual(status["waiting"]["reason"], "unhealthy")
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen()
            one.wait_leader()

    def test_when_all_are_ill_the_finding_says_so(self):
        redis = self.redis()
        both = [self.gated(n, redis, {"command": ["false"]}) for n in ("one", "two")]
        both[0].bootstrap()
        for one in both:
            finding = eventually(lambda o=one: [
                f for f in o.post("/diagnostics").json().get("findings", [])
                if f["code"] == "workload_unhealthy" and f["severity"] == "critical"], 20)[0]
            self.assertIn("all workloads may be ill", finding["message"])

    def test_what_answers_nonsense_or_nothing_is_ill(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(64)
            one = self.gated("one", self.redis(), {
                "http": f"http://127.0.0.1:{listener.getsockname()[1]}/"})
            one.process.wait_line("the workload is unhealthy.*no answer in time")

            def answer():
                while True:
                    try:
                        connection, _ = listener.accept()
                    except OSError:
                        return
                    connection.sendall(b"SSH-2.0-nonsense\r\n")
                    connection.close()
            threading.Thread(target=answer, daemon=True).start()
            one.bootstrap()
            eventually(lambda: self.wait_waiting(one, "unhealthy"))

    def test_a_restart_keeps_a_reign_until_the_checks_say_otherwise(self):
        workload = self.workload()
        one = self.gated("one", self.redis(), {"http": f"http://127.0.0.1:{workload.port}/"})
        one.bootstrap()
        token = one.wait_leader()["fencing_token"]
        one.kill()
        one.start()
        self.assertEqual(one.wait_leader()["fencing_token"], token)

    def test_a_reload_takes_the_gate_away(self):
        one = self.gated("one", self.redis(), {"command": ["false"]})
        one.bootstrap()
        one.process.wait_line("the workload is unhealthy")
        one.settings["elections"][0]["health_check"] = None
        one.write_config()
        self.assertEqual(one.post("/reload").status, 200)
        one.wait_leader()


if __name__ == "__main__":
    harness.main()
