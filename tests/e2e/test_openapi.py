"""docs/openapi.yaml against what a daemon really answers: every path, status code and member."""
import json

import openapi
from harness import Case, main
from processes import eventually

QUICK = {"health": {"interval": "1s"}, "diagnostics": {"interval": "1m"}}


class Description(Case):
    def setUp(self):
        self.api = openapi.load()
        self.seen = set()

    def ask(self, daemon, method, path, status, body=None, accept=None, fill=None):
        """One call of `path` as it is described; its answer must be described, too."""
        template, _, query = path.partition("?")
        operation = self.api["paths"][template][method]
        url = template.replace("{name}", fill or "demo") + ("?" + query if query else "")
        headers = {"Accept": accept} if accept else None
        answer = daemon.get(url, headers) if method == "get" else daemon.post(url, body)
        self.assertEqual(answer.status, status, f"{method} {url}: {answer}")
        described = operation["responses"].get(str(status))
        self.assertIsNotNone(described, f"{method} {template}: {status} is not described")
        kind = answer.headers["Content-Type"]
        self.assertIn(kind, described["content"], f"{method} {template} {status}")
        if "json" in kind:
            wrong = list(openapi.flaws(self.api, described["content"][kind]["schema"],
                                       answer.json(), f"{method} {url} {status}"))
            self.assertEqual(wrong, [])
        self.seen.add((template, method, str(status), kind))
        return answer

    def reads(self, daemon, leads):
        for path in ("/status", "/elections", "/elections/{name}", "/watch", "/events",
                     "/performance", "/config", "/version", "/livez"):
            self.ask(daemon, "get", path, 200)
        self.ask(daemon, "get", "/leader", 200 if leads else 503)
        self.ask(daemon, "get", "/follower", 503 if leads else 200)

    def refusals(self, daemon):
        for path, operations in self.api["paths"].items():
            for method, operation in operations.items():
                self.ask(daemon, method, path + "?nonsense=1", 400)
                if "404" in operation["responses"]:
                    query = "" if "{name}" in path else "?election=nobody"
                    self.ask(daemon, method, path + query, 404, fill="nobody")

    def test_every_path_code_and_member_is_as_described(self):
        server = self.redis()
        one = self.daemon("one", server, {**QUICK, "metadata": {"a": "b"}}, start=False)
        server.freeze()
        one.start()
        self.ask(one, "get", "/readyz", 503)
        self.ask(one, "get", "/diagnostics", 503)
        server.thaw()
        one.wait_status(lambda s: s["store"]["connected"])
        self.ask(one, "post", "/elections/{name}/bootstrap", 200)
        one.wait_leader()
        two = self.follower("two", server, QUICK)
        one.wait_status(lambda s: s["health"]["status"] == "healthy")
        self.reads(one, True)
        self.reads(two, False)
        for accept in ("text/html", None):
            self.ask(one, "get", "/", 200, accept=accept)
        self.ask(one, "get", "/metrics", 200)
        self.ask(one, "get", "/healthz", 200)
        self.ask(one, "get", "/readyz", 200)
        eventually(lambda: one.get("/diagnostics").status == 200, what="the first report")
        self.ask(one, "get", "/diagnostics", 200)
        self.ask(one, "post", "/diagnostics", 200, {"sections": ["clock"]})
        self.refusals(one)
        self.commands(one, two)
        self.failures(one, server)
        described = {(path, method, code, kind)
                     for path, operations in self.api["paths"].items()
                     for method, operation in operations.items()
                     for code, answer in operation["responses"].items()
                     for kind in answer["content"]}
        # A stream has tests of its own; a second run at once and a full house are a matter of luck.
        rare = {("/watch", "get", "200", "text/event-stream"),
                ("/watch", "get", "429", "application/problem+json"),
                ("/diagnostics", "post", "429", "application/problem+json")}
        self.assertEqual(described - self.seen - rare, set())

    def commands(self, one, two):
        name = "/elections/{name}/"
        self.ask(one, "post", name + "released", 409)
        self.ask(two, "post", name + "step-down", 409)
        self.ask(one, "post", name + "bootstrap", 409)
        self.ask(one, "post", name + "step-down", 412, {"if_fencing_token": 1})
        self.ask(one, "post", name + "step-down", 202, {"drain": "2s", "hold_off": "60s", "reason": "x"})
        self.reads_while_draining(one)
        self.ask(one, "post", name + "released", 200)
        two.wait_leader()
        self.reads(one, False)
        self.ask(two, "post", name + "step-down", 200)
        self.ask(one, "post", name + "pause", 200, {"for": "10m"})
        self.ask(one, "get", "/elections/{name}", 200)
        self.ask(one, "post", name + "resume", 200)
        self.ask(one, "post", name + "vacate", 200)
        self.ask(one, "post", "/reload", 200)
        answer = one.post("/diagnostics", None, headers={"Content-Type": "text/plain"})
        if answer.status != 415:
            answer = self.typed(one)
        self.seen.add(("/diagnostics", "post", "415", answer.headers["Content-Type"]))
        self.assert_problem(answer, 415, "unsupported_media_type")

    def typed(self, daemon):
        import http_client
        return http_client.request(daemon.control, "POST", "/diagnostics", b"{}",
                                   {"Content-Type": "text/plain"})

    def reads_while_draining(self, one):
        election = self.ask(one, "get", "/elections/{name}", 200).json()
        self.assertEqual(election["state"], "draining")
        self.assertIsNotNone(election["drain"])

    def failures(self, one, server):
        server.kill()
        one.wait_status(lambda s: s["health"]["status"] == "unhealthy")
        self.ask(one, "get", "/status", 200)
        self.ask(one, "get", "/healthz", 503)
        self.ask(one, "post", "/diagnostics", 200)
        one.write_config(json.dumps({"nonsense": 1}))
        self.ask(one, "post", "/reload", 422)


if __name__ == "__main__":
    main()
