"""The HTTP contract as a table: what is asked, through which door, and what must be answered.

A row is a request line and what must come back: a status, and the code of a problem where there is
one. Rows that need exact bytes are sent over a bare socket.
"""
import http_client
from harness import Case, free_port, main

TOKEN = "open-sesame"
BEARER = {"Authorization": "Bearer " + TOKEN}
JSON = {"Content-Type": "application/json"}
CHECKS = ("/leader", "/follower", "/livez", "/readyz", "/healthz")
PROBES = CHECKS + ("/metrics",)
READS = ("/", "/status", "/elections", "/elections/demo", "/watch", "/events", "/performance",
         "/config", "/version")
CONTROLS = tuple("/elections/demo/" + verb
                 for verb in ("step-down", "pause", "resume", "bootstrap", "vacate")) + ("/reload",)
ONLY_POST = CONTROLS + ("/elections/demo/released",)
CURSOR = "0123456789abcdef."

# Path, expected status, code. All GET, at the read listener, by a daemon that leads `demo`.
QUERIES = [
    ("/status?format=json", 200, None),
    ("/status?format=", 400, "bad_parameter"),
    ("/status?format=xml", 400, "bad_parameter"),
    ("/status?format=JSON", 400, "bad_parameter"),
    ("/status?format=html", 400, "bad_parameter"),
    ("/status?format=json&format=json", 400, "repeated_parameter"),
    ("/status?Format=json", 400, "unknown_parameter"),
    ("/status?%66ormat=json", 200, None),
    ("/status?", 200, None),
    ("/status?field", 400, "bad_parameter"),
    ("/status?field=elections.nosuch", 400, "bad_parameter"),
    ("/status?field=elections..demo", 400, "bad_parameter"),
    ("/status?field=api_version.x", 400, "bad_parameter"),
    ("/elections/demo?field=lease.valid", 200, None),
    ("/elections/demo?field=clock", 200, None),
    ("/elections?field=elections", 400, "unknown_parameter"),
    ("/metrics?format=json", 400, "unknown_parameter"),
    ("/watch?format=json", 400, "unknown_parameter"),
    ("/watch?timeout=0", 200, None),
    ("/watch?timeout=300s", 200, None),
    ("/watch?timeout=5m", 200, None),
    ("/watch?timeout=301", 400, "bad_parameter"),
    ("/watch?timeout=", 400, "bad_parameter"),
    ("/watch?timeout=1.5s", 400, "bad_parameter"),
    ("/watch?timeout=-1s", 400, "bad_parameter"),
    ("/watch?timeout=99999999999999999999h", 400, "bad_parameter"),
    ("/watch?since=", 400, "bad_cursor"),
    ("/watch?since=" + CURSOR, 400, "bad_cursor"),
    ("/watch?since=" + CURSOR + "1x", 400, "bad_cursor"),
    ("/watch?since=" + CURSOR + "-1", 400, "bad_cursor"),
    ("/watch?since=" + CURSOR + "1" * 40, 400, "bad_cursor"),
    ("/watch?since=0123456789ABCDEF.1", 400, "bad_cursor"),
    ("/watch?since=" + CURSOR + "1", 200, None),
    ("/watch?election=demo", 200, None),
    ("/watch?election=demo,second", 200, None),
    ("/watch?election=demo,demo", 400, "bad_parameter"),
    ("/watch?election=demo,", 404, "election_not_found"),
    ("/watch?election=nosuch", 404, "election_not_found"),
    ("/watch?election=" + "a" * 1000, 404, "election_not_found"),
    ("/leader", 400, "election_required"),
    ("/follower", 400, "election_required"),
    ("/leader?election=demo", 200, None),
    ("/leader?election=demo&min_remaining=0", 200, None),
    ("/leader?election=demo&min_remaining=1h", 503, None),
    ("/leader?election=demo&min_remaining=", 400, "bad_parameter"),
    ("/leader?election=demo&min_remaining=-1", 400, "bad_parameter"),
    ("/leader?election=demo&min_remaining=1d", 400, "bad_parameter"),
    ("/leader?election=nosuch", 404, "election_not_found"),
    ("/leader?election=demo,second", 404, "election_not_found"),
    ("/follower?election=demo&min_remaining=1s", 400, "unknown_parameter"),
    ("/livez?verbose", 400, "unknown_parameter"),
    ("/readyz?verbose=1", 200, None),
    ("/readyz?verbose=false", 200, None),
    ("/healthz?verbose", 200, None),
    ("/healthz?verbose=maybe", 400, "bad_parameter"),
    ("/readyz?verbose=maybe", 400, "bad_parameter"),
    ("/events?limit=1", 200, None),
    ("/events?limit=256&after=0", 200, None),
    ("/events?limit=0", 400, "bad_parameter"),
    ("/events?limit=257", 400, "bad_parameter"),
    ("/events?limit=1e1", 400, "bad_parameter"),
    ("/events?after=-1", 400, "bad_parameter"),
    ("/events?after=9007199254740992", 400, "bad_parameter"),
    ("/events?election=nosuch", 404, "election_not_found"),
    ("/elections/demo?election=demo", 400, "unknown_parameter"),
    ("/elections/nosuch", 404, "election_not_found"),
    ("/elections/" + "a" * 300, 404, None),
    ("/elections/demo%2Fx", 404, None),
    ("/elections/", 404, "not_found"),
    ("/elections/demo/", 404, "not_found"),
    ("/elections/demo/nosuch", 404, "not_found"),
    ("//status", 404, "not_found"),
    ("/status/", 404, "not_found"),
    ("/STATUS", 404, "not_found"),
    ("/%73tatus", 200, None),
    ("/../status", 404, "not_found"),
    ("/status%00", 400, "bad_request"),
    ("/status?field=%00", 400, "bad_request"),
]

