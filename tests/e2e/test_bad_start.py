"""Bad configurations, flags and addresses: what is wrong and where, and the right exit code."""
import os
import random
import socket
import subprocess

from harness import Case, binary, main, temporary_directory
from daemon import environment

CONFIGURATION, USAGE, UNAVAILABLE, NOT_PERMITTED = 78, 64, 69, 77


class BadStart(Case):
    def setUp(self):
        self.directory = temporary_directory("bad")
        self.file = os.path.join(self.directory, "leaderd.yaml")

    def leaderd(self, *words, **env):
        done = subprocess.run([binary(), *words], env=environment(self.directory, env), timeout=30,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace")
        self.assertNotIn("Sanitizer", done.stderr)
        self.assertNotIn("runtime error:", done.stderr)
        return done

    def refused(self, text, *words, mode="w"):
        """Both serve and check-config say every one of `words`, on stderr, with 78."""
        with open(self.file, mode) as file:
            file.write(text)
        for command in (["serve", "--config", self.file], ["check-config", self.file]):
            done = self.leaderd(*command)
            self.assertEqual(done.returncode, CONFIGURATION, done)
            for word in words:
                self.assertIn(word, done.stderr)
            self.assertEqual(done.stdout, "")
            self.assertLess(len(done.stderr), 20000)
        return done.stderr

    def test_a_wrong_type_names_line_column_key_and_value(self):
        self.refused("profile: fast\nhttp:\n  max_connections: many\n",
                     f"{self.file}:3:", "http.max_connections", "many")

    def test_an_unknown_key_is_named_with_what_was_meant(self):
        self.refused("elections:\n  - name: a\n    lease_durration: 3s\n",
                     f"{self.file}:3:", "lease_durration", "did you mean lease_duration")

    def test_a_repeated_key_is_refused(self):
        self.refused("profile: fast\nprofile: stable\n", f"{self.file}:2:", "profile")

    def test_a_repeated_election_is_refused(self):
        self.refused("elections: [{name: a}, {name: b}, {name: a}]\n", "elections", "a")

    def test_all_errors_come_at_once(self):
        errors = self.refused("profile: quick\nelections:\n  - name: '-bad'\n"
                              "    lease_duration: 48h\nlog: {level: loud}\nnonsense: 1\n",
                              "quick", "-bad", "48h", "loud", "nonsense")
        self.assertGreaterEqual(len(errors.strip().splitlines()), 5)

    def test_a_megabyte_of_garbage_is_refused(self):
        noise = random.Random(1)
        self.refused(noise.randbytes(1 << 20), self.file, mode="wb")
        self.refused(noise.randbytes((1 << 20) + 1), self.file, mode="wb")
        self.refused(b"a" * (2 << 20), self.file, mode="wb")
        self.refused("[" * (1 << 20), self.file)

    def test_times_that_do_not_fit_are_refused(self):
        self.refused("elections: [{name: a, lease_duration: 3s, renew_interval: 3s,"
                     " operation_timeout: 1s}]\n", "renew_interval", "lease_duration")

    def test_a_missing_file_and_a_directory_are_refused(self):
        for path in (self.directory, self.directory + "/nosuch.yaml"):
            done = self.leaderd("serve", "--config", path)
            self.assertEqual(done.returncode, CONFIGURATION, done)
            self.assertIn(path, done.stderr)

    def test_a_missing_secret_file_is_named(self):
        self.refused("store: {url: 'redis://127.0.0.1:1/0', password_file: /nosuch/password}\n",
                     "/nosuch/password", "password_file")
        self.refused("store: {url: 'rediss+sentinel://127.0.0.1:1/m', tls: {ca_file: /nosuch/ca},\n"
                     "  sentinel_password_file: /nosuch/sentinel}\n", f"{self.file}:1:",
                     "store.tls.ca_file", "/nosuch/ca", f"{self.file}:2:", "/nosuch/sentinel")

    def test_an_impossible_store_is_refused(self):
        self.refused("store: {url: 'redis+cluster://127.0.0.1:1/2'}\n", "store.url",
                     "database 2: a Redis Cluster has database 0 only")
        self.refused("store: {min_replicas: 1, tls: {cert_file: /c}}\n", "store.min_replicas",
                     "needs store.tls.key_file")

    def test_control_over_tcp_needs_a_token(self):
        self.refused("http: {listeners: [{address: '127.0.0.1:1', role: control}]}\n",
                     "token_file")

    def test_bad_flags_are_usage_errors(self):
        for words in (["--nosuch"], ["serve", "--config"], ["nosuch"], ["serve", "surplus"]):
            done = self.leaderd(*words)
            self.assertEqual(done.returncode, USAGE, (words, done))
            self.assertIn(words[-1] if words[-1] != "--config" else "config", done.stderr)
            self.assertEqual(done.stdout, "")

    def test_bad_flag_values_are_configuration_errors_that_name_the_flag(self):
        for words in (["--store", "nosuch://x"], ["--election", "-x"],
                      ["--listen", "nowhere"], ["--log-level", "loud"],
                      ["--log-format", "poem"], ["--participant", "a b"]):
            done = self.leaderd("serve", f"{words[0]}={words[1]}")
            self.assertIn(done.returncode, (CONFIGURATION, USAGE), (words, done))
            self.assertIn(words[1], done.stderr)

    def test_a_bad_environment_is_named(self):
        done = self.leaderd("serve", LEADERD_PROFILE="quick")
        self.assertEqual(done.returncode, CONFIGURATION, done)
        self.assertIn("LEADERD_PROFILE", done.stderr)

    def test_a_port_in_use_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            done = self.leaderd("serve", "--listen", address)
            self.assertEqual(done.returncode, UNAVAILABLE, done)
            self.assertIn(address, done.stderr)
            self.assertRegex(done.stderr, "in use")

    def test_a_control_socket_of_a_living_daemon_is_not_taken_over(self):
        one = self.daemon("one", "local:" + self.directory + "/leases.db")
        two = self.daemon("two", "local:" + self.directory + "/leases.db", start=False)
        two.settings["http"]["listeners"][1]["address"] = "unix:" + one.control
        two.write_config()
        two.start(ready=False)
        self.assertEqual(two.end(), UNAVAILABLE)
        self.assertIn(one.control, two.process.tail())
        self.assertEqual(one.post("/elections/demo/resume").status, 200)

    def test_a_socket_left_by_a_killed_daemon_is_taken_over(self):
        one = self.daemon("one", "local:" + self.directory + "/leases.db")
        one.kill()
        one.start()
        self.assertEqual(one.post("/elections/demo/resume").status, 200)

    def test_a_local_store_that_is_no_database_is_not_overwritten(self):
        path = self.directory + "/leases.db"
        with open(path, "w") as file:
            file.write("precious " * 1000)
        one = self.daemon("one", "local:" + path, start=False)
        one.start(ready=False)
        self.assertEqual(one.end(), UNAVAILABLE)
        self.assertIn(path, one.process.tail())
        with open(path) as file:
            self.assertEqual(file.read(), "precious " * 1000)

    def test_a_local_store_in_a_directory_that_is_not_there_is_named(self):
        one = self.daemon("one", "local:/nosuch/leases.db", start=False)
        one.start(ready=False)
        self.assertEqual(one.end(), UNAVAILABLE)
        self.assertIn("/nosuch/leases.db", one.process.tail())


if __name__ == "__main__":
    main()
