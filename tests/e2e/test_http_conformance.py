"""An outsider's list: methods, paths, roles and bad input, and what each must be answered."""
import http_client
from harness import Case, free_port, main

PROBE, READ, CONTROL = 1, 2, 3
CHECKS = {"/leader", "/follower", "/livez", "/readyz", "/healthz"}
# path: role, allowed method, status of a good call while it leads
PATHS = {
    "/": (READ, "GET", 200), "/status": (READ, "GET", 200), "/elections": (READ, "GET", 200),
    "/elections/demo": (READ, "GET", 200), "/leader": (PROBE, "GET", 200),
    "/follower": (PROBE, "GET", 503), "/watch": (READ, "GET", 200), "/events": (READ, "GET", 200),
    "/performance": (READ, "GET", 200), "/healthz": (PROBE, "GET", 200),
    "/livez": (PROBE, "GET", 200), "/readyz": (PROBE, "GET", 200), "/metrics": (PROBE, "GET", 200),
    "/config": (READ, "GET", 200), "/version": (READ, "GET", 200),
    "/elections/demo/step-down": (CONTROL, "POST", None),
    "/elections/demo/released": (READ, "POST", 409),
    "/elections/demo/pause": (CONTROL, "POST", None),
    "/elections/demo/resume": (CONTROL, "POST", None),
    "/elections/demo/bootstrap": (CONTROL, "POST", 409),
    "/elections/demo/vacate": (CONTROL, "POST", None), "/reload": (CONTROL, "POST", 200),
}
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH")
TOKEN = "correct horse battery staple"


