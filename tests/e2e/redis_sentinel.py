"""One primary, two replicas and three sentinels on loopback, quick enough for tests.

A dead primary is noticed after half a second; a failover takes about two seconds.
"""
import os

from processes import eventually
from redis_server import RedisError, RedisServer

MASTER = "mymaster"
DOWN_AFTER_MS = 500
FAILOVER_TIMEOUT_MS = 3000
QUORUM = 2
# What a sentinel does every ten seconds or two by itself would make up most of a test. Five pings must
# take longer than a second: only replicas whose INFO is younger than that can be promoted.
HASTE = ("INFO-PERIOD", "300", "PUBLISH-PERIOD", "300", "ASK-PERIOD", "100", "PING-PERIOD", "300",
         "SLAVE-RECONF-TIMEOUT", "1000", "MIN-LINK-RECONNECT-PERIOD", "300")
DOWN = (OSError, RedisError)


class Sentinel(RedisServer):
    ready = r"Sentinel ID is|\+monitor master"

    def __init__(self, primary, *options, password=None, data_password=None, tls=None, **how):
        self.watched = primary
        self.data_password = data_password
        super().__init__(*options, password=password, tls=tls, plain=tls is None, **how)

    def start(self):
        super().start()
        try:
            self.command("SENTINEL", "DEBUG", *HASTE)
        except RedisError:
            pass  # it came with 7.0; things take longer without

    def arguments(self):
        """The file is the sentinel's own from its first start on: it writes down what it learns."""
        path = os.path.join(self.directory, "sentinel.conf")
        if not os.path.exists(path):
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(self._configuration()) + "\n")
        return [self.binary, path, "--sentinel"]

    def _configuration(self):
        host, port = self.watched
        lines = [f"port {self.port if self.plain else 0}", f"bind {self.bind}",
                 "protected-mode no", f"dir {self.directory}", f"unixsocket {self.socket}",
                 f"sentinel monitor {MASTER} {host} {port} {QUORUM}",
                 f"sentinel down-after-milliseconds {MASTER} {DOWN_AFTER_MS}",
                 f"sentinel failover-timeout {MASTER} {FAILOVER_TIMEOUT_MS}",
                 f"sentinel parallel-syncs {MASTER} 2"]
        if self.data_password:
            lines.append(f"sentinel auth-pass {MASTER} {self.data_password}")
        if self.password:
            lines += [f"requirepass {self.password}", f"sentinel sentinel-pass {self.password}"]
        names = (word[2:] for word in self.options[::2])
        return lines + [f"{n} {v}" for n, v in zip(names, self.options[1::2])]

    def primary(self):
        """(host, port) that it would tell a client."""
        host, port = self.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)
        return host, int(port)

    def knows(self):
        """(replicas, other sentinels) that it knows and that are well."""
        state = _pairs(self.command("SENTINEL", "MASTER", MASTER))
        if state["flags"] != "master":
            return 0, 0
        replicas = [_pairs(r) for r in self.command("SENTINEL", "REPLICAS", MASTER)]
        good = [r for r in replicas if r["flags"] == "slave" and r["master-link-status"] == "ok"]
        return len(good), int(state["num-other-sentinels"])


class DataNode(RedisServer):
    def arguments(self):
        """From a file, into which the sentinels write whom it follows: it comes back as that."""
        path = os.path.join(self.directory, "redis.conf")
        if not os.path.exists(path):
            lines = []
            for word in super().arguments()[1:]:
                if word.startswith("--"):
                    lines.append(word[2:])
                else:
                    lines[-1] += f' "{word}"'
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
        return [self.binary, path]


