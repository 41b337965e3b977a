"""TLS: a good connection, and a clear word for each way in which it can fail."""
import os

from certificates import Certificates
from harness import Case, main
from redis_cluster import ClusterSetup
from redis_sentinel import SentinelSetup


class TlsCase(Case):
    def setUp(self):
        self.tls = Certificates()
        self.addCleanup(self.tls.remove)

    def config(self, pair="client", ca="ca", **more):
        tls = {"ca_file": getattr(self.tls, ca).cert if ca else None, **more}
        if pair:
            pair = getattr(self.tls, pair)
            tls.update(cert_file=pair.cert, key_file=pair.key)
        return {"store": {"tls": tls}}

    def assert_says(self, url, settings, pattern):
        one = self.daemon("one", url, settings)
        status = one.wait_status(lambda s: s["store"]["last_error"], 20, "an error")
        self.assertRegex(status["store"]["last_error"], pattern)
        self.assertFalse(status["store"]["connected"])
        one.terminate()


class Good(TlsCase):
    def test_a_client_certificate_leads(self):
        redis = self.redis(tls=self.tls, plain=False)
        one = self.leader("one", redis.tls_url, self.config())
        self.assertTrue(one.status()["store"]["tls"])
        two = self.follower("two", redis.tls_url, self.config(min_version="1.3"))
        one.post("/elections/demo/step-down")
        two.wait_leader()

    def test_verification_can_be_turned_off(self):
        redis = self.redis(tls=self.tls, pair=self.tls.self_signed, auth_clients=False)
        self.leader("one", redis.tls_url, self.config(pair=None, ca=None, verify=False))

    def test_another_name_may_be_demanded(self):
        redis = self.redis(tls=self.tls, pair=self.tls.wrong_name)
        self.leader("one", redis.tls_url, self.config(server_name="redis.example.com"))

    def test_sentinels_and_servers_speak_tls(self):
        redis = self.adopt(SentinelSetup(tls=self.tls))
        one = self.leader("one", redis.url, self.config())
        redis.kill_primary()
        one.wait_status(lambda s: s["store"]["connected"] and not s["store"]["last_error"], 30)
        self.assertTrue(one.leads())

    def test_a_cluster_speaks_tls(self):
        redis = self.adopt(ClusterSetup(tls=self.tls))
        self.leader("one", redis.url, self.config())


class Bad(TlsCase):
    def test_each_bad_certificate_is_explained(self):
        cases = (("expired", "expired at 2020-02-01"),
                 ("wrong_name", "is for redis.example.com, not for 127.0.0.1"),
                 ("self_signed", "self-signed.*store.tls.ca_file"),
                 ("foreign", "authority that is not trusted here.*store.tls.ca_file"))
        for name, pattern in cases:
            with self.subTest(name):
                redis = self.redis(tls=self.tls, pair=getattr(self.tls, name))
                self.assert_says(redis.tls_url, self.config(), pattern)

    def test_a_plain_port_and_a_tls_port_are_told_apart(self):
        redis = self.redis(tls=self.tls)
        self.assert_says(redis.url.replace("redis:", "rediss:"),
                         {"store": {"connect_timeout": "1s", **self.config()["store"]}},
                         "speak TLS on this port")
        self.assert_says(redis.tls_url.replace("rediss:", "redis:"), {}, "TLS")

    def test_a_missing_client_certificate_is_explained(self):
        redis = self.redis(tls=self.tls)
        self.assert_says(redis.tls_url, self.config(pair=None), "store.tls.cert_file")

    def test_versions_that_do_not_meet_are_explained(self):
        redis = self.redis("--tls-protocols", "TLSv1.2", tls=self.tls)
        self.assert_says(redis.tls_url, self.config(min_version="1.3"), "min_version")

    def test_unusable_files_end_the_start(self):
        redis = self.redis(tls=self.tls)
        other = self.config()
        other["store"]["tls"]["key_file"] = self.tls.server.key
        one = self.daemon("one", redis.tls_url, other, start=False)
        one.start(ready=False)
        one.process.wait_line("key_file.*does not belong")
        self.assertNotEqual(one.end(), 0)


class Renewal(TlsCase):
    def test_a_reload_takes_new_certificates(self):
        redis = self.redis(tls=self.tls)
        one = self.daemon("one", redis.tls_url, self.config(pair="foreign"))
        one.wait_status(lambda s: s["store"]["last_error"], 20, "a refusal")
        good, bad = self.tls.client, self.tls.foreign
        for source, target in ((good.cert, bad.cert), (good.key, bad.key)):
            os.replace(source, target)
        self.assertEqual(one.post("/reload").status, 200)
        one.wait_status(lambda s: s["store"]["connected"], 20, "a connection")

    def test_a_reload_with_a_bad_file_changes_nothing(self):
        redis = self.redis(tls=self.tls)
        one = self.leader("one", redis.tls_url, self.config())
        with open(self.tls.client.cert, "w", encoding="utf-8") as file:
            file.write("no certificate")
        answer = one.post("/reload")
        self.assertNotEqual(answer.status, 200)
        self.assertIn("cert_file", answer.text())
        self.assertTrue(one.leads())


if __name__ == "__main__":
    main()
