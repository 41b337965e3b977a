"""Too many clients, too few descriptors, no place for the state: the lease comes first."""
import os
import resource
import socket
import time

import http_client
from harness import Case, main
from processes import eventually


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


class Gone(Case):
    def test_the_kernel_watches_over_silent_clients(self):
        """A client whose host vanishes sends no FIN: only keepalive finds out."""
        one = self.leader("one", self.redis())
        link = socket.create_connection(one.tcp)
        cursor = one.status()["cursor"]
        link.sendall(f"GET /watch?since={cursor} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        eventually(lambda: one.metric("leaderd_http_watchers") == 1, what="a waiting call")
        ports = f"{one.tcp[1]:04X}", f"{link.getsockname()[1]:04X}"
        with open("/proc/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in table]
        timers = [row[5].split(":")[0] for row in rows
                  if (row[1].split(":")[-1], row[2].split(":")[-1]) == ports]
        self.assertEqual(timers, ["02"], "the keepalive timer runs")
        link.close()

    def test_headers_that_drip_into_a_unix_socket_are_cut_off(self):
        one = self.daemon("one", "local")
        one.wait_leader()
        link = socket.socket(socket.AF_UNIX)
        link.connect(one.control)
        link.settimeout(20)
        link.sendall(b"GET /status HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        self.assertEqual(link.recv(100), b"")
        link.close()
        self.assertGreater(one.metric("leaderd_http_rejected_total", 'reason="timeout"'), 0)

    def test_idle_connections_give_way_to_a_probe(self):
        one = self.leader("one", self.redis(), {"http": {"max_connections": 32}})
        links = [socket.create_connection(one.tcp) for _ in range(32)]
        eventually(lambda: probed(one) == 200, what="a place for a probe")
        for link in links:
            link.close()

    def test_without_descriptors_clients_are_turned_away_and_the_loop_does_not_spin(self):
        one = self.daemon("one", "local")
        one.wait_leader()
        pid = one.process.popen.pid
        used = len(os.listdir(f"/proc/{pid}/fd"))
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 4, limits[1]))
        links = [socket.create_connection(one.tcp) for _ in range(12)]
        before = one_cpu(pid)
        answers = 0
        for link in links:
            link.settimeout(2)
            try:
                answers += b" 503 " in link.recv(100)
            except TimeoutError:
                pass
        self.assertGreater(answers, 0)
        self.assertLess(one_cpu(pid) - before, 2.0)
        for link in links:
            link.close()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        eventually(lambda: one.get("/livez").status == 200, what="an answer again")


def probed(daemon):
    try:
        return http_client.request(daemon.tcp, "GET", "/livez").status
    except OSError:
        return None


def one_cpu(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        words = file.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
