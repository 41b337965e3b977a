"""The subcommands against a living daemon, found by its control socket."""
import json
import subprocess

from harness import Case, binary, main


class Commands(Case):
    def setUp(self):
        self.server = self.redis()
        self.one = self.leader("one", self.server)

    def leaderd(self, *words, daemon=None, **env):
        daemon = daemon or self.one
        env = {**daemon.env, "LEADERD_URL": "unix:" + daemon.control, **env}
        return subprocess.run([binary(), *words], env=env, timeout=60, capture_output=True,
                              text=True, stdin=subprocess.DEVNULL)

    def says(self, code, *words, **how):
        done = self.leaderd(*words, **how)
        self.assertEqual(done.returncode, code, done)
        return done.stdout

    def test_status_for_people_and_machines(self):
        token = self.one.election()["fencing_token"]
        text = self.says(0, "status")
        self.assertIn("one", text)
        self.assertIn(str(token), text)
        self.assertEqual(json.loads(self.says(0, "status", "--json"))
                         ["elections"]["demo"]["fencing_token"], token)
        self.assertEqual(self.says(0, "status", "demo", "--field", "is_leader"), "true\n")
        self.says(1, "status", "nosuch")

    def test_is_leader_by_exit_code(self):
        two = self.follower("two", self.server)
        self.says(0, "is-leader")
        self.says(1, "is-leader", daemon=two)
        self.says(1, "is-leader", "--min-remaining", "1h")
        self.says(64, "is-leader", "--nosuch")

    def test_the_socket_is_found_without_being_told(self):
        done = subprocess.run([binary(), "is-leader"], env=self.one.env, timeout=20,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done)

    def test_without_a_daemon_it_says_so(self):
        done = self.leaderd("status", LEADERD_URL="unix:/nosuch/control.sock")
        self.assertEqual(done.returncode, 69, done)
        self.assertIn("/nosuch/control.sock", done.stderr)

    def test_step_down_pause_resume(self):
        two = self.follower("two", self.server)
        self.says(0, "step-down", "--reason", "deploy")
        two.wait_leader()
        self.says(1, "step-down")
        self.says(0, "pause", "--for", "10m")
        self.one.wait_state("paused")
        self.says(0, "resume")
        self.one.wait_state("follower")
        self.says(0, "step-down", "--drain", "300ms", "--wait", "10s", daemon=two)
        self.one.wait_leader()

    def test_bootstrap_and_vacate(self):
        self.says(1, "bootstrap")
        self.says(0, "vacate")
        self.one.wait_election(lambda e: not e["is_leader"])
        self.one.wait_leader()

    def test_watch_until_somebody_leads(self):
        two = self.follower("two", self.server)
        env = {**two.env, "LEADERD_URL": "unix:" + two.control}
        watch = self.program("watch", [binary(), "watch", "--until", "leader"], env=env)
        watch.wait_line("follower|one")
        self.says(0, "step-down")
        self.assertEqual(watch.wait(), 0)
        self.assertTrue(two.leads())
        self.says(1, "watch", "--until", "leader", "--timeout", "300ms")

    def test_reload_prints_what_is_wrong(self):
        self.says(0, "reload")
        self.one.settings["nonsense"] = 1
        self.one.write_config()
        done = self.leaderd("reload")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("nonsense", done.stdout + done.stderr)

    def test_healthcheck_for_probes(self):
        two = self.follower("two", self.server)
        for probe in ("livez", "readyz", "leader"):
            self.says(0, "healthcheck", probe)
        self.says(1, "healthcheck", "leader", daemon=two)

    def test_check_config_prints_what_can_be_read_back(self):
        text = self.says(0, "check-config", self.one.config_file, "--print")
        path = self.one.directory + "/again.yaml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        self.assertEqual(self.says(0, "check-config", path, "--print"), text)


if __name__ == "__main__":
    main()
