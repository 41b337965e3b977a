"""Elections in a Redis Cluster: spread over its nodes, while slots move and nodes die."""
from harness import Case, main
from processes import eventually
from redis_cluster import ClusterSetup, keyslot

NAMES = tuple(f"e{i}" for i in range(12))


class Cluster(Case):
    def setUp(self):
        self.redis = self.adopt(ClusterSetup())
        self.one = self.daemon("one", self.redis.url, elections=NAMES)
        for name in NAMES:
            self.one.bootstrap(name)
        for name in NAMES:
            self.one.wait_leader(name)

    def follower(self):
        two = self.daemon("two", self.redis.url, elections=NAMES)
        for name in NAMES:
            two.wait_state("follower", name)
        return two

    def key(self, name):
        return "leader-election:" + name

    def test_elections_are_spread_over_all_primaries(self):
        homes = {self.redis.node_of(self.key(name)).port for name in NAMES}
        self.assertEqual(len(homes), 3)
        store = self.one.status()["store"]
        self.assertEqual(store["mode"], "cluster")
        self.assertTrue(store["connected"])
        for node in self.redis.primaries():
            mine = [c for c in node.command("CLIENT", "LIST").splitlines() if "leaderd" in c]
            self.assertGreaterEqual(len(mine), 1)

    def test_a_hand_over_is_heard_at_whatever_node(self):
        two = self.follower()
        for name in NAMES:
            self.assertEqual(self.one.post(f"/elections/{name}/step-down").status, 200)
            two.wait_leader(name)

    def test_a_slot_moves_under_a_leader(self):
        name = NAMES[0]
        source = self.redis.node_of(self.key(name))
        target = next(n for n in self.redis.primaries() if n is not source)
        token = self.one.election(name)["fencing_token"]
        renewed = []

        def halfway(*_):
            """The key is at the target already, and its slot is not: who asks is sent by ASK."""
            before = self.one.election(name)["lease"]["last_renewed_at"]
            self.one.wait_election(lambda e: e["lease"]["last_renewed_at"] != before, name)
            renewed.append(True)
        self.redis.move_slot(keyslot(self.key(name)), target, halfway)
        before = self.one.election(name)["lease"]["last_renewed_at"]
        self.one.wait_election(lambda e: e["lease"]["last_renewed_at"] != before, name)
        self.assertEqual(renewed, [True])
        self.assertTrue(self.one.leads(name))
        self.assertEqual(self.one.election(name)["fencing_token"], token)

    def test_a_dead_primary_is_replaced_and_the_others_go_on(self):
        victim = self.redis.node_of(self.key(NAMES[0]))
        elsewhere = [n for n in NAMES if self.redis.node_of(self.key(n)) is not victim]
        tokens = {n: self.one.election(n)["fencing_token"] for n in NAMES}
        self.redis.kill_primary(victim)
        for name in NAMES:
            self.one.wait_election(
                lambda e, n=name: e["is_leader"] and e["fencing_token"] >= tokens[n], name, 40)
        for name in elsewhere:
            self.assertEqual(self.one.election(name)["fencing_token"], tokens[name])
        eventually(lambda: self.one.status()["store"]["connected"], 60, "all nodes connected")

    def test_any_node_tells_of_all_the_others(self):
        alone = self.redis.url_of(self.redis.replicas_of(self.redis.primaries()[0])[0])
        two = self.daemon("two", alone, elections=NAMES)
        for name in NAMES:
            two.wait_state("follower", name)

    def test_no_node_at_all_is_said_so(self):
        for server in self.redis.servers:
            server.kill()
        self.one.wait_status(lambda s: not s["store"]["connected"] and s["store"]["last_error"], 20,
                             "word of the loss")
        two = self.daemon("two", self.redis.url, elections=NAMES)
        two.wait_status(lambda s: "refused" in (s["store"]["last_error"] or ""), 20, "the reason")


if __name__ == "__main__":
    main()
