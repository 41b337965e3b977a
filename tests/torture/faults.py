"""What is done to a run, and when: faults begin and end at the edges of leases.

A fault is a plan of timed actions on the run (see torture.py). Uniform moments and lengths miss
thin holes, so moments lie around renewals, and lengths around what the protocol counts with.
"""

LEASE_S = 3.0
RENEW_S = 0.8
STOP_MARGIN_S = 0.6
MARGIN_S = 0.06

LENGTHS_S = (0.02, RENEW_S, LEASE_S - RENEW_S, LEASE_S - STOP_MARGIN_S, LEASE_S - MARGIN_S, LEASE_S,
             LEASE_S + MARGIN_S, 2 * LEASE_S, 3 * LEASE_S)
STEPS_S = (-3600, -LEASE_S, -1, 1, LEASE_S, 3600)


def length(noise):
    return max(0.0, noise.choice(LENGTHS_S) + noise.uniform(-0.1, 0.1))


def pause_before(noise, run):
    """How long to wait so that the fault begins around a renewal, or at any moment."""
    led = run.recorder.leader()
    if led is None or noise.random() < 0.3:
        return noise.uniform(0, 2 * RENEW_S)
    since_renewal = (run.now_ms() - led[1].deadline_ms) / 1000 + LEASE_S - MARGIN_S
    return max(0.0, RENEW_S - since_renewal + noise.uniform(-0.03, 0.03))


def kill(run, noise, target):
    """Half of the time it comes back at once, so that it may take its own lease back."""
    away = 0.0 if noise.random() < 0.5 else length(noise)
    return f"SIGKILL {target} for {away:.2f} s", [
        (0, lambda: run.kill(target)), (away, lambda: run.restart(target))]


def terminate(run, noise, target):
    away = length(noise)
    return f"SIGTERM {target} for {away:.2f} s", [
        (0, lambda: run.terminate(target)), (away, lambda: run.restart_when_gone(target))]


def freeze(run, noise, target):
    time = length(noise)
    return f"SIGSTOP {target} for {time:.2f} s", [
        (0, lambda: run.daemons[target].freeze()), (time, lambda: run.daemons[target].thaw())]


def run_kill(run, noise, target):
    away = 0.0 if noise.random() < 0.5 else length(noise)
    return f"SIGKILL run of {target} for {away:.2f} s", [
        (0, lambda: run.kill_run(target)), (away, lambda: run.restart_run(target))]


def run_freeze(run, noise, target):
    time = length(noise)
    return f"SIGSTOP run of {target} for {time:.2f} s", [
        (0, lambda: run.freeze_run(target)), (time, lambda: run.thaw_run(target))]


def cut(run, noise, target):
    kind = noise.choice(("cut", "cut_requests", "cut_replies"))
    time = length(noise)
    return f"{kind} {target} for {time:.2f} s", [
        (0, lambda: getattr(run.network, kind)(target)),
        (time, lambda: run.network.heal(target))]


def slow(run, noise, target):
    low, share = noise.choice(((0.0, 0.3), (0.1, 0.1), (0.3, 0.0), (0.45, 0.0)))
    time = length(noise) + LEASE_S
    return f"delay {low:.2f} s and stall {share:.0%} of {target} for {time:.2f} s", [
        (0, lambda: run.network.slow(target, (low, low + 0.1), share)),
        (time, lambda: run.network.heal(target))]


def reset(run, noise, target):
    del noise
    return f"reset the connections of {target}", [(0, lambda: run.network.reset(target))]


def redis_kill(run, noise, target):
    del target
    away = 0.0 if noise.random() < 0.4 else length(noise)
    return f"Redis killed, restarted empty after {away:.2f} s", [
        (0, run.server.kill), (away, run.server.start)]


def redis_freeze(run, noise, target):
    del target
    time = length(noise)
    return f"Redis frozen for {time:.2f} s", [(0, run.server.freeze), (time, run.server.thaw)]


def flush(run, noise, target):
    del target
    word = noise.choice((("FLUSHALL",), ("DEL", run.key)))
    return " ".join(word), [(0, lambda: run.server.command(*word))]


def step(run, noise, target):
    del target
    seconds = noise.choice(STEPS_S)
    return f"wall clock of Redis stepped by {seconds:+.0f} s", [
        (0, lambda: run.step_clock(seconds))]


def failover(run, noise, target):
    del noise, target
    return "failover by the servers", [(0, run.fail_over)]


def _on_primary(run, begin, end, seconds):
    """`end` is done to the server to which `begin` was done, whoever is the primary by then."""
    struck = []

    def strike():
        primary = run.primary()
        if primary is not None:
            struck.append(primary)
            begin(primary)
    return [(0, strike), (seconds, lambda: [end(p) for p in struck])]


def primary_kill(run, noise, target):
    del target
    away = length(noise)
    return f"primary killed, restarted empty after {away:.2f} s", _on_primary(
        run, lambda p: p.kill(), lambda p: p.start(), away)


def primary_freeze(run, noise, target):
    del target
    time = length(noise)
    return f"primary frozen for {time:.2f} s", _on_primary(
        run, lambda p: p.freeze(), lambda p: p.thaw(), time)


def move(run, noise, target):
    del target
    time = noise.choice((0, RENEW_S))
    return f"the slot moves, {time:.1f} s halfway", [
        (0, lambda: run.move_slot(lambda: run.sleep(time)))]


# Faults of one group touch the same thing: an episode does not take two of them on one target.
DAEMON, NETWORK, REDIS, CLOCK, SERVERS, SLOTS, RUNNER = (
    "daemon", "network", "redis", "clock", "servers", "slots", "runner")
KINDS = {
    "kill": (kill, DAEMON), "terminate": (terminate, DAEMON), "freeze": (freeze, DAEMON),
    "cut": (cut, NETWORK), "slow": (slow, NETWORK), "reset": (reset, NETWORK),
    "redis_kill": (redis_kill, REDIS), "redis_freeze": (redis_freeze, REDIS),
    "flush": (flush, REDIS), "step": (step, CLOCK), "failover": (failover, SERVERS),
    "primary_kill": (primary_kill, SERVERS), "primary_freeze": (primary_freeze, SERVERS),
    "move": (move, SLOTS), "run_kill": (run_kill, RUNNER), "run_freeze": (run_freeze, RUNNER),
}


def episode(run, noise):
    """One to three faults that may overlap: [(kind, what, [(when in seconds, action)])]."""
    plans, taken = [], set()
    for _ in range(noise.choice((1, 1, 1, 2, 2, 3))):
        kind = noise.choice(sorted(k for k, (_, group) in KINDS.items() if group in run.groups))
        make, group = KINDS[kind]
        led = run.recorder.leader()
        target = led[0] if led and noise.random() < 0.65 else noise.choice(sorted(run.daemons))
        thing = (SERVERS if group == SLOTS else group,
                 target if group in (DAEMON, NETWORK, RUNNER) else None)
        if thing in taken:
            continue
        taken.add(thing)
        what, actions = make(run, noise, target)
        start = 0 if not plans else noise.uniform(0, LEASE_S)
        plans.append((kind, what, [(start + at, action) for at, action in actions]))
    return plans