class Conformance(Case):
    @classmethod
    def setUpClass(cls):
        cls.asked = 0

    def setUp(self):
        self.one = self.daemon("one", "local", start=False)
        token_file = self.one.directory + "/token"
        with open(token_file, "w", encoding="utf-8") as file:
            file.write(TOKEN + "\n")
        self.ports = {role: ("127.0.0.1", free_port()) for role in ("probe", "read", "control")}
        self.one.settings["http"] = {
            "token_file": token_file, "allowed_hosts": ["*.example.org"],
            "listeners": [{"address": f"127.0.0.1:{p[1]}", "role": r} for r, p in self.ports.items()]
            + [{"address": "unix:" + self.one.control, "role": "control"}]}
        self.one.tcp = self.ports["read"]
        self.one.write_config()
        self.one.start()
        self.one.wait_leader()

    def ask(self, address, method, path, status, code=None, body=None, headers=None, allow=None):
        type(self).asked += 1
        answer = http_client.request(address, method, path, body, headers)
        what = f"{method} {path} at {address} with {headers or {}}: {answer}"
        self.assertEqual(answer.status, status, what)
        self.assertEqual(answer.headers["Cache-Control"], "no-store", what)
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff", what)
        self.assertRegex(answer.headers["Leaderd-Cursor"] or "", r"^[0-9a-f]{16}\.\d+$", what)
        self.assertFalse([h for h in answer.headers if h.lower().startswith("access-control")], what)
        if method == "HEAD":
            self.assertEqual(answer.body, b"", what)
        elif code:
            self.assertEqual(answer.json()["code"], code, what)
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json", what)
        if status in (429, 503):
            self.assertTrue(answer.headers["Retry-After"], what)
        if allow:
            self.assertEqual(set(answer.headers["Allow"].replace(" ", "").split(",")), allow, what)
        return answer

    def expected(self, role, method, path):
        needed, own, good = PATHS[path]
        if role < needed:
            return 403, "role_too_low", None
        allow = {"GET", "HEAD", "OPTIONS"} if own == "GET" else {"POST", "OPTIONS"}
        if method == "OPTIONS":
            return (good, None, None) if path in CHECKS else (204, None, allow)
        if method == own or (method == "HEAD" and own == "GET"):
            return good, None, None
        return 405, "method_not_allowed", allow

    def test_every_method_on_every_path_at_every_role(self):
        places = [(PROBE, self.ports["probe"], None), (READ, self.ports["read"], None),
                  (CONTROL, self.one.control, None),
                  (CONTROL, self.ports["control"], {"Authorization": "Bearer " + TOKEN})]
        for role, address, headers in places:
            for path in PATHS:
                for method in METHODS:
                    status, code, allow = self.expected(role, method, path)
                    if status is not None:
                        code = "not_draining" if path.endswith("released") and status == 409 else code
                        code = "held" if path.endswith("bootstrap") and status == 409 else code
                        self.ask(address, method, path, status, code, headers=headers, allow=allow)
        self.assertGreater(self.asked, 300)

    def test_control_over_tcp_needs_the_token(self):
        control = self.ports["control"]
        for path, (role, method, _) in PATHS.items():
            for headers in (None, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic " + TOKEN}):
                if role == CONTROL:
                    answer = self.ask(control, method, path, 401, "unauthorized", headers=headers)
                    self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Bearer"))
        self.ask(control, "GET", "/livez", 200)

    def test_queries(self):
        read = self.ports["read"]
        for path, (role, method, _) in PATHS.items():
            address = self.one.control if role == CONTROL else read
            self.ask(address, method, path + "?nonsense=1", 400, "unknown_parameter")
            if path not in ("/metrics", "/watch"):
                self.ask(address, method, path + "?format=json&format=text", 400, "repeated_parameter")
                self.ask(address, method, path + "?format=xml", 400, "bad_parameter")
        for path, code in (("/leader?min_remaining=x", "bad_parameter"),
                           ("/leader?min_remaining=-1", "bad_parameter"),
                           ("/watch?timeout=301s", "bad_parameter"),
                           ("/watch?since=x", "bad_cursor"), ("/watch?since=", "bad_cursor"),
                           ("/events?limit=0", "bad_parameter"), ("/events?limit=257", "bad_parameter"),
                           ("/events?after=x", "bad_parameter"), ("/status?field=nope", "bad_parameter"),
                           ("/healthz?verbose=perhaps", "bad_parameter"),
                           ("/diagnostics?section=", "bad_parameter"),
                           ("/leader?election=a&election=b", "repeated_parameter")):
            self.ask(read, "GET", path, 400, code)
        for path in ("/leader?election=x", "/elections/x", "/events?election=x", "/watch?election=x"):
            self.ask(read, "GET", path, 404, "election_not_found")
        for path in ("/x", "/status/", "//status", "/elections/demo/x", "/%2e%2e/etc/passwd"):
            self.ask(read, "GET", path, 404)

    def test_what_is_accepted(self):
        read = self.ports["read"]
        for path, (role, method, _) in PATHS.items():
            if method == "GET":
                self.ask(read, "GET", path, 406, "not_acceptable", headers={"Accept": "image/png"})
        for accept, kind in (("text/plain", "text/plain"), ("application/json", "application/json"),
                             ("*/*", "application/json"), ("text/*;q=0.1, application/*", "application/json"),
                             ("text/html", None)):
            answer = self.ask(read, "GET", "/status", 200 if kind else 406, headers={"Accept": accept})
            if kind:
                self.assertTrue(answer.headers["Content-Type"].startswith(kind), accept)

    def test_who_may_ask(self):
        read = self.ports["read"]
        for host, status in (("localhost", 200), ("127.0.0.1:8720", 200), ("[::1]", 200),
                             ("web.example.org", 200), ("example.org", 421), ("evil.test", 421),
                             ("localhost.evil.test", 421), ("127.0.0.1.evil.test", 421)):
            self.ask(read, "GET", "/status", status, None if status == 200 else "host_not_allowed",
                     headers={"Host": host})
        for site, status in (("same-origin", 200), ("none", 200), ("cross-site", 403), ("same-site", 403)):
            for path in ("/status", "/livez"):
                self.ask(read, "GET", path, status, None if status == 200 else "cross_site",
                         headers={"Sec-Fetch-Site": site})
        self.ask(read, "GET", "/status", 403, "cross_site", headers={"Origin": "http://evil.test"})
        self.ask(self.one.control, "POST", "/reload", 403, "cross_site",
                 headers={"Origin": "http://evil.test"})

    def test_bodies(self):
        step = "/elections/demo/step-down"
        for body, status, code in ((b"{", 400, "bad_body"), (b"[]", 400, "bad_body"),
                                   (b'{"x":1}', 400, "bad_body"), (b'{"drain":1}', 400, "bad_body"),
                                   (b'{"drain":"x"}', 400, "bad_body"),
                                   (b'{"drain":"1s","drain":"1s"}', 400, "bad_body"),
                                   (b'{"reason":"' + b"x" * 4200 + b'"}', 413, "body_too_large"),
                                   (b'{"if_fencing_token":-1}', 400, "bad_body"),
                                   (b'{"if_fencing_token":1}', 412, "token_mismatch")):
            self.ask(self.one.control, "POST", step, status, code, body,
                     {"Content-Type": "application/json"})
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx"):
            self.ask(self.one.control, "POST", step, 415, "unsupported_media_type", b"{}",
                     {"Content-Type": kind})

    def test_what_is_no_request(self):
        for lines, status in (
                (b"GET /livez HTTP/1.1\r\n\r\n", b"400"),
                (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", b"400"),
                (b"POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                 b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"400"),
                (b"GET /" + b"x" * 2100 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"414"),
                (b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + b"".join(
                    b"X-%d: y\r\n" % n for n in range(70)) + b"\r\n", b"431"),
                (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 9000 + b"\r\n\r\n", b"431")):
            answer = http_client.raw(self.ports["control"], lines)
            self.assertEqual(answer.split(b" ")[1], status, (lines[:60], answer[:200]))


if __name__ == "__main__":
    main()
