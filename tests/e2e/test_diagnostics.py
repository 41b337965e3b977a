"""Each finding: the real condition on a real server, then code, severity, metric and advice."""
import json
import os
import signal
import subprocess
import sys
import time

from harness import Case, binary, free_port, main
from processes import eventually
from redis_cluster import ClusterSetup
from redis_sentinel import SentinelSetup
from sntp_server import SntpServer

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "torture"))
from proxy import Proxy  # noqa: E402

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
KEY = "leader-election:demo"
QUICK = {"health": {"interval": "1s"}, "diagnostics": {"interval": "5s"}}


def quick(**more):
    settings = json.loads(json.dumps(QUICK))
    for key, value in more.items():
        settings[key] = {**settings.get(key, {}), **value} if isinstance(value, dict) else value
    return settings


class Diagnosis(Case):
    def report(self, daemon):
        """A fresh one."""
        answer = daemon.post("/diagnostics")
        if answer.status == 429:  # the background run
            return None
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def find(self, daemon, code, severity):
        def found():
            report = self.report(daemon) or {"findings": []}
            matches = [f for f in report["findings"] if f["code"] == code]
            return matches[0] if matches else None
        finding = eventually(found, what=f"finding {code}")
        self.assertEqual(finding["severity"], severity, finding)
        self.assertTrue(finding["message"] and finding["advice"], finding)
        metric = f'leaderd_finding{{code="{code}",severity="{severity}"}} 1'
        self.assertIn(metric, daemon.get("/metrics").text().splitlines())
        with open(os.path.join(ROOT, "docs", "troubleshooting.md"), encoding="utf-8") as page:
            self.assertIn(f"\n### {code}\n", page.read())
        return finding

    def codes(self, daemon):
        report = eventually(lambda: self.report(daemon), what="a report")
        return {f["code"] for f in report["findings"]}

    def diagnose(self, *words, env=None):
        return subprocess.run([binary(), "diagnose", *words], capture_output=True, text=True,
                              timeout=60, env={**os.environ, **(env or {})})


