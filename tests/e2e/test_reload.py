"""Reloading: all of a good configuration, or nothing of a bad one."""
import json
import os
import signal

from harness import Case, binary, main


class Reload(Case):
    def setUp(self):
        self.server = self.redis()
        self.one = self.leader("one", self.server)

    def reload(self):
        self.one.write_config()
        return self.one.post("/reload")

    def names(self):
        return sorted(self.one.get("/elections").json()["elections"])

    def test_an_empty_file_means_the_defaults_and_kills_nobody(self):
        one = self.one
        with open(one.config_file, "w", encoding="utf-8"):
            pass
        check = self.program("check", [binary(), "check-config", one.config_file],
                             env=one.env)
        self.assertEqual(check.wait(), 0)
        self.assert_problem(one.post("/reload"), 422, "config_refused")  # the store would change
        one.process.signal(signal.SIGHUP)
        one.process.wait_line("config_refused")
        self.assertTrue(one.process.alive())

    def test_nothing_changed_changes_nothing(self):
        token = self.one.election()["fencing_token"]
        self.assertEqual(self.reload().status, 200)
        self.assertTrue(self.one.leads())
        self.assertEqual(self.one.election()["fencing_token"], token)
        self.assertEqual(self.one.metric("leaderd_config_last_reload_successful"), 1)
        self.assertTrue(self.one.events("config_reloaded"))

    def test_a_bad_file_is_refused_with_all_its_issues_and_the_old_one_stays(self):
        self.one.settings["profil"] = "stable"
        self.one.settings["elections"].append({"name": "two", "lease_duration": 7})
        answer = self.reload()
        self.assert_problem(answer, 422, "config_refused")
        issues = answer.json()["issues"]
        self.assertGreaterEqual(len(issues), 2)
        self.assertTrue(all(i["file"] and i["line"] and i["key"] and i["message"] for i in issues))
        self.assertTrue(any("profile" in i["message"] for i in issues), issues)
        self.assertEqual(self.names(), ["demo"])
        self.assertTrue(self.one.leads())
        self.assertEqual(self.one.metric("leaderd_config_last_reload_successful"), 0)
        self.assertTrue(self.one.events("config_refused"))

    def test_a_file_that_went_away_is_refused(self):
        os.unlink(self.one.config_file)
        self.assert_problem(self.one.post("/reload"), 422, "config_refused")
        self.assertTrue(self.one.leads())

    def test_an_election_is_added_and_removed(self):
        cursor = self.one.status()["cursor"]
        self.one.settings["elections"].append({"name": "extra"})
        self.assertEqual(self.reload().status, 200)
        self.assertNotEqual(self.one.status()["cursor"], cursor)
        self.assertEqual(self.names(), ["demo", "extra"])
        self.one.bootstrap("extra")
        self.one.wait_leader("extra")
        del self.one.settings["elections"][1]
        self.assertEqual(self.reload().status, 200)
        self.one.wait_status(lambda s: "extra" not in s["elections"])
        self.assert_problem(self.one.get("/elections/extra"), 404, "election_not_found")
        # It was given back, not left to run out.
        self.assertEqual(self.server.command("HGET", "leader-election:extra", "s"), "r")
        self.assertTrue(self.one.leads())

    def test_a_removed_election_drains_first(self):
        self.one.settings["elections"].append({"name": "extra", "drain": "60s"})
        self.assertEqual(self.reload().status, 200)
        self.one.bootstrap("extra")
        self.one.wait_leader("extra")
        extra = self.one.settings["elections"].pop()
        self.assertEqual(self.reload().status, 200)
        self.one.wait_state("draining", "extra")
        self.assertEqual(self.server.command("HGET", "leader-election:extra", "s"), "h")
        self.assertEqual(self.one.post("/elections/extra/released").status, 200)
        self.one.wait_status(lambda s: "extra" not in s["elections"])
        self.assertEqual(extra["name"], "extra")

    def test_an_election_is_retimed_while_it_leads(self):
        token = self.one.election()["fencing_token"]
        self.one.settings["elections"][0].update(
            lease_duration="6s", renew_interval="1s", operation_timeout="700ms")
        self.assertEqual(self.reload().status, 200)
        election = self.one.wait_election(lambda e: e["lease"]["remaining_ms"] > 4000)
        self.assertEqual(election["lease"]["duration_ms"], 6000)
        self.assertEqual(election["lease"]["renew_interval_ms"], 1000)
        self.assertEqual(election["fencing_token"], token)
        self.assertTrue(election["is_leader"])
        self.assertEqual(self.server.command("HGET", "leader-election:demo", "d"), "6000")

    def test_what_cannot_change_while_running_is_refused_by_name(self):
        for key, change in (("participant_id", lambda s: s.update(participant_id="other")),
                            ("store", lambda s: s["store"].update(url="local")),
                            ("listeners", lambda s: s["http"]["listeners"].pop(0))):
            kept = json.dumps(self.one.settings)
            change(self.one.settings)
            answer = self.reload()
            self.assert_problem(answer, 422, "config_refused")
            self.assertIn(key, str(answer.json()["issues"]))
            self.one.settings = json.loads(kept)
        self.assertEqual(self.reload().status, 200)
        self.assertTrue(self.one.leads())

    def test_sighup_reloads(self):
        self.one.settings["elections"].append({"name": "extra"})
        self.one.write_config()
        self.one.process.signal(signal.SIGHUP)
        self.one.wait_status(lambda s: "extra" in s["elections"])
        self.one.settings["nonsense"] = 1
        self.one.write_config()
        self.one.process.signal(signal.SIGHUP)
        self.one.process.wait_line("config_refused")
        self.assertEqual(self.names(), ["demo", "extra"])

    def test_the_log_level_changes(self):
        self.one.settings["log"]["level"] = "error"
        self.assertEqual(self.reload().status, 200)
        self.assertEqual(self.reload().status, 200)
        self.one.settings["nonsense"] = 1
        self.assertEqual(self.reload().status, 422)
        self.one.process.wait_line("event=config_refused")  # an error; all before it was read by now
        self.assertEqual([line for line in self.one.process.lines if "event=config_reloaded" in line], [])


if __name__ == "__main__":
    main()
