"""store.min_replicas: a lease counts only when so many replicas have it."""
from harness import Case, main

WITH_TWO = {"store": {"min_replicas": 2}}


class Replicas(Case):
    def setUp(self):
        self.primary = self.redis("--repl-diskless-sync-delay", "0")

    def replica(self):
        host, port = self.primary.address
        made = self.redis("--replicaof", f"{host} {port}", "--repl-diskless-sync-delay", "0")
        made.process.wait_line("MASTER <-> REPLICA sync: Finished|sync: Finished with success")
        return made

    def test_who_leads_has_its_replicas(self):
        first, second = self.replica(), self.replica()
        one = self.leader("one", self.primary, WITH_TWO)
        self.assertIsNone(one.status()["store"]["last_error"])
        second.freeze()
        one.wait_election(lambda e: not e["is_leader"], timeout=20)
        self.assertRegex(one.status()["store"]["last_error"],
                         "1 of 2 replicas .* have acknowledged.*min_replicas")
        self.assertEqual(one.election()["last_error"]["code"], "unreplicated")
        self.assertGreater(one.metric("leaderd_store_errors_total", 'code="unreplicated"'), 0)
        second.thaw()
        one.wait_leader(timeout=30)
        first.kill()

    def test_nobody_leads_without_them(self):
        one = self.daemon("one", self.primary, WITH_TWO)
        one.bootstrap()
        one.wait_election(lambda e: e["last_error"] and e["last_error"]["code"] == "unreplicated")
        self.assertFalse(one.leads())
        self.replica()
        self.replica()
        one.wait_leader(timeout=30)


if __name__ == "__main__":
    main()
