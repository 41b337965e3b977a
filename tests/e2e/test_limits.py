"""Too many clients, too few descriptors, no place for the state: the lease comes first."""
import os
import socket
import time

import http_client
from harness import Case, main


class Limits(Case):
    def setUp(self):
        self.server = self.redis()

    def idle(self, daemon, count):
        links = [socket.create_connection(daemon.tcp, 10) for _ in range(count)]
        for link in links:
            self.addCleanup(link.close)
        return links

    def assert_leads_on(self, token, seconds=4):
        """Beyond a whole lease, as another daemon sees it."""
        two = self.follower("two", self.server)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.assertEqual(two.election()["fencing_token"], token)
            time.sleep(0.1)

    def test_beyond_the_connection_limit_probes_and_control_are_answered(self):
        one = self.leader("one", self.server)
        token = one.election()["fencing_token"]
        links = self.idle(one, 240)
        self.assertEqual(one.get("/livez").status, 200)
        self.assertEqual(one.get("/leader").status, 200)
        answer = one.get("/status")
        self.assert_problem(answer, 503, "too_many_connections")
        self.assertIsNotNone(answer.headers["Retry-After"])
        self.assert_leads_on(token)
        self.assertGreaterEqual(one.metric("leaderd_http_rejected_total",
                                           'reason="too_many_connections"'), 1)
        for link in links:
            link.close()
        while one.get("/status").status == 503:  # until it has seen them go
            time.sleep(0.02)
        self.assertTrue(one.leads())

    def test_a_thousand_connections_do_not_end_the_reign(self):
        one = self.leader("one", self.server)
        token = one.election()["fencing_token"]
        links = self.idle(one, 1000)
        self.assert_leads_on(token)
        for link in links:
            link.close()
        self.assertEqual(one.get("/status").status, 200)

    def test_without_descriptors_it_leads_on_and_answers_when_they_are_back(self):
        one = self.daemon("one", self.server, prefix=("prlimit", "--nofile=48:48"), start=False)
        one.start()
        one.bootstrap()
        token = one.wait_leader()["fencing_token"]
        links = self.idle(one, 100)
        time.sleep(4)  # more than a lease with nothing left to accept with
        for link in links:
            link.close()
        election = one.wait_leader()
        self.assertEqual(election["fencing_token"], token)
        self.assertEqual(one.events("leadership_lost"), [])

    def test_a_state_directory_that_cannot_be_used_is_said(self):
        one = self.daemon("one", self.server, start=False)
        path = os.path.join(one.directory, "occupied")
        with open(path, "w", encoding="utf-8"):
            pass
        one.settings["state_dir"] = path
        one.write_config()
        one.start()
        one.process.wait_line(path)
        one.bootstrap()
        one.wait_leader()

    def test_a_flood_of_requests_does_not_delay_renewals(self):
        one = self.leader("one", self.server)
        token = one.election()["fencing_token"]
        clients = [http_client.Client(one.tcp) for _ in range(20)]
        until = time.monotonic() + 4
        while time.monotonic() < until:
            for client in clients:
                client.connection.putrequest("GET", "/metrics")
                client.connection.endheaders()
            for client in clients:
                self.assertEqual(client.connection.getresponse().read()[:1], b"#")
        for client in clients:
            client.close()
        self.assertEqual(one.election()["fencing_token"], token)
        self.assertEqual(one.events("operation_error"), [])
        self.assertEqual(one.events("leadership_lost"), [])


if __name__ == "__main__":
    main()
