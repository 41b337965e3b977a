"""sd_notify as systemd sees it, and the daemon's end by signals."""
import os
import signal
import socket
import time

from harness import Case, main, temporary_directory


class Notified(Case):
    def setUp(self):
        self.path = os.path.join(temporary_directory("notify"), "notify.sock")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(15)
        self.addCleanup(self.socket.close)
        self.server = self.redis()

    def expect(self, *words):
        """Reads messages until one holds all the words; all that came on the way."""
        came = []
        until = time.monotonic() + 15
        while time.monotonic() < until:
            message = self.socket.recv(4096).decode()
            came.append(message)
            if all(any(line.startswith(word) for line in message.split("\n")) for word in words):
                return came
        self.fail(f"{words} did not come, but {came}")

    def start(self, **env):
        return self.daemon("one", self.server, env={"NOTIFY_SOCKET": self.path, **env})

    def test_ready_status_reloading_stopping(self):
        one = self.start()
        self.assertNotIn("STOPPING=1", "".join(self.expect("READY=1")))
        self.assertEqual(one.get("/livez").status, 200)
        one.bootstrap()
        one.wait_leader()
        self.expect("STATUS=")
        one.process.signal(signal.SIGHUP)
        self.expect("RELOADING=1", "MONOTONIC_USEC=")
        self.expect("READY=1")
        one.process.signal(signal.SIGTERM)
        self.expect("STOPPING=1")
        self.assertEqual(one.end(), 0)

    def test_status_tells_who_leads(self):
        one = self.start()
        one.bootstrap()
        one.wait_leader()
        text = ""
        while "lead" not in text:
            text = self.expect("STATUS=")[-1]

    def test_the_watchdog_is_fed_twice_an_interval(self):
        one = self.start(WATCHDOG_USEC="400000")
        self.expect("READY=1")
        began = time.monotonic()
        for _ in range(5):
            self.expect("WATCHDOG=1")
        self.assertLess(time.monotonic() - began, 5 * 0.4)
        # A daemon that does not run does not say that it does.
        one.freeze()
        self.socket.settimeout(0.1)
        try:
            while True:
                self.socket.recv(4096)
        except TimeoutError:
            pass
        self.socket.settimeout(0.8)
        with self.assertRaises(TimeoutError):
            self.socket.recv(4096)
        one.thaw()

    def test_a_watchdog_meant_for_another_process_is_not_fed(self):
        self.start(WATCHDOG_USEC="100000", WATCHDOG_PID="1")
        self.expect("READY=1")
        self.socket.settimeout(0.6)
        with self.assertRaises(TimeoutError):
            while "WATCHDOG" not in self.socket.recv(4096).decode():
                pass


class Ends(Case):
    def test_sigterm_and_sigint_release_and_exit_with_zero(self):
        server = self.redis()
        for number in (signal.SIGTERM, signal.SIGINT):
            one = self.leader("one", server)
            one.process.signal(number)
            self.assertEqual(one.end(), 0)
            self.assertEqual(server.command("HGET", "leader-election:demo", "s"), "r")
            one.remove()

    def test_the_shutdown_drains(self):
        server = self.redis()
        one = self.leader("one", server, elections=({"name": "demo", "drain": "30s"},))
        two = self.follower("two", server)
        one.process.signal(signal.SIGTERM)
        draining = one.wait_election(lambda e: not e["is_leader"])
        self.assertEqual(draining["state"], "draining")
        self.assertTrue(one.status()["shutting_down"])
        self.assertEqual(one.get("/readyz").status, 503)
        self.assertFalse(two.leads())
        self.assertEqual(one.post("/elections/demo/released").status, 200)
        self.assertEqual(one.end(), 0)
        two.wait_leader()

    def test_a_second_signal_ends_the_drain(self):
        server = self.redis()
        one = self.leader("one", server, elections=({"name": "demo", "drain": "60s"},))
        one.process.signal(signal.SIGTERM)
        one.wait_election(lambda e: not e["is_leader"])
        one.process.signal(signal.SIGTERM)
        self.assertEqual(one.end(), 0)
        self.assertEqual(server.command("HGET", "leader-election:demo", "s"), "r")

    def test_without_a_store_it_ends_in_time(self):
        server = self.redis()
        one = self.leader("one", server)
        server.kill()
        one.process.signal(signal.SIGTERM)
        self.assertEqual(one.end(10), 0)

    def test_sockets_are_removed(self):
        one = self.leader("one", self.redis())
        self.assertTrue(os.path.exists(one.control))
        self.assertEqual(one.terminate(), 0)
        self.assertFalse(os.path.exists(one.control))


if __name__ == "__main__":
    main()
