"""A Redis Cluster of three primaries and three replicas on loopback, and slots that move."""
import itertools

from processes import eventually, free_port
from redis_server import RedisError, RedisServer

SLOTS = 16384
NODE_TIMEOUT_MS = 1500
DOWN = (OSError, RedisError)


def keyslot(key):
    """The slot of a key: CRC16 (XMODEM) of it, or of what stands between its first braces."""
    head, brace, rest = key.partition("{")
    tag, closed, _ = rest.partition("}")
    data = (tag if brace and closed and tag else key).encode()
    del head
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xffff
    return crc % SLOTS


class ClusterNode(RedisServer):
    def __init__(self, *options, **how):
        super().__init__("--cluster-enabled", "yes", "--cluster-port", str(free_port()),
                         "--cluster-node-timeout", str(NODE_TIMEOUT_MS), *options, **how)
        self.id = self.command("CLUSTER", "MYID")
        self.bus = self.options[self.options.index("--cluster-port") + 1]

    def view(self):
        """{id: (flags, id of its primary or "-", slot ranges)} as this node sees the cluster."""
        nodes = {}
        for line in self.command("CLUSTER", "NODES").splitlines():
            words = line.split()
            nodes[words[0]] = (words[2].split(","), words[3], words[8:])
        return nodes

    def state(self):
        lines = self.command("CLUSTER", "INFO").splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)


class Move:
    """A slot on its way. Until finish() its source answers ASK for keys that it has not (any
    more), and its target serves them to those who say ASKING."""

    def __init__(self, cluster, slot, target):
        self.cluster = cluster
        self.slot = slot
        self.source = cluster.owner(slot)
        self.target = target
        target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", self.source.id)
        self.source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)

    def migrate_keys(self):
        """Takes all keys of the slot over; how many there were."""
        moved = 0
        host, port = self.target.address
        auth = ["AUTH", self.target.password] if self.target.password else []
        while keys := self.source.command("CLUSTER", "GETKEYSINSLOT", self.slot, 100):
            self.source.command("MIGRATE", host, port, "", 0, 5000, *auth, "KEYS", *keys)
            moved += len(keys)
        return moved

    def finish(self):
        """The target first: so there is no moment in which nobody owns the slot."""
        self.migrate_keys()
        others = [n for n in self.cluster.primaries() if n not in (self.source, self.target)]
        for node in (self.target, self.source, *others):
            node.command("CLUSTER", "SETSLOT", self.slot, "NODE", self.target.id)


