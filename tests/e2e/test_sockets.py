"""Sockets that systemd opened: LISTEN_FDS, LISTEN_FDNAMES."""
import os
import socket
import subprocess
import sys

import http_client
from harness import Case, binary, free_port, main
from processes import eventually, temporary_directory

# What systemd does: the descriptors from 3 on, the variables, then exec.
LAUNCH = """
import os, sys
fds = [int(n) for n in sys.argv[1].split(",")]
high = [os.dup(fd) for fd in fds]
high = [os.dup2(fd, 100 + i) for i, fd in enumerate(high)]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES=sys.argv[2])
os.execv(sys.argv[3], sys.argv[3:])
"""


class Inherited(Case):
    def setUp(self):
        self.directory = temporary_directory("sockets")
        self.sockets = []

    def open(self, host="127.0.0.1"):
        made = socket.create_server((host, 0))
        self.sockets.append(made)
        self.addCleanup(made.close)
        return made

    def command(self, names, config, sockets):
        path = os.path.join(self.directory, "leaderd.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(config)
        numbers = ",".join(str(s.fileno()) for s in sockets)
        return [sys.executable, "-c", LAUNCH, numbers, names, binary(), "serve", "--config", path]

    def config(self, *listeners):
        return (f"store: {{url: \"local:{self.directory}/leases.db\"}}\n"
                f"state_dir: {self.directory}\n"
                f"http: {{listeners: [{', '.join(listeners)}]}}\n")

    def refused(self, names, config, sockets, code):
        done = subprocess.run(self.command(names, config, sockets), capture_output=True, text=True,
                              timeout=20, pass_fds=[s.fileno() for s in sockets])
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotIn("Sanitizer", done.stderr)
        return done.stderr

    def test_names_map_to_listeners(self):
        probe, read = self.open(), self.open()
        config = self.config('{address: "127.0.0.1:1", role: read}', '{address: "127.0.0.1:2", role: probe}')
        daemon = subprocess.Popen(self.command("probe:read", config, [probe, read]),
                                  pass_fds=[probe.fileno(), read.fileno()],
                                  stderr=subprocess.PIPE, text=True)
        try:
            ask = lambda s, path: http_client.request(s.getsockname(), "GET", path).status
            eventually(lambda: ask(read, "/status") == 200, what="the daemon")
            self.assertEqual(ask(probe, "/livez"), 200)
            self.assertEqual(ask(probe, "/status"), 403)
        finally:
            daemon.terminate()
            self.assertEqual(daemon.wait(20), 0, daemon.stderr.read())

    def test_what_has_no_place_is_refused(self):
        one = self.open()
        read = '{address: "127.0.0.1:1", role: read}'
        self.assertIn("'odd'", self.refused("odd", self.config(read), [one], 69))
        self.assertIn("'probe'", self.refused("probe", self.config(read), [one], 69))
        self.assertIn("has no listener", self.refused("read:read", self.config(read), [one, one], 69))
        unix = f'{{address: "unix:{self.directory}/s", role: control}}'
        self.assertIn("a TCP", self.refused("control", self.config(unix), [one], 69))

    def test_a_socket_open_to_others_needs_the_token(self):
        wide = self.open("0.0.0.0")
        config = self.config(f'{{address: "127.0.0.1:{free_port()}", role: read}}')
        self.assertIn("http.token_file", self.refused("read", config, [wide], 69))

    def test_variables_for_another_process_are_ignored(self):
        port = free_port()
        one = self.daemon("one", "local", env={"LISTEN_PID": "1", "LISTEN_FDS": "1",
                                               "LISTEN_FDNAMES": "read"})
        self.assertEqual(one.get("/livez").status, 200)
        self.assertTrue(port)


if __name__ == "__main__":
    main()
