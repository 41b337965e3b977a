"""The network between the daemons and Redis, which can be cut and made slow.

Each daemon reaches Redis through a proxy of ours, which delays and stalls. Where network namespaces
are to be had each daemon lives in one of its own, on a bridge, and cuts are real: packets vanish in
both directions or in one, and nobody gets an error. Elsewhere the proxy cuts too.
"""
import os
import random
import subprocess

from proxy import DOWN, UP, Proxy


def choose(wanted, names, redis_socket, seed):
    """Namespaces where the kernel and our rights allow them, else the proxy alone."""
    if wanted == "proxy":
        return ProxyNetwork(names, redis_socket, seed, "not wanted")
    try:
        return NamespaceNetwork(names, redis_socket, seed)
    except (OSError, subprocess.CalledProcessError) as error:
        detail = getattr(error, "stderr", None) or str(error)
        return ProxyNetwork(names, redis_socket, seed, detail.strip())


class NoNetwork:
    """Nothing between the daemons and their store."""

    def __init__(self, url, description):
        self.address = url
        self.description = description

    def url(self, name):
        del name
        return self.address

    def prefix(self, name):
        del name
        return ()

    def close(self):
        pass


class ProxyNetwork:
    def __init__(self, names, redis_socket, seed, reason, host="127.0.0.1"):
        self.proxies = {n: Proxy(host, redis_socket, f"{seed}/{n}") for n in names}
        self.host = host
        self.description = f"cuts, delays and stalls by a proxy (no namespaces: {reason})"

    def url(self, name):
        return f"redis://{self.host}:{self.proxies[name].port}/0"

    def prefix(self, name):
        """What a daemon's command line begins with."""
        del name
        return ()

    def cut(self, name):
        self.proxies[name].cut(UP, DOWN)

    def cut_requests(self, name):
        self.proxies[name].cut(UP)

    def cut_replies(self, name):
        self.proxies[name].cut(DOWN)

    def slow(self, name, delay_s, stall_share):
        self.proxies[name].shape(delay_s, stall_share)

    def reset(self, name):
        self.proxies[name].drop()

    def heal(self, name):
        self.proxies[name].heal()

    def close(self):
        pass


class NamespaceNetwork(ProxyNetwork):
    """Names carry our process id, so that runs side by side do not meet."""

    def __init__(self, names, redis_socket, seed):
        self.made = []
        self.tag = f"lt{os.getpid()}"
        subnet = f"10.{random.SystemRandom().randint(200, 250)}.{os.getpid() % 250}"
        self.ports = {}
        self.addresses = {}
        try:
            self._build(names, subnet)
        except BaseException:
            self.close()
            raise
        super().__init__(names, redis_socket, seed, "", host=subnet + ".1")
        self.description = ("cuts in network namespaces (packets vanish, one way or both), "
                            "delays and stalls by a proxy")

    def _build(self, names, subnet):
        self.bridge = self.tag + "b"
        _ip("link", "add", self.bridge, "type", "bridge")
        self.made.append(("link", "del", self.bridge))
        _ip("addr", "add", subnet + ".1/24", "dev", self.bridge)
        _ip("link", "set", self.bridge, "up")
        for number, name in enumerate(names):
            space, port = f"{self.tag}n{number}", f"{self.tag}v{number}"
            _ip("netns", "add", space)
            self.made.append(("netns", "del", space))
            _ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space)
            _ip("link", "set", port, "master", self.bridge, "up")
            _ip("-n", space, "addr", "add", f"{subnet}.{number + 2}/24", "dev", "eth0")
            _ip("-n", space, "link", "set", "eth0", "up")
            _ip("-n", space, "link", "set", "lo", "up")
            self.ports[name] = (space, port)
            self.addresses[name] = (f"{subnet}.{number + 2}", f"{subnet}.1")

    def prefix(self, name):
        return ("ip", "netns", "exec", self.ports[name][0])

    def cut(self, name):
        _ip("link", "set", self.ports[name][1], "nomaster")

    def cut_requests(self, name):
        """The daemon has a wrong hardware address of the other side: nobody takes its packets."""
        space, _ = self.ports[name]
        _ip("-n", space, "neigh", "replace", self.addresses[name][1], "lladdr",
            "02:00:00:00:00:99", "dev", "eth0", "nud", "permanent")

    def cut_replies(self, name):
        _ip("neigh", "replace", self.addresses[name][0], "lladdr", "02:00:00:00:00:99",
            "dev", self.bridge, "nud", "permanent")

    def heal(self, name):
        super().heal(name)
        space, port = self.ports[name]
        _ip("link", "set", port, "master", self.bridge)
        for where, address, device in ((("-n", space), self.addresses[name][1], "eth0"),
                                       ((), self.addresses[name][0], self.bridge)):
            subprocess.run(["ip", *where, "neigh", "del", address, "dev", device],
                           stderr=subprocess.DEVNULL, check=False)

    def close(self):
        while self.made:
            subprocess.run(["ip", *self.made.pop()], stderr=subprocess.DEVNULL, check=False)


def _ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