class ClusterSetup:
    def __init__(self, *options, tls=None, auth_clients=True, binary="redis-server",
                 password=None, env=None):
        self.tls = tls
        secrets = ["--requirepass", password, "--masterauth", password] if password else []
        secure = ["--tls-cluster", "yes", "--tls-replication", "yes"] if tls else []
        settings = ["--cluster-replica-validity-factor", "0",
                    "--cluster-allow-replica-migration", "no", "--repl-diskless-sync-delay", "0",
                    *secrets, *secure, *options]
        self.nodes = [ClusterNode(*settings, tls=tls, auth_clients=auth_clients,
                                  plain=tls is None, binary=binary, password=password, env=env)
                      for _ in range(6)]
        self._form()

    def _form(self):
        for number, node in enumerate(self.nodes):
            node.command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        edges = [SLOTS * n // 3 for n in range(4)]
        for node, low, high in zip(self.nodes[:3], edges, edges[1:]):
            node.command("CLUSTER", "ADDSLOTSRANGE", low, high - 1)
        for one, two in itertools.combinations(self.nodes, 2):
            one.command("CLUSTER", "MEET", *two.address, two.bus)
        eventually(lambda: all(len(n.view()) == 6 and not self._in_handshake(n)
                               for n in self.nodes), what="nodes that know one another")
        for replica, primary in zip(self.nodes[3:], self.nodes):
            replica.command("CLUSTER", "REPLICATE", primary.id)
        self.await_peace()

    @staticmethod
    def _in_handshake(node):
        return any("handshake" in flags for flags, _, _ in node.view().values())

    @property
    def servers(self):
        return self.nodes

    @property
    def url(self):
        return self.url_of(*self.nodes)

    def url_of(self, *nodes):
        scheme = "rediss+cluster" if self.tls else "redis+cluster"
        return f"{scheme}://" + ",".join(f"{n.address[0]}:{n.address[1]}" for n in nodes)

    # --- who is what -----------------------------------------------------------------------

    def primaries(self):
        """Those that serve slots, as the nodes themselves say, in the order of `nodes`."""
        found = []
        for node in self.nodes:
            try:
                if node.answers():
                    flags, _, slots = node.view()[node.id]
                    if "master" in flags and slots:
                        found.append(node)
            except DOWN:
                continue
        return found

    def replicas_of(self, primary):
        return [n for n in self.nodes
                if n.answers() and n.view()[n.id][1] == primary.id]

    def owner(self, slot):
        """The primary that says itself that it serves the slot."""
        def found():
            return next((p for p in self.primaries()
                         if any(_holds(r, slot) for r in p.view()[p.id][2])), None)
        return eventually(found, what=f"an owner of slot {slot}")

    def node_of(self, key):
        return self.owner(keyslot(key))

    def command(self, key, *words):
        """To the primary that serves the key."""
        return self.node_of(key).command(*words)

    def await_peace(self, timeout=40):
        """Until every living node sees every slot served, who lives and who does not, and replicas
        are in step with their primaries."""
        eventually(self._at_peace, timeout, "peace in the cluster")

    def _at_peace(self):
        try:
            alive = [n for n in self.nodes if n.answers()]
            return all(self._content(node, {n.id for n in alive}) for node in alive)
        except DOWN:
            return False

    def _content(self, node, alive):
        state, view = node.state(), node.view()
        if (state["cluster_state"], state["cluster_slots_ok"]) != ("ok", str(SLOTS)):
            return False
        if any(set(view[i][0]) & {"fail", "fail?", "handshake"} for i in alive):
            return False
        dead = set(view) - alive
        if any("fail" not in view[i][0] or view[i][2] and "master" in view[i][0] for i in dead):
            return False
        roles = {i: "slave" in view[i][0] for i in alive}
        own = {n.id: "slave" in n.view()[n.id][0] for n in self.nodes if n.id in alive}
        link = node.info("replication").get("master_link_status", "up")
        return roles == own and link == "up"

    # --- what happens to it ----------------------------------------------------------------

    def begin_move(self, slot, target):
        return Move(self, slot, target)

    def move_slot(self, slot, target, halfway=None):
        """halfway() is called when the keys are at the target and the slot is still the
        source's."""
        move = self.begin_move(slot, target)
        move.migrate_keys()
        if halfway:
            halfway()
        move.finish()

    def kill_primary(self, primary):
        """A node, or its number among the primaries; the node that died."""
        node = self.primaries()[primary] if isinstance(primary, int) else primary
        node.kill()
        return node

    def failover(self, primary, timeout=30):
        """By CLUSTER FAILOVER, without a crash; the new primary."""
        replica = eventually(lambda: self.replicas_of(primary), timeout, "a replica")[0]
        replica.command("CLUSTER", "FAILOVER")
        eventually(lambda: replica in self.primaries(), timeout, "a planned failover")
        return replica

    def restart_dead(self):
        """They remember who they are, and have no data."""
        for node in self.nodes:
            if not node.process.alive():
                node.start()

    def stop(self):
        for node in self.nodes:
            node.stop()


def _holds(words, slot):
    """Of `5`, `0-5460`, `[93-<-id]`, `[77->-id]`: only the first two mean that it is served."""
    if words.startswith("["):
        return False
    low, _, high = words.partition("-")
    return int(low) <= slot <= int(high or low)