# Accept, path, expected status, media type.
ACCEPTS = [
    ("application/json", "/status", 200, "application/json"),
    ("text/plain", "/status", 200, "text/plain"),
    ("text/*", "/status", 200, "text/plain"),
    ("TEXT/PLAIN", "/status", 200, "text/plain"),
    ("application/json;q=0.1, text/plain;q=0.2", "/status", 200, "text/plain"),
    ("application/json; q=0.5, text/plain;q=0.4", "/status", 200, "application/json"),
    ("application/json;q=0, */*", "/status", 200, "text/plain"),
    ("*/*;q=0", "/status", 406, None),
    ("application/xml", "/status", 406, None),
    ("application/xml, */*;q=0.1", "/status", 200, "application/json"),
    ("text/html", "/status", 406, None),
    ("text/html,application/xhtml+xml,*/*;q=0.8", "/", 200, "text/"),
    ("*/*", "/", 200, "text/plain"),
    ("*/*", "/metrics", 200, "text/plain"),
    ("application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "/metrics", 200,
     "application/openmetrics-text"),
    ("application/json", "/metrics", 406, None),
    ("application/json", "/watch", 200, "application/json"),
    ("text/plain", "/watch", 406, None),
]

# Body, content type, expected status, code, of a step-down by a daemon that leads. None of them
# may end the reign.
BODIES = [
    (b"{", "application/json", 400, "bad_body"),
    (b"[]", "application/json", 400, "bad_body"),
    (b"null", "application/json", 400, "bad_body"),
    (b"{} {}", "application/json", 400, "bad_body"),
    (b'{"nosuch":1}', "application/json", 400, "bad_body"),
    (b'{"drain":"1s","drain":"2s"}', "application/json", 400, "bad_body"),
    (b'{"drain":10}', "application/json", 400, "bad_body"),
    (b'{"drain":"10"}', "application/json", 400, "bad_body"),
    (b'{"hold_off":"-1s"}', "application/json", 400, "bad_body"),
    (b'{"hold_off":null}', "application/json", 400, "bad_body"),
    (b'{"reason":1}', "application/json", 400, "bad_body"),
    (b'{"reason":"\\u0000"}', "application/json", 400, "bad_body"),
    (b'{"reason":"\xff"}', "application/json", 400, "bad_body"),
    (b'{"if_fencing_token":1.5}', "application/json", 400, "bad_body"),
    (b'{"if_fencing_token":-1}', "application/json", 400, "bad_body"),
    (b'{"if_fencing_token":"1"}', "application/json", 400, "bad_body"),
    (b'{"if_fencing_token":999999}', "application/json", 412, "token_mismatch"),
    (b'{"if_fencing_token":999999}', "Application/JSON; charset=utf-8", 412, "token_mismatch"),
    (b"{}", "text/plain", 415, "unsupported_media_type"),
    (b"{}", "application/jsonx", 415, "unsupported_media_type"),
    (b"{}", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    (b"{}", "", 415, "unsupported_media_type"),
    (b"[" * 4096, "application/json", 400, "bad_body"),
    (b" " * 4095 + b"[", "application/json", 400, "bad_body"),
    (b" " * 4097, "application/json", 413, "body_too_large"),
    (b" " * 60000, "application/json", 413, "body_too_large"),
]

LINE = b"GET /livez HTTP/1.1\r\n"
HOST = b"Host: localhost\r\n"
POST = b"POST /elections/demo/step-down HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"

# Bytes, the possible statuses (None: it may just close). After each the connection must end, and
# nothing be changed.
BYTES = [
    (LINE + b"\r\n", {400}),
    (LINE + HOST + HOST + b"\r\n", {400}),
    (LINE + HOST + b"host: evil.example\r\n\r\n", {400}),
    (LINE + b"Host : localhost\r\n\r\n", {400}),
    (LINE + HOST + b"no colon here\r\n\r\n", {400}),
    (b"GET\r\n\r\n", {400, None}),
    (b"nonsense\r\n\r\n", {400, None}),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {400, None}),
    (b"GET /livez HTTP/9.9\r\n" + HOST + b"\r\n", {400, 505}),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    (b"GET /livez?" + b"a" * 2100 + b" HTTP/1.1\r\n" + HOST + b"\r\n", {414}),
    (b"GET /livez?" + b"a" * 20000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", {414}),
    (LINE + HOST + b"X: " + b"a" * 8200 + b"\r\n\r\n", {431}),
    (LINE + HOST + b"X: " + b"a" * 40000 + b"\r\n\r\n", {431}),
    (LINE + HOST + b"X: y\r\n" * 64 + b"\r\n", {431}),
    (LINE + HOST + b"X: y\r\n" * 4000 + b"\r\n", {431}),
    (POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", {400}),
    (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", {400}),
    (POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", {400}),
    (POST + b"Transfer-Encoding: gzip\r\n\r\n{}", {400, 501}),
    (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", {400, 501}),
    (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", {400}),
    (POST + b"Content-Length : 2\r\n\r\n{}", {400}),
    (POST + b"Content-Length: -1\r\n\r\n", {400}),
    (POST + b"Content-Length: x\r\n\r\n", {400}),
    (POST + b"Content-Length: 2, 2\r\n\r\n{}", {400}),
    (POST + b"Content-Length: 99999999999999999999999\r\n\r\n", {400, 413}),
    (POST + b"Content-Length: 4097\r\n\r\n", {413}),
    (POST + b"Content-Length: 4097\r\nExpect: 100-continue\r\n\r\n", {413}),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"800\r\n" + b" " * 2048 + b"\r\n800\r\n"
     + b" " * 2048 + b"\r\n1\r\n \r\n0\r\n\r\n", {413}),
]


def refused(door, data):
    """What comes back until the connection ends. Who is still sending then may see a reset."""
    try:
        return http_client.raw(door, data)
    except ConnectionError:
        if len(data) < 10000:
            raise
        return b"HTTP/1.1 431 " if b"X:" in data else b"HTTP/1.1 414 "


class Contract(Case):
    """One daemon with a door of every role."""

    def setUp(self):
        self.one = self.daemon("one", self.redis(), elections=("demo", "second"), start=False)
        token_file = self.one.directory + "/token"
        with open(token_file, "w", encoding="utf-8") as file:
            file.write(TOKEN + "\n")
        self.guarded = ("127.0.0.1", free_port())
        self.probe = ("127.0.0.1", free_port())
        self.public = ("127.0.0.2", free_port())
        http = self.one.settings["http"]
        http["token_file"] = token_file
        http["allowed_hosts"] = ["leader.example", "*.svc.example"]
        http["listeners"] += [
            {"address": f"127.0.0.1:{self.guarded[1]}", "role": "control"},
            {"address": f"0.0.0.0:{self.public[1]}", "role": "read"},
            {"address": f"127.0.0.1:{self.probe[1]}", "role": "probe"}]
        self.one.write_config()
        self.one.start()
        self.one.bootstrap()
        self.token = self.one.wait_leader()["fencing_token"]

    def ask(self, door, method, path, headers=None, body=None):
        return http_client.request(door, method, path, body, headers)

    def rejected(self, reason):
        return self.one.metric("leaderd_http_rejected_total", f'reason="{reason}"')

    def assert_answer(self, answer, status, code, what):
        with self.subTest(what):
            if code is None:
                self.assertEqual(answer.status, status, answer)
            else:
                self.assert_problem(answer, status, code)
            self.assertEqual(answer.headers["Cache-Control"], "no-store")
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
            self.assertRegex(answer.headers["Leaderd-Cursor"], r"^[0-9a-f]{16}\.\d+$")
            self.assertEqual(answer.headers["Retry-After"] is not None, status in (429, 503))

    def assert_still_leads(self):
        election = self.one.election()
        self.assertTrue(election["is_leader"])
        self.assertEqual(election["fencing_token"], self.token)

    def test_queries(self):
        client = http_client.Client(self.one.tcp)
        for path, status, code in QUERIES:
            self.assert_answer(client.get(path), status, code, path)
            head = client.request("HEAD", path)
            self.assert_answer(head, status, None, "HEAD " + path)
            self.assertEqual(head.body, b"")
        client.close()

    def test_accept(self):
        for accept, path, status, kind in ACCEPTS:
            answer = self.one.get(path, {"Accept": accept})
            code = "not_acceptable" if status == 406 else None
            self.assert_answer(answer, status, code, (accept, path))
            if kind is not None:
                self.assertTrue(answer.headers["Content-Type"].startswith(kind), (accept, answer))

    def test_format_wins_over_accept(self):
        paths = [p for p in READS + CHECKS if p != "/watch"]
        for path in paths:
            named = path + "?election=demo&" if path in ("/leader", "/follower") else path + "?"
            for word, accept, kind in (("json", "text/plain", "application/json"),
                                       ("text", "application/json", "text/plain"),
                                       ("text", "image/png", "text/plain")):
                answer = self.one.get(named + "format=" + word, {"Accept": accept})
                self.assertEqual(answer.headers["Content-Type"].split(";")[0], kind,
                                 (path, word, answer))
                self.assertTrue(answer.body.endswith(b"\n"), path)

    def test_methods(self):
        for path in READS + PROBES:
            for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"):
                answer = self.ask(self.one.control, method, path)
                self.assert_answer(answer, 405, "method_not_allowed", (method, path))
                self.assertEqual(answer.headers["Allow"], "GET, HEAD, OPTIONS", path)
        for path in ONLY_POST:
            for method in ("GET", "HEAD", "PUT", "DELETE"):
                answer = self.ask(self.one.control, method, path)
                self.assertEqual(answer.status, 405, (method, path))
                self.assertEqual(answer.headers["Allow"], "POST, OPTIONS", path)
        self.assert_still_leads()

    def test_options(self):
        for path in READS + ("/metrics",) + ONLY_POST:
            answer = self.ask(self.one.control, "OPTIONS", path)
            self.assert_answer(answer, 204, None, path)
            allow = "POST, OPTIONS" if path in ONLY_POST else "GET, HEAD, OPTIONS"
            self.assertEqual((answer.headers["Allow"], answer.body), (allow, b""), path)
        for path in CHECKS:
            named = path + "?election=demo" if path in ("/leader", "/follower") else path
            self.assertEqual(self.ask(self.probe, "OPTIONS", named).status,
                             self.ask(self.probe, "GET", named).status, path)
        self.assert_answer(self.ask(self.one.tcp, "OPTIONS", "/nosuch"), 404, "not_found", "nosuch")

    def test_roles(self):
        for path in READS:
            for door in (self.one.tcp, self.one.control, self.guarded):
                self.assertEqual(self.ask(door, "GET", path).status, 200, (door, path))
            self.assert_answer(self.ask(self.probe, "GET", path), 403, "role_too_low", path)
            self.assert_answer(self.ask(self.public, "GET", path), 401, "unauthorized", path)
            self.assertEqual(self.ask(self.public, "GET", path, BEARER).status, 200, path)
        for path in PROBES:
            for door in (self.one.tcp, self.one.control, self.guarded, self.probe, self.public):
                self.assertNotIn(self.ask(door, "GET", path).status, (401, 403), (door, path))
        for path in CONTROLS:
            for door in (self.one.tcp, self.probe):
                self.assert_answer(self.ask(door, "POST", path, BEARER), 403, "role_too_low", path)
            for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": TOKEN},
                            {"Authorization": f"Basic {TOKEN}"},
                            {"Authorization": f"Bearer {TOKEN}x"},
                            {"Authorization": f"Bearer {TOKEN[:-1]}"}):
                answer = self.ask(self.guarded, "POST", path, headers)
                self.assert_answer(answer, 401, "unauthorized", (path, headers))
                self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
        for headers in ({}, BEARER):
            answer = self.ask(self.guarded, "POST", "/elections/demo/released", headers)
            self.assert_answer(answer, 409, "not_draining", "released is a read path")
        self.assert_still_leads()
        answer = self.ask(self.guarded, "POST", "/elections/demo/bootstrap", BEARER)
        self.assert_answer(answer, 409, "held", "with the token")

    def test_sites(self):
        port = self.one.tcp[1]
        for host, status in (("localhost", 200), (f"127.0.0.1:{port}", 200), ("[::1]:80", 200),
                             ("10.9.8.7", 200), ("leader.example", 200), ("a.svc.example:1", 200),
                             ("svc.example", 421), ("evil.example", 421), ("localhost.", 421),
                             ("xleader.example", 421), ("127.0.0.1.evil.example", 421)):
            code = None if status == 200 else "host_not_allowed"
            for path in ("/status", "/livez"):
                self.assert_answer(self.ask(self.one.tcp, "GET", path, {"Host": host}), status,
                                   code, host)
        self.assertEqual(self.ask(self.one.control, "GET", "/status",
                                  {"Host": "evil.example"}).status, 200)
        site = "Sec-Fetch-Site"
        here = f"http://127.0.0.1:{port}"
        for headers, status in (({site: "same-origin"}, 200), ({site: "none"}, 200),
                                ({site: "cross-site"}, 403), ({site: "same-site"}, 403),
                                ({site: "nonsense"}, 403), ({"Origin": here}, 200),
                                ({"Origin": "http://evil.example"}, 403), ({"Origin": "null"}, 403),
                                ({site: "same-origin", "Origin": "http://evil.example"}, 200),
                                ({site: "cross-site", "Origin": here}, 403)):
            for method in ("GET", "HEAD", "POST", "OPTIONS"):
                answer = self.ask(self.one.tcp, method, "/livez", headers)
                allowed = 405 if method == "POST" else 200
                self.assertEqual(answer.status, allowed if status == 200 else 403,
                                 (method, headers, answer))
                self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])
            if status == 403:
                answer = self.ask(self.one.control, "POST", "/elections/demo/step-down", headers)
                self.assert_answer(answer, 403, "cross_site", headers)
        self.assert_still_leads()

    def test_bodies(self):
        for body, kind, status, code in BODIES:
            answer = self.ask(self.one.control, "POST", "/elections/demo/step-down",
                              {"Content-Type": kind}, body)
            self.assert_answer(answer, status, code, (body[:40], kind))
        for path in ("bootstrap", "vacate", "resume", "released"):
            answer = self.ask(self.one.control, "POST", "/elections/demo/" + path, JSON,
                              b'{"drain":"1s"}')
            self.assert_answer(answer, 400, "bad_body", path)
        answer = self.ask(self.one.control, "POST", "/reload", JSON, b'{"drain":"1s"}')
        self.assert_answer(answer, 400, "bad_body", "reload")
        for path, status, code in (("/elections/demo/step-down?wait=x", 400, "bad_parameter"),
                                   ("/elections/demo/pause?wait=1s", 400, "unknown_parameter"),
                                   ("/elections/second/released", 409, "not_draining"),
                                   ("/elections/nosuch/pause", 404, "election_not_found"),
                                   ("/elections/demo/pause?format=xml", 400, "bad_parameter")):
            self.assert_answer(self.ask(self.one.control, "POST", path), status, code, path)
        self.assert_still_leads()

    def test_bytes(self):
        for door in (self.one.tcp, self.one.control):
            for data, statuses in BYTES:
                with self.subTest(door=door, data=data[:90]):
                    answer = refused(door, data)
                    found = {int(part[2:5]) for part in answer.split(b"HTTP/1.")[1:]}
                    self.assertLessEqual(found or {None}, statuses, answer[:300])
        self.assert_still_leads()

    def test_refusals_are_counted_by_reason(self):
        for data, reason in ((b"nonsense\r\n\r\n", "malformed"),
                             (LINE + HOST + b"no colon here\r\n\r\n", "malformed"),
                             (LINE + b"\r\n", "bad_request"),
                             (b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
                              "uri_too_long"),
                             (b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
                              "uri_too_long"),
                             (LINE + HOST + b"X: y\r\n" * 64 + b"\r\n", "headers_too_large"),
                             (LINE + HOST + b"X: " + b"y" * 20000 + b"\r\n\r\n",
                              "headers_too_large"),
                             (POST + b"Content-Length: 4097\r\n\r\n", "body_too_large")):
            before = self.rejected(reason)
            refused(self.one.tcp, data)
            self.assertEqual(self.rejected(reason), before + 1, (data[:60], reason))

    def test_sizes_up_to_the_limits_are_served(self):
        end = b"Connection: close\r\n\r\n"
        line = b"GET /livez?" + b"a" * (2048 - 20) + b" HTTP/1.1\r\n"
        self.assertEqual(len(line), 2048 + 2)
        for data, status in ((line + HOST + end, 400),  # the parameter is unknown, not too long
                             (LINE + HOST + b"X: y\r\n" * 62 + end, 200),
                             (LINE + HOST + b"X: " + b"a" * 8100 + b"\r\n" + end, 200)):
            answer = http_client.raw(self.one.tcp, data)
            self.assertEqual(int(answer[9:12]), status, (data[:60], answer[:300]))

    def test_a_connection_is_kept_after_every_refusal_that_was_understood(self):
        client = http_client.Client(self.one.tcp)
        client.get("/livez")
        kept = client.connection.sock
        for method, path, headers in (("GET", "/nosuch", {}), ("GET", "/status?x=1", {}),
                                      ("POST", "/status", {}), ("GET", "/elections/nosuch", {}),
                                      ("GET", "/status", {"Accept": "image/png"}),
                                      ("GET", "/status", {"Host": "evil.example"}),
                                      ("GET", "/status", {"Origin": "http://evil.example"}),
                                      ("OPTIONS", "/status", {}), ("HEAD", "/status", {})):
            client.request(method, path, headers=headers)
            self.assertIs(client.connection.sock, kept, (method, path))
        client.close()

    def test_pipelined_requests_are_answered_in_order(self):
        paths = ["/livez", "/nosuch", "/version", "/watch?since=" + CURSOR + "1", "/livez"] * 20
        data = b"".join(b"GET %s HTTP/1.1\r\n%s\r\n" % (p.encode(), HOST) for p in paths)
        answer = http_client.raw(self.one.tcp, data + LINE + HOST + b"Connection: close\r\n\r\n")
        statuses = [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]
        self.assertEqual(statuses, [200, 404, 200, 200, 200] * 20 + [200])

    def test_bodies_may_be_chunked(self):
        body = b'{"if_fencing_token":999999}'
        data = (POST + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                + b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n")
        self.assertEqual(int(http_client.raw(self.one.control, data)[9:12]), 412)
        self.assert_still_leads()


if __name__ == "__main__":
    main()
