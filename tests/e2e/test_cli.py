"""The client side of the command line against a small fake daemon.

The program is $LEADERD, else build/release/leaderd.
"""

import http.server
import json
import os
import pathlib
import socketserver
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEADERD = os.environ.get("LEADERD", str(ROOT / "build/release/leaderd"))
CLIENTS = ["status", "is-leader", "watch", "step-down", "pause", "resume", "bootstrap", "vacate",
           "reload", "healthcheck"]
COMMANDS = CLIENTS + ["run", "hold", "completion", "version"]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with what the test has put into server.answers, in turn; the last one stays."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length).decode()
        self.server.seen.append((self.command, self.path, body, dict(self.headers)))
        path = self.path.split("?")[0]
        queue = self.server.answers.get(path)
        if queue is None:
            queue = [problem(404, "not_found", "there is no " + path)]
        status, content = queue.pop(0) if len(queue) > 1 else queue[0]
        if callable(content):
            content(self)
            return
        data = content if isinstance(content, bytes) else content.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass

    def address_string(self):
        return "client"


class Quiet(socketserver.ThreadingMixIn):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that hangs up early is part of the tests."""


class UnixServer(Quiet, socketserver.UnixStreamServer):
    pass


class TcpServer(Quiet, http.server.HTTPServer):
    pass


def problem(status, code, detail, **more):
    return status, json.dumps({"type": "urn:leaderd:problem:" + code, "title": code,
                               "status": status, "detail": detail, "code": code, **more})


def election(name="billing", **changes):
    whole = {"name": name, "state": "leader", "is_leader": True, "participating": True,
             "fencing_token": 42,
             "leader": {"participant_id": "web-1", "instance_id": "4b", "metadata": {}},
             "previous_leader": None,
             "lease": {"valid": True, "deadline_boottime_ms": 1894280},
             "stability": {"is_stable": True}}
    whole.update(changes)
    return whole


def follower(name="billing"):
    return election(name, state="follower", is_leader=False, fencing_token=43,
                    leader={"participant_id": "web-2", "instance_id": "77", "metadata": {}},
                    previous_leader={"participant_id": "web-1", "fencing_token": 42},
                    lease={"valid": False, "deadline_boottime_ms": None})


def document(version, *elections):
    return 200, json.dumps({"cursor": "9f2c.%d" % version,
                            "generated_at": "2026-11-23T03:01:15.120Z",
                            "elections": {e["name"]: e for e in elections}}) + "\n"


class CliTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="leaderd-cli-")
        self.addCleanup(self.directory.cleanup)
        self.runtime = pathlib.Path(self.directory.name)
        self.server = self.serve(UnixServer(str(self.runtime / "control.sock"), Handler))
        self.environment = {"PATH": os.environ["PATH"], "RUNTIME_DIRECTORY": str(self.runtime)}

    def serve(self, server):
        server.answers = {}
        server.seen = []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def run_cli(self, *arguments, **environment):
        return subprocess.run([LEADERD, *arguments], env={**self.environment, **environment},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)

    def expect(self, code, *arguments, **environment):
        done = self.run_cli(*arguments, **environment)
        self.assertEqual(done.returncode, code, done)
        for line in done.stderr.splitlines():
            self.assertTrue(line.startswith("leaderd: "), line)
        if code not in (0, 1):
            self.assertEqual(done.stdout, "")
            self.assertNotEqual(done.stderr, "")
        return done

    def answers(self, path, *answers):
        self.server.answers[path] = list(answers)

    def paths(self):
        return [(method, path) for method, path, _, _ in self.server.seen]


class Help(CliTest):
    def test_the_help_fits_a_screen(self):
        done = self.expect(0, "--help")
        lines = done.stdout.splitlines()
        self.assertLessEqual(len(lines), 24)
        self.assertLessEqual(max(map(len, lines)), 100)
        for command in COMMANDS + ["serve", "check-config"]:
            self.assertIn("  %s " % command, done.stdout)

    def test_every_subcommand_has_help_with_two_examples_and_exit_codes(self):
        for command in COMMANDS:
            with self.subTest(command):
                out = self.expect(0, command, "--help").stdout
                self.assertTrue(out.startswith("Usage: leaderd " + command))
                examples = out.split("Examples:\n")[1].split("\n\n")[0].splitlines()
                self.assertEqual(len(examples), 2)
                self.assertTrue(all("leaderd " + command in line for line in examples))
                self.assertIn("Exit codes:\n  0 ", out)
        self.assertEqual(self.server.seen, [])

    def test_an_unknown_command_is_a_usage_error_with_a_suggestion(self):
        self.assertIn("did you mean 'status'?", self.expect(64, "stauts").stderr)
        self.assertIn("leaderd --help", self.expect(64, "frobnicate").stderr)
        self.expect(64, "x" * 5000)

    def test_wrong_options_are_usage_errors(self):
        for arguments in (["status", "--bogus"], ["status", "a", "b"], ["status", "-x"],
                          ["status", "--field"], ["status", "--json=yes"],
                          ["status", "--field", "a", "--json"],
                          ["is-leader", "--min-remaining", "soon"],
                          ["is-leader", "--min-remaining", "-1"],
                          ["watch", "--until", "never"], ["watch", "--exec"],
                          ["watch", "--exec=true"], ["watch", "--timeout", "1 s"],
                          ["step-down", "a", "--all"], ["step-down", "--drain", "1.5s"],
                          ["pause", "--for", ""], ["resume", "--for", "1s"],
                          ["healthcheck", "alivez"], ["reload", "now"], ["version", "x"]):
            with self.subTest(arguments):
                self.assertIn("leaderd %s --help" % arguments[0],
                              self.expect(64, *arguments).stderr)
        self.assertEqual(self.server.seen, [])

    def test_the_version_needs_no_daemon(self):
        self.assertRegex(self.expect(0, "version").stdout, r"^leaderd \d+\.\d+\.\d+ \(\w+\)\n$")
        version = json.loads(self.expect(0, "version", "--json").stdout)
        self.assertEqual(set(version), {"version", "revision", "api_version"})

    def test_output_that_cannot_be_written_is_an_error(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([LEADERD, "version"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 70)


class Place(CliTest):
    def test_the_control_socket_is_found(self):
        self.answers("/status", (200, "fine\n"))
        self.assertEqual(self.expect(0, "status").stdout, "fine\n")
        self.assertEqual(self.server.seen[0][3]["Host"], "localhost")

    def test_a_url_wins_over_the_environment(self):
        tcp = self.serve(TcpServer(("127.0.0.1", 0), Handler))
        url = "http://127.0.0.1:%d" % tcp.server_address[1]
        tcp.answers["/status"] = [(200, "tcp\n")]
        self.answers("/status", (200, "unix\n"))
        self.assertEqual(self.expect(0, "status", "--url", url).stdout, "tcp\n")
        self.assertEqual(self.expect(0, "status", LEADERD_URL=url + "/").stdout, "tcp\n")
        unix = "unix:%s/control.sock" % self.runtime
        self.assertEqual(self.expect(0, "status", "--url", unix, LEADERD_URL=url).stdout, "unix\n")
        self.assertEqual(tcp.seen[0][3]["Host"], url[len("http://"):])

    def test_the_token_goes_over_tcp_only(self):
        tcp = self.serve(TcpServer(("127.0.0.1", 0), Handler))
        url = "http://localhost:%d" % tcp.server_address[1]
        token = self.runtime / "token"
        token.write_text("s3cret\n")
        tcp.answers["/status"] = [(200, "x\n")]
        self.answers("/status", (200, "x\n"))
        self.expect(0, "status", "--url", url, "--token-file", str(token))
        self.assertEqual(tcp.seen[0][3]["Authorization"], "Bearer s3cret")
        self.expect(0, "status", LEADERD_URL=url, LEADERD_TOKEN_FILE=str(token))
        self.assertEqual(tcp.seen[1][3]["Authorization"], "Bearer s3cret")
        self.expect(0, "status", "--token-file", str(token))
        self.assertNotIn("Authorization", self.server.seen[0][3])

    def test_a_bad_token_file_is_a_configuration_error(self):
        token = self.runtime / "token"
        self.expect(78, "status", "--token-file", str(token))
        for content in (b"", b"\n", b"two words", b"a\nb", b"x" * 5000, b"\xff"):
            token.write_bytes(content)
            done = self.expect(78, "status", "--token-file", str(token))
            self.assertNotIn("words", done.stderr)
        self.assertEqual(self.server.seen, [])

    def test_a_bad_url_is_a_usage_error(self):
        for url in ("ftp://x", "http://", "http://x", "http://x:", "http://x:1/y",
                    "http://x:99999999",
                    "http://u@x:1", "http://a b:1", "unix:x", "unix:", "http://x:1\r\nX: y", "::"):
            with self.subTest(url):
                self.assertIn("http://HOST:PORT", self.expect(64, "status", "--url", url).stderr)

    def test_no_daemon_is_unavailable(self):
        for command in CLIENTS:
            with self.subTest(command):
                done = self.expect(69, command, "--url", "unix:/nonexistent/control.sock")
                self.assertIn("/nonexistent/control.sock", done.stderr)

    def test_a_long_socket_path_is_told(self):
        self.expect(69, "status", "--url", "unix:/" + "x" * 200)
        self.expect(64, "status", "--url", "unix:/" + "x" * 2000)


class Answers(CliTest):
    """Whatever comes from the wire is an error that is told, never a crash."""

    def raw(self, data):
        self.answers("/status", (200, lambda handler: (handler.wfile.write(data),
                                                       setattr(handler, "close_connection", True))))

    def test_chunked_and_unsized_answers_are_understood(self):
        for data in (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     b"2;x=y\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
                     b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nabc",
                     b"HTTP/1.0 200 OK\r\ncontent-length:  3 \r\n\r\nabcdef"):
            with self.subTest(data):
                self.raw(data)
                self.assertEqual(self.expect(0, "status").stdout, "abc")

    def test_broken_answers_are_unavailable(self):
        for data in (b"", b"hello\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
                     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
                     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
                     b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
                     b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                     b"HTTP/1.1 2x0 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                     b"\0" * 100 + b"\r\n\r\n", b"x" * 200000, b"HTTP/1.1 200"):
            with self.subTest(data[:60]):
                self.raw(data)
                self.expect(69, "status")

    def test_answers_that_are_not_the_json_expected_are_internal_errors(self):
        for body in ("", "[]", "{", "null", "text", "{}", '{"is_leader":"yes"}'):
            with self.subTest(body):
                self.answers("/leader", (200, body))
                self.expect(70, "is-leader")
                self.answers("/watch", (200, body))
                self.expect(70, "watch")
                self.answers("/elections", (200, body))
                self.expect(70, "pause")
        self.answers("/elections", (200, '{"elections":[1]}'))
        self.expect(70, "pause")

    def test_problems_have_exit_codes(self):
        for status, code, expected in ((404, "election_not_found", 1), (401, "unauthorized", 77),
                                       (403, "role_too_low", 77), (400, "bad_parameter", 64),
                                       (503, "not_ready", 69), (429, "too_many_watchers", 69),
                                       (500, "new_code", 70)):
            with self.subTest(code):
                self.answers("/elections/x", problem(status, code, "this is why"))
                self.assertIn("this is why", self.expect(expected, "status", "x").stderr)


class Status(CliTest):
    def test_text_is_the_default(self):
        self.answers("/status", (200, "=== Leadership Status ===\n"))
        self.expect(0, "status")
        self.answers("/elections/a.b", (200, "text\n"))
        self.assertEqual(self.expect(0, "status", "a.b").stdout, "text\n")
        self.assertEqual(self.paths(), [("GET", "/status?format=text"),
                                        ("GET", "/elections/a.b?format=text")])

    def test_json_and_field(self):
        self.answers("/status", (200, "{}\n"))
        self.expect(0, "status", "--json")
        self.expect(0, "status", "--field", "a b&c")
        self.assertEqual(self.paths(), [("GET", "/status?format=json"),
                                        ("GET", "/status?field=a%20b%26c")])

    def test_a_name_cannot_leave_its_path(self):
        self.expect(1, "status", "../x?y#z")
        self.assertEqual(self.paths(), [("GET", "/elections/..%2Fx%3Fy%23z?format=text")])

    def test_performance_of_one_election(self):
        blocks = "=== Performance: a (x) ===\n1\n=== Performance: ab (x) ===\n2\n"
        self.answers("/performance", (200, blocks))
        self.assertEqual(self.expect(0, "status", "--performance").stdout, blocks)
        self.assertEqual(self.expect(0, "status", "a", "--performance").stdout,
                         "=== Performance: a (x) ===\n1\n")
        self.assertEqual(self.expect(0, "status", "ab", "--performance").stdout,
                         "=== Performance: ab (x) ===\n2\n")
        self.expect(1, "status", "b", "--performance")
        self.answers("/performance", (200, '{"window":100,"elections":'
                                           '{"a":{"operations":{}},"b":{}}}'))
        done = self.expect(0, "status", "a", "--performance", "--json")
        self.assertEqual(json.loads(done.stdout),
                         {"window": 100, "elections": {"a": {"operations": {}}}})
        self.expect(1, "status", "c", "--performance", "--json")


class IsLeader(CliTest):
    def test_yes_and_no(self):
        self.answers("/leader", (200, '{"is_leader":true}'), (503, '{"is_leader":false}'))
        self.assertEqual(self.expect(0, "is-leader").stdout, "true\n")
        done = self.expect(1, "is-leader", "billing", "--min-remaining", "500ms")
        self.assertEqual((done.stdout, done.stderr), ("false\n", ""))
        self.assertEqual(self.paths()[1],
                         ("GET", "/leader?format=json&election=billing&min_remaining=500ms"))

    def test_too_little_time_left_is_a_no(self):
        self.answers("/leader", (503, '{"is_leader":true}'))
        self.assertEqual(self.expect(1, "is-leader", "--min-remaining", "1h").stdout, "false\n")

    def test_several_elections_need_a_name(self):
        self.answers("/leader", problem(400, "election_required", "name one of a, b"))
        self.assertIn("name one of", self.expect(64, "is-leader").stderr)

    def test_a_daemon_that_cannot_say_is_unavailable(self):
        self.answers("/leader", problem(503, "shutting_down", "shutting down"))
        self.expect(69, "is-leader")


class Watch(CliTest):
    def watch(self, code, *arguments):
        return self.expect(code, "watch", *arguments).stdout.splitlines()

    def test_a_line_for_the_start_and_each_change(self):
        self.answers("/watch", document(1, election()), document(1, election()),
                     document(2, follower()), problem(503, "shutting_down", "bye"))
        done = self.run_cli("watch", "billing")
        self.assertEqual(done.returncode, 69)
        self.assertEqual(done.stdout,
                         "2026-11-23T03:01:15.120Z billing: is_leader=true state=leader "
                         "leader=web-1 token=42\n"
                         "2026-11-23T03:01:15.120Z billing: is_leader=false state=follower "
                         "leader=web-2 token=43\n")
        queries = [urllib.parse.parse_qs(path.split("?")[1]) for _, path in self.paths()]
        self.assertEqual([q.get("since") for q in queries],
                         [None, ["9f2c.1"], ["9f2c.1"], ["9f2c.2"]])
        self.assertEqual(queries[0], {"timeout": ["30000ms"], "election": ["billing"]})

    def test_until_ends_the_watch(self):
        self.answers("/watch", document(1, follower()), document(2, election()))
        self.assertEqual(len(self.watch(0, "--until", "leader")), 2)
        self.answers("/watch", document(1, election()), document(2, follower()))
        self.assertEqual(len(self.watch(0, "--until", "follower")), 2)
        self.answers("/watch", document(1, election()), document(1, election()),
                     document(2, follower()))
        self.assertEqual(len(self.watch(0, "--until", "changed")), 2)

    def test_until_wants_one_election(self):
        self.answers("/watch", document(1, election("a"), election("b")))
        self.assertIn("name it", self.expect(64, "watch", "--until", "leader").stderr)

    def test_the_time_can_be_over(self):
        self.answers("/watch", document(1, follower()))
        self.assertEqual(len(self.watch(1, "--until", "leader", "--timeout", "100ms")), 1)
        self.assertEqual(len(self.watch(1, "--timeout", "0s")), 1)

    def test_json_is_an_object_a_line(self):
        self.answers("/watch", document(1, election("a"), follower("b")),
                     document(2, election("a"), election("b")),
                     problem(503, "shutting_down", "bye"))
        done = self.run_cli("watch", "--json")
        names = [json.loads(line)["name"] for line in done.stdout.splitlines()]
        self.assertEqual(names, ["a", "b", "b"])

    def test_a_command_runs_for_each_line(self):
        self.answers("/watch", document(1, election()), document(2, follower()))
        done = self.expect(0, "watch", "billing", "--until", "follower", "--exec", "sh", "-c",
                           'echo "$@ $LEADERD_ELECTION $LEADERD_STATE $LEADERD_IS_LEADER '
                           '$LEADERD_LEADER $LEADERD_PREVIOUS_LEADER $LEADERD_FENCING_TOKEN '
                           '<$LEADERD_DEADLINE_BOOTTIME_MS>"', "sh", "--json")
        hooks = done.stdout.splitlines()[1::2]
        self.assertEqual(hooks, ["--json billing leader true web-1  42 <1894280>",
                                 "--json billing follower false web-2 web-1 43 <>"])

    def test_a_command_that_fails_is_told_and_watching_goes_on(self):
        self.answers("/watch", document(1, election()), document(2, follower()))
        done = self.expect(0, "watch", "--until", "follower", "--exec", "/nonexistent/hook")
        self.assertEqual(len(done.stdout.splitlines()), 2)
        self.assertIn("cannot run /nonexistent/hook", done.stderr)

    def test_an_unknown_election_is_a_no(self):
        self.answers("/watch", problem(404, "election_not_found", "there is no election 'x'"))
        self.assertIn("no election 'x'", self.expect(1, "watch", "x").stderr)

    def test_a_daemon_that_goes_away_ends_the_watch(self):
        def hang_up(handler):
            handler.close_connection = True
        self.answers("/watch", document(1, election()), (200, hang_up))
        done = self.run_cli("watch")
        self.assertEqual((done.returncode, len(done.stdout.splitlines())), (69, 1))


class Control(CliTest):
    def test_the_only_election_is_found(self):
        self.answers("/elections", (200, '{"elections":["billing"]}'))
        for command, word in (("step-down", "released"), ("pause", "paused"), ("resume", "resumed"),
                              ("bootstrap", "free"), ("vacate", "vacated")):
            with self.subTest(command):
                self.answers("/elections/billing/" + command, (200, "{}"))
                self.assertEqual(self.expect(0, command).stdout, "billing: %s\n" % word)
                self.assertEqual(self.paths()[-1], ("POST", "/elections/billing/" + command))

    def test_several_elections_need_a_name_or_all(self):
        for command in ("step-down", "pause", "resume", "bootstrap", "vacate"):
            self.answers("/elections", (200, '{"elections":["a","b"]}'))
            self.assertIn("(a, b)", self.expect(64, command).stderr)
        self.answers("/elections/a/pause", (200, "{}"))
        self.answers("/elections/b/pause", (200, "{}"))
        self.assertEqual(self.expect(0, "pause", "--all").stdout, "a: paused\nb: paused\n")

    def test_the_options_become_the_body(self):
        self.answers("/elections/a/step-down", (200, "{}"))
        self.expect(0, "step-down", "a", "--hold-off", "60s", "--drain", "10s", "--reason", 'a "b"',
                    "--wait", "12s")
        method, path, body, headers = self.server.seen[-1]
        self.assertEqual(path, "/elections/a/step-down?wait=12s")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(json.loads(body), {"hold_off": "60s", "drain": "10s", "reason": 'a "b"'})
        self.answers("/elections/a/pause", (200, "{}"))
        self.expect(0, "pause", "a", "--for", "10m")
        self.assertEqual(json.loads(self.server.seen[-1][2]), {"for": "10m"})
        self.expect(0, "pause", "a")
        self.assertEqual(json.loads(self.server.seen[-1][2]), {})

    def test_draining_is_no_failure_unless_it_was_waited_for(self):
        self.answers("/elections/a/step-down", (202, "{}"))
        self.assertEqual(self.expect(0, "step-down", "a").stdout, "a: draining\n")
        self.assertEqual(self.expect(1, "step-down", "a", "--wait", "1s").stdout, "a: draining\n")

    def test_not_the_leader_is_a_no_and_skipped_with_all(self):
        self.answers("/elections", (200, '{"elections":["a","b"]}'))
        self.answers("/elections/a/step-down", problem(409, "not_leader", "not the leader of a"))
        self.answers("/elections/b/step-down", (200, "{}"))
        self.assertIn("not the leader of a", self.expect(1, "step-down", "a").stderr)
        self.assertEqual(self.expect(0, "step-down", "--all").stdout,
                         "a: skipped (not_leader)\nb: released\n")

    def test_a_failure_does_not_keep_the_others_from_it(self):
        self.answers("/elections", (200, '{"elections":["a","b"]}'))
        self.answers("/elections/a/pause", problem(503, "not_ready", "not yet"))
        self.answers("/elections/b/pause", (200, "{}"))
        done = self.run_cli("pause", "--all")
        self.assertEqual((done.returncode, done.stdout), (69, "b: paused\n"))

    def test_a_held_election_is_not_bootstrapped(self):
        self.answers("/elections/a/bootstrap", problem(409, "held", "web-2 holds the lease of a"))
        self.assertIn("web-2 holds", self.expect(1, "bootstrap", "a").stderr)

    def test_a_listener_that_only_reads_is_not_permitted(self):
        self.answers("/elections/a/vacate", problem(403, "role_too_low", "it only reads"))
        self.assertIn("control socket", self.expect(77, "vacate", "a").stderr)


class Reload(CliTest):
    def test_a_good_configuration_is_told(self):
        self.answers("/reload", (200, "{}"))
        self.assertEqual(self.expect(0, "reload").stdout, "reloaded\n")

    def test_the_issues_of_a_bad_one_are_printed(self):
        self.answers("/reload", problem(422, "config_refused", "the configuration has 2 errors",
                                        issues=[{"severity": "error", "file": "f.yaml", "line": 1,
                                                 "column": 2, "key": "a", "message": "wrong"},
                                                {"severity": "warning", "file": "f.yaml", "key": "b",
                                                 "message": "risky"}, {}, 7]))
        done = self.run_cli("reload")
        self.assertEqual(done.returncode, 78)
        self.assertEqual(done.stderr, "f.yaml:1:2: a: wrong\nf.yaml: b: warning: risky\n"
                                      "leaderd: the configuration has 2 errors\n")


class Healthcheck(CliTest):
    def test_each_check_has_its_path(self):
        for check, path in ((None, "/livez"), ("livez", "/livez"), ("readyz", "/readyz"),
                            ("leader", "/leader")):
            with self.subTest(check):
                self.answers(path, (200, "ok\n"), (503, "not yet\n"))
                arguments = [] if check is None else [check]
                self.assertEqual(self.expect(0, "healthcheck", *arguments).stdout, "ok\n")
                self.assertEqual(self.expect(1, "healthcheck", *arguments).stdout, "not yet\n")
                self.assertEqual(self.paths()[-1], ("GET", path + "?format=text"))

    def test_several_elections_are_a_usage_error(self):
        self.answers("/leader", (400, "error: name an election\n"))
        self.assertIn("name an election", self.expect(64, "healthcheck", "leader").stderr)


class Permission(CliTest):
    @unittest.skipIf(os.geteuid() == 0, "root may open every socket")
    def test_a_socket_of_somebody_else_is_not_permitted(self):
        os.chmod(self.runtime / "control.sock", 0)
        self.expect(77, "status", "--url", "unix:%s/control.sock" % self.runtime)


if __name__ == "__main__":
    unittest.main()