class Well(Diagnosis):
    def test_with_all_well_there_is_no_finding(self):
        clock = SntpServer()
        server = self.redis()
        one = self.leader("one", server, quick(diagnostics={
            "ntp": {"servers": [clock.name]}, "network_targets": [f"tcp://127.0.0.1:{server.port}"]}))
        report = eventually(lambda: self.report(one), what="a report")
        self.assertEqual(report["findings"], [])
        self.assertEqual(report["overall"], "healthy")
        for section in ("redis", "clock", "network", "options"):
            self.assertEqual(report[section]["status"], "pass", report[section])
        self.assertEqual(report["redis"]["keys"][KEY]["pttl_ms"], -1)
        self.assertGreater(report["redis"]["keys"][KEY]["remaining_ms"], 0)
        self.assertLess(abs(report["clock"]["ntp"][0]["offset_ms"]), 1000)
        health = one.wait_status(lambda s: s["health"]["status"] == "healthy")
        self.assertIsNotNone(health["health"]["checked_at"])
        self.assertEqual(one.get("/healthz").json()["checks"]["lease_operations"]["steps"],
                         dict.fromkeys(("acquire", "verify", "renew", "release"), "pass"))
        done = self.diagnose("--url", "unix:" + one.control)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("No findings.", done.stdout)
        # Nothing stays but what has a TTL.
        for key in server.command("KEYS", "*"):
            if key != KEY:
                self.assertGreater(int(server.command("PTTL", key)), 0, key)
        clock.close()

    def test_sections_can_be_chosen_and_a_typo_is_told(self):
        one = self.leader("one", self.redis())
        eventually(lambda: one.get("/diagnostics").status == 200, what="the first report")
        report = one.get("/diagnostics?section=clock,options").json()
        self.assertEqual({"clock", "options"}, set(report) & {"redis", "clock", "network", "options"})
        self.assert_problem(one.get("/diagnostics?section=clok"), 400, "bad_parameter")
        self.assert_problem(one.get("/diagnostics?section=clock,clock"), 400, "bad_parameter")
        self.assert_problem(one.post("/diagnostics", {"sections": ["x"]}), 400, "bad_body")
        self.assertIn("== clock", one.get("/diagnostics?format=text").text())

    def test_it_works_without_a_daemon(self):
        server = self.redis()
        done = self.diagnose("redis", "--store", server.url, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(report["redis"]["ping"]["ok"], True)
        self.assertNotIn("clock", report)
        server.kill()
        done = self.diagnose("--store", server.url)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("store_unreachable", done.stdout)
        self.assertIn("docs/troubleshooting.md#store_unreachable", done.stdout)
        self.assertEqual(self.diagnose("nonsense").returncode, 64)

    def test_a_local_store_is_healthy_without_redis(self):
        one = self.daemon("one", "local", quick())
        one.wait_leader()
        one.wait_status(lambda s: s["health"]["status"] == "healthy")
        report = eventually(lambda: self.report(one), what="a report")
        self.assertEqual(report["redis"]["status"], "unknown")


class Redis(Diagnosis):
    def setUp(self):
        self.server = self.redis()

    def leading(self, **more):
        return self.leader("one", self.server, quick(**more))

    def test_circuit_open_while_a_script_blocks_the_server(self):
        one = self.leading(store={"circuit_breaker": {"failures": 2, "open_for": "60s"}})
        self.server.command("CONFIG", "SET", "lua-time-limit", "50")
        self.program("endless", ["redis-cli", "-p", str(self.server.port), "EVAL",
                                 "while true do end", "0"])
        self.find(one, "circuit_open", "warning")
        eventually(lambda: "store_unreachable" in self.codes(one), what="a server that is BUSY")
        self.server.command("SCRIPT", "KILL")
        one.wait_event("circuit_closed")

    def test_store_unreachable(self):
        one = self.leading()
        one.wait_status(lambda s: s["health"]["status"] == "healthy")
        self.server.kill()
        self.find(one, "store_unreachable", "critical")
        self.find(one, "network_unhealthy", "warning")
        one.wait_status(lambda s: s["health"]["status"] == "unhealthy")
        self.assertEqual(one.get("/healthz").status, 503)
        self.assertIn("[-]connectivity failed", one.get("/healthz?verbose").text())
        self.assertEqual(self.diagnose("--url", "unix:" + one.control).returncode, 2)
        self.assertEqual(one.metric("leaderd_redis_up", f'node="127.0.0.1:{self.server.port}"'), 0)

    def test_store_slow_through_a_delaying_proxy(self):
        proxy = Proxy("127.0.0.1", self.server.socket, seed=1)
        proxy.shape(delay_s=(0.02, 0.03))
        one = self.leader("one", f"redis://127.0.0.1:{proxy.port}",
                          quick(health={"performance_threshold": "10ms"}))
        one.wait_status(lambda s: s["health"]["status"] == "degraded")
        self.assertEqual(one.get("/healthz").status, 200)
        self.find(one, "store_slow", "warning")

    def test_record_has_ttl(self):
        one = self.leading()
        self.server.command("PEXPIRE", KEY, "600000")
        self.find(one, "record_has_ttl", "warning")
        self.server.command("PERSIST", KEY)
        eventually(lambda: "record_has_ttl" not in self.codes(one), what="its end")
        told = [e for e in one.events("health_changed") if e["reason"] == "record_has_ttl"]
        self.assertLessEqual(len(told), 2)

    def test_foreign_record(self):
        one = self.leading()
        self.server.command("SET", KEY, "somebody else's")
        self.find(one, "foreign_record", "critical")

    def test_evicting_policy_memory_pressure_and_keys_evicted(self):
        one = self.leading()
        self.server.command("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
        self.find(one, "evicting_policy", "warning")
        for number in range(200):
            self.server.command("SET", f"filler:{number}", "x" * 20000)
        used = int(self.server.info("memory")["used_memory"])
        self.server.command("CONFIG", "SET", "maxmemory", str(used - 1000000))
        self.find(one, "memory_pressure", "warning")
        self.server.command("SET", "filler:more", "x" * 20000)
        self.find(one, "keys_evicted", "warning")

    def test_persistence_off_matters_without_the_guard(self):
        one = self.leading(store={"restart_guard": False})
        self.find(one, "persistence_off", "critical")

    def test_a_replica_without_acknowledgement_and_a_replica_as_store(self):
        replica = self.redis("--replicaof", "127.0.0.1", str(self.server.port))
        eventually(lambda: replica.info("replication")["master_link_status"] == "up",
                   what="the replica")
        one = self.leading()
        self.find(one, "no_replica_ack", "warning")
        two = self.daemon("two", replica, quick())
        self.find(two, "replica_role", "critical")

    def test_what_the_acl_forbids(self):
        base = "~leader-election:* &leader-election:* +ping +select +client|setname +time"
        self.server.command("ACL", "SETUSER", "poor", "on", ">p", *base.split())
        url = self.server.url.replace("redis://", "redis://poor:p@")
        one = self.daemon("one", url, quick())
        self.find(one, "info_denied", "info")
        self.find(one, "config_denied", "info")
        self.find(one, "script_failed", "critical")
        self.assertEqual(one.metric("leaderd_redis_script_selftest_success"), 0)

    def test_store_reset(self):
        one = self.leading()
        self.server.kill()
        self.server.start()
        self.find(one, "store_reset", "warning")


class Topology(Diagnosis):
    def test_a_dead_sentinel_and_one_that_disagrees(self):
        setup = self.adopt(SentinelSetup())
        one = self.leader("one", setup.url, quick(store={"min_replicas": 1}))
        self.assertNotIn("sentinel_unhealthy", self.codes(one))
        setup.kill_sentinel(0)
        self.find(one, "sentinel_unhealthy", "warning")
        other = self.adopt(SentinelSetup())
        done = self.diagnose("redis", "--store", setup.url_of(setup.sentinels[1],
                                                              other.sentinels[0]), "--json")
        codes = {f["code"] for f in json.loads(done.stdout)["findings"]}
        self.assertIn("sentinel_disagree", codes)

    def test_a_killed_cluster_node(self):
        cluster = self.adopt(ClusterSetup())
        one = self.leader("one", cluster.url, quick(store={"min_replicas": 1}))
        report = eventually(lambda: self.report(one), what="a report")
        self.assertTrue(report["redis"]["cluster"]["healthy"], report["redis"])
        self.assertEqual(report["redis"]["keys"][KEY]["pttl_ms"], -1)
        victim = cluster.replicas_of(cluster.node_of(KEY))[0]
        victim.kill()
        self.find(one, "cluster_unhealthy", "warning")
        nodes = self.report(one) or self.report(one)
        dead = [n for n in nodes["redis"]["cluster"]["nodes"] if not n["connected"]]
        self.assertEqual(len(dead), 1)


class Host(Diagnosis):
    def test_a_time_server_that_is_far_off(self):
        clock = SntpServer(offset_s=30)
        one = self.leader("one", self.redis(), quick(diagnostics={"ntp": {"servers": [clock.name]}}))
        finding = self.find(one, "clock_offset", "warning")
        self.assertIn("behind", finding["message"])
        offset = one.metric("leaderd_clock_ntp_offset_seconds", f'server="{clock.name}"')
        self.assertAlmostEqual(offset, 30, delta=1)
        asked = clock.asked
        eventually(lambda: self.report(one), what="another report")
        self.assertEqual(clock.asked, asked, "a time server is not asked twice in fifteen seconds")
        clock.close()

    def test_time_servers_that_are_of_no_use(self):
        for server in (SntpServer(silent=True), SntpServer(kiss="DENY"), SntpServer(leap=3)):
            one = self.leader("one-" + server.name.split(":")[1], self.redis(), quick(
                diagnostics={"ntp": {"servers": [server.name], "timeout": "300ms"}}))
            self.find(one, "clock_unsynchronized", "warning")
            server.close()

    def test_network_target_that_nobody_listens_at(self):
        port = free_port()
        one = self.leader("one", self.redis(), quick(
            diagnostics={"network_targets": [f"tcp://127.0.0.1:{port}"]}))
        self.find(one, "network_unhealthy", "warning")
        self.assertEqual(one.metric("leaderd_network_probe_success",
                                    f'target="tcp://127.0.0.1:{port}"'), 0)

    def test_a_frozen_daemon_sees_its_lag(self):
        one = self.leader("one", self.redis(), quick())
        one.freeze()
        time.sleep(2)  # what is tested is that time itself is missed
        one.thaw()
        self.find(one, "loop_lag", "warning")

    def test_a_refused_reload_and_a_doubtful_option(self):
        one = self.leader("one", self.redis(), quick(elections=[
            {"name": "demo", "profile": "default", "renew_interval": "4s"}]))
        finding = self.find(one, "options_warning", "warning")
        self.assertIn("renew_interval", finding["message"])
        issue = (self.report(one) or self.report(one))["options"]["issues"][0]
        self.assertEqual((issue["election"], issue["field"]), ("demo", "renew_interval"))
        one.write_config("nonsense: true\n")
        one.process.signal(signal.SIGHUP)
        self.find(one, "config_refused", "warning")


class Elections(Diagnosis):
    def test_no_leader(self):
        one = self.leader("one", self.redis(), quick())
        one.post("/elections/demo/pause", {})
        self.find(one, "no_leader", "critical")

    def test_flapping_with_its_likely_reason(self):
        one = self.leader("one", self.redis(), quick())
        for _ in range(4):
            one.post("/elections/demo/step-down", {"hold_off": "10ms"})
            one.wait_leader()
        finding = self.find(one, "flapping", "warning")
        self.assertIn("stepped down", finding["message"])

    def test_duplicate_participant(self):
        server = self.redis()
        one = self.leader("one", server, quick())
        self.daemon("two", server, quick(participant_id="one"))
        two = self._daemons[-1]
        two.wait_state("follower")
        self.find(two, "duplicate_participant", "warning")
        self.assertTrue(one.leads())

    def test_lease_margin_low(self):
        server = self.redis()
        proxy = Proxy("127.0.0.1", server.socket, seed=1)
        one = self.leader("one", f"redis://127.0.0.1:{proxy.port}", quick(elections=[
            {"name": "demo", "profile": "fast", "lease_duration": "3s", "stop_margin": "0s"}]))
        def late():
            proxy.cut("up", "down")
            one.wait_election(lambda e: e["lease"]["remaining_ms"] < 700)
            proxy.heal()
            codes = self.codes(one)
            one.wait_leader()
            return "lease_margin_low" in codes
        eventually(late, timeout=60, what="a renewal in the last quarter of the lease")


if __name__ == "__main__":
    main()
