"""The HTTP interface on a real daemon: every path, its formats, its headers, its refusals."""
import json

import http_client
from harness import Case, main

READ_PATHS = ["/", "/status", "/elections", "/elections/demo", "/leader", "/follower", "/watch",
              "/events", "/performance", "/healthz", "/livez", "/readyz", "/metrics", "/config",
              "/version"]
CHECKS = ["/leader", "/follower", "/livez", "/readyz", "/healthz"]


class Interface(Case):
    """One daemon for all tests: they only read."""

    def setUp(self):
        self.server = self.redis()
        self.one = self.leader("one", self.server, {"metadata": {"node": "n1", "ünï": "\"<&>\\"}})

    def request(self, method, path, headers=None, body=None):
        return http_client.request(self.one.tcp, method, path, body, headers)

    def test_the_documents_have_their_members(self):
        status = self.one.status()
        self.assertEqual(set(status), {
            "api_version", "instance_id", "cursor", "generated_at", "clock", "shutting_down",
            "daemon", "health", "store", "elections"})
        self.assertRegex(status["instance_id"], "^[0-9a-f]{16}$")
        self.assertEqual(status["cursor"].split(".")[0], status["instance_id"])
        self.assertEqual(set(status["daemon"]), {
            "version", "pid", "hostname", "started_at", "uptime_ms", "config_file"})
        self.assertEqual(status["daemon"]["pid"], self.one.process.pid)
        self.assertEqual(status["daemon"]["config_file"], self.one.config_file)
        self.assertEqual(set(status["store"]), {
            "kind", "mode", "endpoint", "tls", "connected", "last_ok_age_ms", "circuit",
            "last_error"})
        self.assertEqual(status["store"]["kind"], "redis")
        self.assertEqual(status["store"]["endpoint"], f"127.0.0.1:{self.server.port}")
        election = self.one.election()
        members = set(status["elections"]["demo"])
        self.assertEqual(members, {
            "name", "key", "participant_id", "state", "is_leader", "participating",
            "fencing_token", "leader", "previous_leader", "lease", "waiting", "drain", "hold_off",
            "last_error", "stability"})
        self.assertEqual(set(election) - members,
                         {"cursor", "instance_id", "generated_at", "clock"})
        self.assertEqual(set(election["leader"]), {
            "participant_id", "instance_id", "is_self", "acquired_at", "leading_for_ms", "ttl_ms",
            "metadata"})
        self.assertEqual(election["leader"]["metadata"], {"node": "n1", "ünï": "\"<&>\\"})
        self.assertRegex(election["leader"]["instance_id"], "^[0-9a-f]{32}$")
        self.assertEqual(set(election["lease"]), {
            "valid", "duration_ms", "renew_interval_ms", "stop_margin_ms", "remaining_ms",
            "deadline_boottime_ms", "expires_at", "last_renewed_at"})
        self.assertEqual(election["lease"]["duration_ms"], 3000)
        self.assertEqual(set(election["stability"]), {
            "changes_last_10m", "changes_last_1h", "is_stable", "last_change_at"})
        self.assertLess(election["lease"]["remaining_ms"], 3000)

    def test_every_answer_has_the_common_headers(self):
        for path in READ_PATHS:
            answer = self.request("GET", path)
            self.assertIn(answer.status, (200, 503), path)
            self.assertEqual(answer.headers["Cache-Control"], "no-store", path)
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff", path)
            self.assertRegex(answer.headers["Leaderd-Cursor"], r"^[0-9a-f]{16}\.\d+$", path)
            self.assertIsNone(answer.headers["Access-Control-Allow-Origin"], path)

    def test_head_is_enough_for_a_shell(self):
        for path in ("/elections/demo", "/leader"):
            answer = self.request("HEAD", path)
            self.assertEqual((answer.status, answer.body), (200, b""))
            self.assertEqual(answer.headers["Leaderd-Is-Leader"], "true")
            self.assertEqual(int(answer.headers["Leaderd-Fencing-Token"]),
                             self.one.election()["fencing_token"])
            self.assertGreater(int(answer.headers["Leaderd-Remaining-Ms"]), 0)
            self.assertGreater(int(answer.headers["Leaderd-Deadline-Boottime-Ms"]),
                               answer.sent_ms)
        two = self.follower("two", self.server)
        answer = http_client.request(two.tcp, "HEAD", "/elections/demo")
        self.assertEqual(answer.headers["Leaderd-Is-Leader"], "false")
        self.assertEqual(answer.headers["Leaderd-Remaining-Ms"], "0")
        self.assertIsNone(answer.headers["Leaderd-Deadline-Boottime-Ms"])

    def test_leader_and_follower_answer_by_status_code(self):
        two = self.follower("two", self.server)
        self.assertEqual(self.one.get("/leader").status, 200)
        self.assertEqual(self.one.get("/follower").status, 503)
        self.assertEqual(two.get("/leader").status, 503)
        self.assertEqual(two.get("/follower").status, 200)
        body = two.get("/leader").json()
        self.assertEqual(set(body), {"election", "is_leader", "state", "participant_id", "leader",
                                     "fencing_token", "remaining_ms"})
        self.assertEqual((body["leader"], body["is_leader"], body["remaining_ms"]),
                         ("one", False, 0))
        self.assertEqual(self.one.get("/leader?min_remaining=100ms").status, 200)
        self.assertEqual(self.one.get("/leader?min_remaining=1h").status, 503)
        self.assert_problem(self.one.get("/leader?election=nosuch"), 404, "election_not_found")

    def test_several_elections_must_be_named(self):
        two = self.daemon("two", self.server, elections=("demo", "alpha"))
        self.assert_problem(two.get("/leader"), 400, "election_required")
        self.assertEqual(two.get("/leader?election=alpha").status, 503)

    def test_one_field_answers_bare(self):
        token = str(self.one.election()["fencing_token"])
        for path, text in (("/elections/demo?field=is_leader", "true\n"),
                           ("/elections/demo?field=leader.participant_id", "one\n"),
                           ("/elections/demo?field=fencing_token", token + "\n"),
                           ("/elections/demo?field=drain", "null\n"),
                           ("/status?field=elections.demo.state", "leader\n"),
                           ("/status?field=api_version", "1\n")):
            self.assertEqual(self.one.get(path).text(), text, path)
        self.assertEqual(json.loads(self.one.get("/elections/demo?field=lease").text())["valid"],
                         True)
        self.assert_problem(self.one.get("/status?field=nosuch"), 400, "bad_parameter")

    def test_text_for_people(self):
        text = self.one.get("/elections/demo?format=text").text()
        self.assertIn("=== Leadership Status ===", text)
        for label in ("Election:", "Participant:", "Is leader:", "State:", "Current leader:",
                      "Leader since:", "Leadership duration:", "Lease expires:", "Time to expiry:",
                      "Lease valid:", "Fencing token:", "Stable:", "Metadata:",
                      "Status retrieved:"):
            self.assertIn(label, text)
        for path in READ_PATHS:
            if path not in ("/metrics", "/watch"):
                answer = self.one.get(path + "?format=text")
                self.assertTrue(answer.headers["Content-Type"].startswith("text/plain"), path)
                self.assertTrue(answer.text().endswith("\n"), path)
        answer = self.one.get("/elections/nosuch?format=text")
        self.assertEqual(answer.status, 404)
        self.assertTrue(answer.text().startswith("error: "))

    def test_accept_is_heeded(self):
        for accept, kind in (("application/json", "application/json"),
                             ("text/plain", "text/plain"), ("*/*", "application/json"),
                             ("text/plain;q=0.2, application/json", "application/json")):
            answer = self.one.get("/status", {"Accept": accept})
            self.assertTrue(answer.headers["Content-Type"].startswith(kind), accept)
        self.assert_problem(self.one.get("/status", {"Accept": "image/png"}), 406,
                            "not_acceptable")
        answer = self.one.get("/status?format=json", {"Accept": "text/plain"})
        self.assertEqual(answer.headers["Content-Type"].split(";")[0], "application/json")

    def test_unknown_paths_methods_and_parameters_are_refused(self):
        self.assert_problem(self.one.get("/nosuch"), 404, "not_found")
        self.assert_problem(self.one.get("/elections/nosuch"), 404, "election_not_found")
        for path in READ_PATHS:
            answer = self.request("POST", path)
            self.assert_problem(answer, 405, "method_not_allowed")
            self.assertIn("GET", answer.headers["Allow"])
            self.assert_problem(self.one.get(path + "?nosuch=1"), 400, "unknown_parameter")
        self.assert_problem(self.one.get("/status?field=a&field=b"), 400, "repeated_parameter")
        self.assert_problem(self.one.get("/status?format=xml"), 400, "bad_parameter")
        self.assert_problem(self.one.get("/events?limit=0"), 400, "bad_parameter")
        self.assert_problem(self.one.get("/events?limit=257"), 400, "bad_parameter")
        answer = http_client.request(self.one.control, "GET", "/elections/demo/step-down")
        self.assert_problem(answer, 405, "method_not_allowed")
        self.assertEqual(answer.headers["Allow"].replace(" ", ""), "POST,OPTIONS")

    def test_options_of_checks_is_the_check_and_elsewhere_lists_methods(self):
        for path in CHECKS:
            self.assertEqual(self.request("OPTIONS", path).status, self.one.get(path).status, path)
        answer = self.request("OPTIONS", "/status")
        self.assertEqual(answer.status, 204)
        self.assertIn("GET", answer.headers["Allow"])

    def test_control_is_not_for_readers(self):
        for path in ("/elections/demo/step-down", "/elections/demo/vacate", "/reload"):
            self.assertIn(self.request("POST", path).status, (401, 403), path)
        self.assertTrue(self.one.leads())

    def test_browsers_of_other_sites_are_refused(self):
        port = self.one.tcp[1]
        self.assert_problem(self.request("GET", "/status", {"Host": "evil.example"}), 421,
                            "host_not_allowed")
        self.assertEqual(self.request("GET", "/status", {"Host": f"localhost:{port}"}).status, 200)
        self.assert_problem(self.request("GET", "/status", {"Sec-Fetch-Site": "cross-site"}), 403,
                            "cross_site")
        self.assert_problem(self.request("GET", "/status", {"Origin": "http://evil.example"}), 403,
                            "cross_site")

    def test_malformed_requests_close_and_harm_nobody(self):
        for data in (b"nonsense\r\n\r\n", b"GET /status HTTP/1.1\r\n\r\n", b"\x00" * 100 + b"\r\n\r\n",
                     b"GET /" + b"a" * 4000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 10000 + b"\r\n\r\n",
                     b"POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n{}"):
            try:
                answer = http_client.raw(self.one.tcp, data)
            except TimeoutError:
                self.fail(f"not closed: {data[:60]!r}")
            if answer:
                self.assertRegex(answer[:12], rb"^HTTP/1\.[01] 4", data[:40])
        self.assertTrue(self.one.leads())

    def test_a_client_that_never_ends_its_headers_is_dropped(self):
        answer = http_client.raw(self.one.tcp, b"GET /status HTTP/1.1\r\nHost: local", timeout=9)
        self.assertRegex(answer[:13], rb"^(HTTP/1\.1 408)?$")

    def test_events_tell_the_story_in_order(self):
        document = self.one.get("/events").json()
        self.assertEqual(set(document), {"instance_id", "first_id", "last_id", "dropped", "events"})
        events = document["events"]
        self.assertEqual([e["id"] for e in events], sorted({e["id"] for e in events}))
        for event in events:
            self.assertEqual(set(event), {
                "id", "at", "boottime_ms", "election", "type", "reason", "fencing_token", "leader",
                "previous_leader", "message"})
        types = [e["type"] for e in events]
        for kind in ("started", "store_connected", "leadership_gained"):
            self.assertIn(kind, types)
        gained = self.one.events("leadership_gained")[0]
        self.assertEqual(gained["leader"], "one")
        after = self.one.get(f"/events?after={events[0]['id']}&limit=1").json()["events"]
        self.assertEqual(after, events[1:2])
        self.assert_problem(self.one.get("/events?election=nosuch"), 404, "election_not_found")

    def test_performance_counts_every_operation(self):
        document = self.one.get("/performance").json()
        self.assertEqual(document["window"], 100)
        operations = document["elections"]["demo"]["operations"]
        self.assertEqual(set(operations), {"acquire", "renew", "release", "observe"})
        for numbers in operations.values():
            self.assertLessEqual({"count", "total", "avg_ms", "min_ms", "max_ms", "p95_ms",
                                  "p99_ms"}, set(numbers))
        self.assertGreaterEqual(operations["acquire"]["total"], 1)

    def test_metrics_are_prometheus_text(self):
        answer = self.one.get("/metrics")
        self.assertIn("version=0.0.4", answer.headers["Content-Type"])
        self.assertEqual(self.one.metric("leaderd_is_leader", 'election="demo"'), 1)
        self.assertEqual(self.one.metric("leaderd_store_connected"), 1)
        self.assertEqual(self.one.metric("leaderd_fencing_token", 'election="demo"'),
                         self.one.election()["fencing_token"])
        newer = self.one.get("/metrics", {"Accept": "application/openmetrics-text;version=1.0.0"})
        self.assertTrue(newer.text().endswith("# EOF\n"))

    def test_config_shows_values_and_hides_secrets(self):
        config = self.one.get("/config").json()
        self.assertEqual(config["participant_id"], "one")
        self.assertEqual(config["elections"][0]["name"], "demo")
        self.assertEqual(set(self.one.get("/version").json()),
                         {"version", "revision", "api_version"})

    def test_a_token_guards_control_over_tcp(self):
        two = self.daemon("two", self.server, start=False)
        path = two.directory + "/token"
        with open(path, "w", encoding="utf-8") as file:
            file.write("open-sesame\n")
        two.settings["http"]["token_file"] = path
        two.settings["http"]["listeners"][0]["role"] = "control"
        two.write_config()
        two.start()
        two.wait_state("follower")
        url = "/elections/demo/pause"
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eA=="}):
            answer = http_client.request(two.tcp, "POST", url, None, headers)
            self.assert_problem(answer, 401, "unauthorized")
            self.assertEqual(answer.headers["WWW-Authenticate"].split()[0], "Bearer")
        answer = http_client.request(two.tcp, "POST", url, None,
                                     {"Authorization": "Bearer open-sesame"})
        self.assertEqual(answer.status, 200)
        self.assertNotIn("open-sesame", two.get("/config").text())

    def test_a_probe_listener_answers_probes_only(self):
        two = self.daemon("two", self.server, start=False)
        two.settings["http"]["listeners"][0]["role"] = "probe"
        two.write_config()
        two.start()
        for path in CHECKS + ["/metrics"]:
            self.assertIn(two.get(path).status, (200, 503), path)
        for path in ("/status", "/config", "/events", "/elections/demo"):
            self.assert_problem(two.get(path), 403, "role_too_low")


if __name__ == "__main__":
    main()
