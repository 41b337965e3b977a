"""A thousand elections in one daemon share one link to Redis, and all are renewed in time."""
import http_client
from harness import Case, boottime_ms, main

COUNT = 1000


class Thousand(Case):
    def test_a_thousand_elections_are_all_renewed_on_one_link(self):
        server = self.redis()
        one = self.daemon("one", server, {"profile": "default"},
                          elections=[f"e{i:04}" for i in range(COUNT)])
        one.wait_status(lambda s: s["store"]["connected"])
        client = http_client.Client(one.control, timeout=30)
        for i in range(COUNT):
            answer = client.request("POST", f"/elections/e{i:04}/bootstrap")
            self.assertIn(answer.status, (200, 409))
        status = one.wait_status(
            lambda s: all(e["is_leader"] for e in s["elections"].values()), timeout=60)
        self.assertEqual(len(status["elections"]), COUNT)
        tokens = {n: e["fencing_token"] for n, e in status["elections"].items()}
        first = {n: e["lease"]["deadline_boottime_ms"] for n, e in status["elections"].items()}
        # One round of renewals and a little more, by the deadlines that only renewals move.
        later = one.wait_status(
            lambda s: all(e["lease"]["deadline_boottime_ms"] is not None
                          and e["lease"]["deadline_boottime_ms"] > first[n]
                          for n, e in s["elections"].items()), timeout=30)
        self.assertEqual({n: e["fencing_token"] for n, e in later["elections"].items()}, tokens)
        now_ms = boottime_ms()
        for election in later["elections"].values():
            # Renewed each 5 s of 15: two thirds are left but for scheduling.
            left_ms = election["lease"]["deadline_boottime_ms"] - now_ms
            self.assertGreater(left_ms, 15000 - 300 - 5000 - 1500)
        # Leases, subscriptions, the health check, a run of the diagnostics, and the one that asks.
        clients = server.command("CLIENT", "LIST").strip().splitlines()
        self.assertLessEqual(len(clients), 5)
        self.assertEqual(one.events("leadership_lost"), [])
        client.close()


if __name__ == "__main__":
    main()