class SentinelSetup:
    """`password` is that of the sentinels, `data_password` that of the data nodes."""

    def __init__(self, *options, password=None, data_password=None, tls=None, auth_clients=True,
                 binary="redis-server", env=None):
        self.tls = tls
        secrets = ["--requirepass", data_password, "--masterauth", data_password] \
            if data_password else []
        secure = ["--tls-replication", "yes"] if tls else []
        how = {"password": data_password, "tls": tls, "auth_clients": auth_clients,
               "plain": tls is None, "binary": binary, "env": env}
        settings = ["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1",
                    *secrets, *secure, *options]
        self.nodes = [DataNode(*settings, **how)]
        first = self.nodes[0].address
        for _ in range(2):
            self.nodes.append(DataNode(*settings, "--replicaof", first[0], str(first[1]), **how))
        self._await_replicas()
        self.sentinels = [Sentinel(first, *secure, password=password, data_password=data_password,
                                   tls=tls, auth_clients=auth_clients, binary=binary)
                          for _ in range(3)]
        self.await_peace()

    @property
    def servers(self):
        return self.nodes + self.sentinels

    @property
    def url(self):
        return self.url_of(*self.sentinels)

    def url_of(self, *sentinels):
        scheme = "rediss+sentinel" if self.tls else "redis+sentinel"
        hosts = ",".join(f"{s.address[0]}:{s.address[1]}" for s in sentinels)
        return f"{scheme}://{hosts}/{MASTER}/0"

    # --- who is what -----------------------------------------------------------------------

    def primary(self):
        """The node that the sentinels agree on and that is a primary; None in between."""
        try:
            told = {s.primary() for s in self._answering()}
        except DOWN:
            return None
        nodes = [n for n in self.nodes if n.address in told and n.answers()]
        return nodes[0] if len(told) == 1 and nodes and self._role(nodes[0]) == "master" else None

    def replicas(self):
        primary = self.primary()
        return [n for n in self.nodes if n is not primary]

    def command(self, *words):
        """To the primary, whoever that is by now."""
        return eventually(self.primary, what="a primary").command(*words)

    def await_peace(self, timeout=40):
        """Until all that lives knows all that lives: one primary, its replicas, the sentinels."""
        eventually(self._at_peace, timeout, "peace among the sentinels")

    def _at_peace(self):
        primary = self.primary()
        if primary is None:
            return False
        alive = [n for n in self.nodes if n.answers()]
        watchers = self._answering()
        try:
            return all(s.knows() == (len(alive) - 1, len(self.sentinels) - 1) for s in watchers) \
                and all(n is primary or self._follows(n, primary) for n in alive)
        except DOWN:
            return False

    def _answering(self):
        return [s for s in self.sentinels if s.answers()]

    @staticmethod
    def _role(node):
        try:
            return node.command("ROLE")[0]
        except DOWN:
            return None

    @staticmethod
    def _follows(node, primary):
        info = node.info("replication")
        return (info["role"], info.get("master_port"), info.get("master_link_status")) == \
            ("slave", str(primary.address[1]), "up")

    def _await_replicas(self):
        eventually(lambda: all(self._follows(n, self.nodes[0]) for n in self.nodes[1:]),
                   what="the first synchronisation")

    # --- what happens to it ----------------------------------------------------------------

    def failover(self, timeout=40):
        """By SENTINEL FAILOVER, without a crash; the new primary, when all follow it."""
        before = eventually(self.primary, timeout, "a primary")

        def asked():
            try:
                return self._answering()[0].command("SENTINEL", "FAILOVER", MASTER)
            except OSError:
                return None
            except RedisError as error:
                if not str(error).startswith(("INPROG", "NOGOODSLAVE")):
                    raise
                return None
        eventually(asked, timeout, "a sentinel ready for a failover")
        return self.await_other_primary(before, timeout)

    def await_other_primary(self, before, timeout=40):
        after = eventually(lambda: (p := self.primary()) is not before and p, timeout,
                           "another primary")
        eventually(lambda: self.primary() is after, timeout, "sentinels of one mind")
        return after

    def kill_primary(self):
        """The node that died; the sentinels choose another."""
        primary = eventually(self.primary, what="a primary")
        primary.kill()
        return primary

    def freeze_primary(self):
        primary = eventually(self.primary, what="a primary")
        primary.freeze()
        return primary

    def kill_sentinel(self, number):
        self.sentinels[number].kill()

    def restart_dead(self):
        """A data node comes back empty, as what it was when it died."""
        for server in self.servers:
            if not server.process.alive():
                server.start()

    def stop(self):
        for server in self.servers:
            server.stop()


def _pairs(words):
    return dict(zip(words[::2], words[1::2]))
