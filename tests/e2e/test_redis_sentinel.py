"""Elections where Sentinel says which server is the primary."""
import socket
import threading

from harness import Case, main
from processes import eventually
from redis_sentinel import SentinelSetup
from redis_server import RedisError, decoded, encoded


class SentinelCase(Case):
    def setup(self, **how):
        return self.adopt(SentinelSetup(**how))

    def store(self, daemon):
        return daemon.status()["store"]


class Failover(SentinelCase):
    def setUp(self):
        self.redis = self.setup()
        self.one = self.leader("one", self.redis.url)
        self.two = self.follower("two", self.redis.url)

    def assert_one_leads_on(self, term):
        def again(status):
            store = status["store"]
            return store["connected"] and not store["last_error"]
        self.one.wait_status(again, timeout=30, what="the leader's store")
        leaders = eventually(lambda: [d for d in (self.one, self.two) if d.leads()], 30, "a leader")
        self.assertEqual(len(leaders), 1)
        self.assertGreaterEqual(leaders[0].election()["fencing_token"], term)

    def test_a_forced_failover_is_followed(self):
        term = self.one.election()["fencing_token"]
        self.assertEqual(self.store(self.one)["mode"], "sentinel")
        self.redis.failover()
        host, port = self.redis.primary().address
        self.one.wait_status(lambda s: s["store"]["endpoint"] == f"{host}:{port}", 30,
                             "the new primary's address")
        self.assert_one_leads_on(term)

    def test_a_dead_primary_is_replaced(self):
        term = self.one.election()["fencing_token"]
        self.redis.kill_primary()
        self.assert_one_leads_on(term)

    def test_dead_sentinels_are_passed_over(self):
        self.redis.kill_sentinel(0)
        self.redis.kill_sentinel(1)
        three = self.daemon("three", self.redis.url)
        three.wait_state("follower")
        self.redis.kill_sentinel(2)
        four = self.daemon("four", self.redis.url)
        four.wait_status(lambda s: "sentinel" in (s["store"]["last_error"] or ""), 20,
                         "word of the sentinels")
        self.assertTrue(self.one.leads())


class Secrets(SentinelCase):
    def test_sentinels_may_have_a_password_of_their_own(self):
        redis = self.setup(password="watch", data_password="sesame")
        one = self.daemon("one", redis.url, start=False)
        for name, word in (("password_file", "sesame"), ("sentinel_password_file", "watch")):
            path = f"{one.directory}/{name}"
            with open(path, "w", encoding="utf-8") as file:
                file.write(word)
            one.settings["store"][name] = path
        one.write_config()
        one.start()
        one.bootstrap()
        one.wait_leader()

    def test_an_unknown_name_is_named(self):
        redis = self.setup()
        one = self.daemon("one", redis.url.replace("mymaster", "nobody"))
        one.wait_status(lambda s: '"nobody"' in (s["store"]["last_error"] or ""), 20,
                        "word of the name")


class LyingSentinel(threading.Thread):
    """Names one address for ever."""

    def __init__(self, host, port):
        super().__init__(daemon=True)
        self.answer = [host, str(port)]
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.asked = 0
        self.start()

    def run(self):
        while True:
            link, _ = self.server.accept()
            threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def serve(self, link):
        with link, link.makefile("rb") as words:
            while True:
                try:
                    command = decoded(words)
                    if command[0] == "PING":
                        link.sendall(b"+PONG\r\n")
                    elif command[0] == "SENTINEL":
                        self.asked += 1
                        link.sendall(encoded(self.answer))
                    else:
                        link.sendall(b"+OK\r\n")
                except (OSError, RedisError):
                    return  # the client went away


class Liar(SentinelCase):
    def test_a_sentinel_that_names_a_replica_is_not_believed(self):
        redis = self.setup()
        replica = redis.replicas()[0]
        liar = LyingSentinel(*replica.address)
        url = redis.url.replace("redis+sentinel://", f"redis+sentinel://127.0.0.1:{liar.port},")
        one = self.leader("one", url)
        self.assertGreater(liar.asked, 0)
        host, port = redis.primary().address
        self.assertEqual(self.store(one)["endpoint"], f"{host}:{port}")


if __name__ == "__main__":
    main()
