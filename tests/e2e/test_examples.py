"""The example workers in docs/examples: each language through gain, loss, a dead daemon, a frozen
Redis and restarts. They run side by side, each language in an election of its own, so that none
waits for another. The second half is their readers of the leader flag.

$EXAMPLES names another directory of examples: for tests of the tests, with one that is broken.
"""
import http.server
import importlib.util
import json
import mmap
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
import urllib.parse

import daemon as daemon_module
from harness import Case, boottime_ms, main, temporary_directory
from processes import Timeout, eventually, free_port
from test_stream import Stream

EXAMPLES = os.path.abspath(os.environ.get(
    "EXAMPLES", os.path.join(daemon_module.ROOT, "docs", "examples")))
STOP_MARGIN_MS = 600  # of the profile `fast`: a fifth of its lease
MUST_RUN = ("python", "node", "bash", "c")
languages = {}  # name -> the command that starts the worker


def setUpModule():
    built = temporary_directory("examples")
    languages.update(
        python=[sys.executable, example("python/worker.py")],
        node=["node", example("node/worker.js")],
        bash=["bash", example("bash/worker.sh")],
        c=[os.path.join(built, "worker")],
        go=[os.path.join(built, "go-worker")],
        java=["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", example("java/Worker.java")])
    subprocess.run(build_line(example("c/worker.c"), languages["c"][0]), check=True,
                   cwd=os.path.dirname(example("c/worker.c")))
    if shutil.which("go"):
        subprocess.run(["go", "build", "-o", languages["go"][0], "."], check=True,
                       cwd=example("go"))
    for name in list(languages):
        if name not in MUST_RUN and not shutil.which(name):
            print(f"{name} is not installed: its example is not tested", file=sys.stderr)
            del languages[name]


def example(path):
    return os.path.join(EXAMPLES, path)


def build_line(source, binary):
    """The command that the source itself tells, with other warnings than those being errors."""
    with open(source, encoding="utf-8") as file:
        line = next(line for line in file if line.startswith(" *     cc "))
    words = line.strip(" *\n").split()
    return [binary if word == "worker" else word for word in words] + ["-Werror"]


class Worker:
    """An example at work; what it writes goes to a file of its own."""

    def __init__(self, case, language, url, name="worker"):
        self.language = language
        self.output = os.path.join(case.directory, f"{language}-{name}.out")
        env = {k: v for k, v in os.environ.items() if not k.startswith("LEADERD")}
        self.process = case.program(f"{language}-{name}", [*languages[language], language],
                                    env={**env, "LEADERD_URL": url, "OUTPUT": self.output})

    def steps(self):
        """[(token, time)] of what it has written so far."""
        try:
            with open(self.output, encoding="utf-8") as file:
                lines = [json.loads(line) for line in file if line.endswith("\n")]
        except FileNotFoundError:
            return []
        return [(line["token"], line["at_boottime_ms"]) for line in lines
                if line["worker"] == self.language]

    def last_write_ms(self):
        """When it last wrote, as the file system saw it, on CLOCK_BOOTTIME."""
        wall_less_boot_ms = time.time_ns() / 1e6 - boottime_ms()
        return os.stat(self.output).st_mtime_ns / 1e6 - wall_less_boot_ms

    def wait_step(self, token_above=0, after_ms=0, timeout=20):
        def found():
            return next((step for step in reversed(self.steps())
                         if step[0] > token_above and step[1] > after_ms), None)
        return eventually(found, timeout, f"a step of {self.process.name}:\n{self.process.tail()}\n"
                          f"{self.steps()[-3:]}")


class Deadlines(Stream):
    """The latest that a daemon has ever said for each election: nobody can have been told more."""

    def latest(self, election):
        leases = [json.loads(e["data"]) for e in self.named("lease")]
        states = [s["elections"][election] for s in self.states()]
        return max([e["deadline_boottime_ms"] for e in leases if e["election"] == election] +
                   [s["lease"]["deadline_boottime_ms"] or 0 for s in states])


class WithWorkers(Case):
    def setUp(self):
        self.directory = temporary_directory("workers")

    def workers(self, url_of, name="worker"):
        """One of each language: {language: Worker}."""
        return {language: Worker(self, language, url_of(language), name) for language in languages}

    def each(self, workers, look):
        """{language: what look(worker) returns}; tells of every language that fails."""
        found, wrong = {}, []
        for language, worker in workers.items():
            try:
                found[language] = look(worker)
            except (AssertionError, IndexError, OSError) as error:
                wrong.append(f"{language}: {error!r}\n{worker.process.tail(10)}")
        if wrong:
            self.fail("\n".join(wrong))
        return found


def elections(**settings):
    return [{"name": language, **settings} for language in languages]


def tcp(daemon):
    return lambda language: "http://%s:%d" % daemon.tcp


def unix(daemon):
    """Of those that know unix sockets."""
    return lambda language: ("unix:" + daemon.control if language != "java"
                             else tcp(daemon)(language))


class Workers(WithWorkers):
    def leading(self, name, server, **settings):
        made = self.daemon(name, server, elections=elections(**settings))
        for language in languages:
            made.bootstrap(language)
        for language in languages:
            made.wait_leader(language)
        return made

    def assert_stopped_in_time(self, workers, deadlines, since_ms):
        """That nothing happens takes time to be seen."""
        limits = {language: deadlines.latest(language) - STOP_MARGIN_MS for language in languages}
        time.sleep(max(0, max(limits.values()) + STOP_MARGIN_MS + 200 - boottime_ms()) / 1000)

        def look(worker):
            last_ms, limit_ms = worker.steps()[-1][1], limits[worker.language]
            self.assertLess(last_ms, limit_ms, "it worked on within the stop margin")
            self.assertLess(worker.last_write_ms(), limit_ms + STOP_MARGIN_MS,
                            "it wrote after the deadline")
            self.assertGreater(last_ms, since_ms + 100, "it gave up while the lease held")
            self.assertTrue(worker.process.alive())
        self.each(workers, look)

    def test_leadership_goes_to_another_and_back_without_overlap(self):
        server = self.redis()
        one = self.leading("one", server, drain="20s")
        two = self.daemon("two", server, elections=elections(drain="20s"))
        ones, twos = self.workers(tcp(one), "one"), self.workers(unix(two), "two")
        first = self.each(ones, Worker.wait_step)
        for language in languages:
            two.wait_state("follower", language)
        self.each(twos, lambda w: self.assertEqual(w.steps(), []))
        began_ms = boottime_ms()
        for language in languages:
            one.post(f"/elections/{language}/step-down", {"hold_off": "200ms"})
        second = self.each(twos, lambda w: w.wait_step(first[w.language][0]))
        for language in languages:
            two.post(f"/elections/{language}/step-down", {"hold_off": "10m", "drain": "0s"})
        self.each(ones, lambda w: w.wait_step(second[w.language][0]))
        self.assertLess(boottime_ms() - began_ms, 20000, "nobody said that the work has stopped")

        def look(worker):
            steps = sorted(worker.steps() + twos[worker.language].steps(), key=lambda s: s[1])
            tokens = [token for token, _ in steps]
            self.assertEqual(tokens, sorted(tokens), "the work of two reigns overlaps")
            self.assertEqual(len(set(tokens)), 3)
        self.each(ones, look)

    def test_a_worker_whose_daemon_is_killed_stops_by_itself_and_goes_on_with_the_next(self):
        one = self.leading("one", self.redis())
        deadlines = Deadlines(one)
        workers = self.workers(unix(one))
        before = self.each(workers, Worker.wait_step)
        killed_ms = boottime_ms()
        one.kill()
        deadlines.over.wait(10)
        deadlines.close()
        self.assert_stopped_in_time(workers, deadlines, killed_ms)
        one.start()
        self.each(workers, lambda w: w.wait_step(before[w.language][0]))

    def test_a_worker_stops_in_time_when_redis_does_not_answer(self):
        server = self.redis()
        one = self.leading("one", server)
        deadlines = Deadlines(one)
        workers = self.workers(tcp(one))
        before = self.each(workers, Worker.wait_step)
        frozen_ms = boottime_ms()
        server.freeze()
        for language in languages:
            one.wait_election(lambda e: not e["is_leader"], language)
        self.assert_stopped_in_time(workers, deadlines, frozen_ms)
        server.thaw()
        self.each(workers, lambda w: w.wait_step(before[w.language][0]))
        deadlines.close()

    def test_a_worker_goes_on_when_its_daemon_is_restarted(self):
        one = self.leading("one", self.redis(), drain="20s")
        workers = self.workers(unix(one))
        before = self.each(workers, Worker.wait_step)
        one.kill()
        one.start()  # soon enough to go on with its own lease
        late_ms = boottime_ms() + 3000  # later than any deadline of before
        after = self.each(workers, lambda w: w.wait_step(after_ms=late_ms))
        self.assertEqual({l: s[0] for l, s in after.items()}, {l: s[0] for l, s in before.items()})
        # A clean end waits for those who are at work, who say when they have stopped.
        self.assertEqual(one.terminate(15), 0)
        one.start()
        self.each(workers, lambda w: w.wait_step(after[w.language][0]))


class Script:
    """A daemon that says what it is told to say. Calls of /watch wait for the next say()."""

    def __init__(self):
        self.released_ms = []  # when it was told so, under the name that /watch was given
        self.deadline_ms = None  # as told last
        self.calls = 0  # of /watch
        self._news = threading.Condition()
        self._says, self._version, self._told = None, 0, 0
        script = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.send(*script.answer(self.path))

            def do_POST(self):
                self.send(*script.released(self.path))

            def send(self, status, body, missing=0):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[:len(body) - missing])
                if missing:
                    self.close_connection = True

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self._server.handle_error = lambda *_: None  # workers end in the middle of a call
        self.url = "http://127.0.0.1:%d" % self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def say(self, is_leader=False, token=None, for_ms=0, instead=None, missing=0):
        """The deadline comes `for_ms` after the answer. `instead` is another answer, (status, body);
        `missing` bytes of the end never come."""
        with self._news:
            self._says = is_leader, token, for_ms, instead, missing
            self._version += 1
            self._news.notify_all()

    def name(self):
        return self._query["workload"]

    def wait_told(self):
        with self._news:
            if not self._news.wait_for(lambda: self._told == self._version, 20):
                raise Timeout("it does not ask")

    def released(self, path):
        if path == f"/elections/{self._query['election']}/released?workload={self.name()}":
            self.released_ms.append(boottime_ms())
            return 200, b"{}"
        return 404, b"{}"

    def answer(self, path):
        with self._news:
            self.calls += 1
            query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))
            self._query = query
            version = self._version
            seen = version if query.get("since") == f"feed.{version}" else 0
            self._news.wait_for(lambda: self._version > seen)
            is_leader, token, for_ms, instead, missing = self._says
            self._told = self._version
            self._news.notify_all()
            if instead:
                return instead
            self.deadline_ms = int(boottime_ms()) + for_ms
            return 200, json.dumps(
                {"cursor": f"feed.{self._version}", "changed": True, "shutting_down": False,
                 "elections": {query["election"]: {
                     "name": query["election"], "is_leader": is_leader, "fencing_token": token,
                     "leader": {"participant_id": '"is_leader":false,"fencing_token":1}'},
                     "previous_leader": {"participant_id": "x", "fencing_token": 2},
                     "lease": {"valid": True, "stop_margin_ms": 500,
                               "deadline_boottime_ms": self.deadline_ms}}}},
                separators=(",", ":")).encode(), missing

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Scripted(WithWorkers):
    """What a real daemon says too seldom, or never."""

    def setUp(self):
        super().setUp()
        self.scripts = {language: Script() for language in languages}
        for script in self.scripts.values():
            self.addCleanup(script.close)
        self.work = self.workers(lambda language: self.scripts[language].url)

    def tearDown(self):
        for worker in self.work.values():  # with all that they have started
            worker.process.signal(signal.SIGTERM)
            worker.process.wait()
        super().tearDown()

    def say(self, **what):
        """When this returns all have heard it."""
        for script in self.scripts.values():
            script.say(**what)
        self.each(self.work, lambda w: self.scripts[w.language].wait_told())

    def quiet(self, seconds=0.4):
        """Nobody writes."""
        before = self.each(self.work, lambda w: len(w.steps()))
        time.sleep(seconds)
        self.each(self.work, lambda w: self.assertEqual(w.steps()[before[w.language]:], []))

    def test_the_last_deadline_ends_the_work_and_a_later_one_of_the_same_reign_begins_it(self):
        self.say(is_leader=True, token=10, for_ms=2000)
        last_ms = max(script.deadline_ms for script in self.scripts.values())
        time.sleep(max(0, last_ms + 200 - boottime_ms()) / 1000)

        def look(worker):
            told_ms = self.scripts[worker.language].deadline_ms
            self.assertLess(worker.steps()[-1][1], told_ms - 500)
            self.assertGreater(worker.steps()[-1][1], told_ms - 500 - 800, "it stopped too soon")
            self.assertLess(worker.last_write_ms(), told_ms)
            self.assertEqual(self.scripts[worker.language].released_ms, [])
        self.each(self.work, look)
        self.say(is_leader=True, token=10, for_ms=600000)
        self.each(self.work, lambda w: w.wait_step(after_ms=last_ms))

    def test_a_restarted_daemon_that_knows_no_token_yet_ends_the_work_until_it_does(self):
        self.say(is_leader=True, token=10, for_ms=600000)
        self.each(self.work, Worker.wait_step)
        self.say(is_leader=False, token=None)
        self.each(self.work, lambda w: eventually(lambda: self.scripts[w.language].released_ms))
        self.quiet()
        restarted_ms = boottime_ms()
        self.say(is_leader=True, token=10, for_ms=600000)
        self.each(self.work, lambda w: w.wait_step(after_ms=restarted_ms))

    def test_a_loss_ends_the_work_at_once_and_then_it_says_so(self):
        self.say(is_leader=True, token=10, for_ms=600000)
        self.each(self.work, Worker.wait_step)
        self.say(is_leader=False, token=10, for_ms=600000)

        def look(worker):
            released_ms = eventually(lambda: self.scripts[worker.language].released_ms)
            self.assertEqual(len(released_ms), 1)
            self.assertLess(worker.last_write_ms(), released_ms[0])
        self.each(self.work, look)
        self.quiet()
        self.say(is_leader=True, token=10, for_ms=600000)  # which a daemon never says
        self.quiet()
        self.say(is_leader=True, token=11, for_ms=600000)
        self.each(self.work, lambda w: w.wait_step(10))

    def test_lost_and_won_again_between_two_answers_is_another_token(self):
        self.say(is_leader=True, token=10, for_ms=600000)
        self.each(self.work, Worker.wait_step)
        self.say(is_leader=True, token=11, for_ms=600000)

        def look(worker):
            worker.wait_step(10)
            tokens = [token for token, _ in worker.steps()]
            self.assertEqual(tokens, sorted(tokens))
            self.assertEqual(self.scripts[worker.language].released_ms, [])
        self.each(self.work, look)

    def test_sigterm_ends_a_worker_which_says_so_and_exits_with_0(self):
        self.say(is_leader=True, token=10, for_ms=600000)
        self.each(self.work, Worker.wait_step)

        def look(worker):
            worker.process.signal(signal.SIGTERM)
            self.assertEqual(worker.process.wait(5), 0)
            self.assertEqual(len(self.scripts[worker.language].released_ms), 1)
        self.each(self.work, look)
        self.assertEqual(len({script.name() for script in self.scripts.values()}), len(languages))

    def test_an_answer_that_is_none_extends_nothing_and_is_asked_for_again_in_a_while(self):
        self.say(is_leader=True, token=10, for_ms=2500)
        self.each(self.work, Worker.wait_step)
        limits = {l: script.deadline_ms - 500 for l, script in self.scripts.items()}
        wrong = [(503, b'{"is_leader":true}'), (200, b""), (200, b'{"cursor":"feed.1","elec'),
                 (200, b"[]"), (200, b'{"elections":{},"is_leader":true,"shutting_down":false}')]
        for answer in wrong:
            self.say(instead=answer)
        self.say(is_leader=True, token=10, for_ms=600000, missing=2)
        began = {l: script.calls for l, script in self.scripts.items()}
        time.sleep(max(0, max(limits.values()) + 700 - boottime_ms()) / 1000)

        def look(worker):
            self.assertLess(worker.steps()[-1][1], limits[worker.language])
            self.assertLess(self.scripts[worker.language].calls - began[worker.language], 30)
            self.assertTrue(worker.process.alive())
        self.each(self.work, look)
        self.say(is_leader=True, token=11, for_ms=600000)
        self.each(self.work, lambda w: w.wait_step(10))


def page(token, leads_until_ms, deadline_ms=0, sequence=2, magic=b"LEADERD1", boot_id=None,
         check=None):
    """The 128 bytes of a leader flag."""
    if boot_id is None:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot_id = file.read().strip()
    words = struct.pack("=8sQqqq", magic, sequence, token, leads_until_ms, deadline_ms)
    if check is None:
        check = 0
        for word in struct.unpack("=5Q", words):
            check ^= word
    return struct.pack("=40sQ36sI40x", words, check, boot_id.encode(), os.getpid())


class PythonReader:
    def __init__(self, path):
        spec = importlib.util.spec_from_file_location("leader_flag",
                                                      example("python/leader_flag.py"))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self._flag = module.LeaderFlag(path)

    def token(self):
        return self._flag.token()

    def close(self):
        self._flag.close()


class NodeReader:
    """Answers each line of its input with what the flag says."""

    PROGRAM = ("const flag = new (require(process.argv[1]).LeaderFlag)(process.argv[2]);"
               "require('readline').createInterface({input: process.stdin})"
               ".on('line', () => console.log(JSON.stringify(flag.token())))"
               ".on('close', () => flag.close());")

    def __init__(self, path):
        self._node = subprocess.Popen(
            ["node", "-e", self.PROGRAM, example("node/leader_flag.js"), path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def token(self):
        self._node.stdin.write("\n")
        self._node.stdin.flush()
        return json.loads(self._node.stdout.readline())

    def close(self):
        self._node.communicate(timeout=10)


class FlagReaders(Case):
    def setUp(self):
        self.path = os.path.join(temporary_directory("flag"), "demo.lease")
        self.soon_ms = int(boottime_ms()) + 3600_000

    def readers(self):
        made = {"python": PythonReader(self.path), "node": NodeReader(self.path)}
        for reader in made.values():
            self.addCleanup(reader.close)
        return made

    def put(self, content, path=None):
        with open(path or self.path, "wb") as file:
            file.write(content)

    def change(self, content):
        """In place, as the daemon does it."""
        with open(self.path, "r+b") as file:
            file.write(content)

    def replace(self, content):
        self.put(content, self.path + ".new")
        os.replace(self.path + ".new", self.path)

    def assert_read(self, readers, token):
        self.assertEqual({name: reader.token() for name, reader in readers.items()},
                         {name: token for name in readers})

    def test_a_good_page_tells_the_token_until_its_time_is_over(self):
        self.put(page(42, self.soon_ms))
        readers = self.readers()
        self.assert_read(readers, 42)
        self.change(page(43, self.soon_ms, sequence=4))
        self.assert_read(readers, 43)
        self.change(page(43, int(boottime_ms()) + 300, sequence=6))
        self.assert_read(readers, 43)
        time.sleep(0.3)
        self.assert_read(readers, None)

    def test_what_is_not_a_whole_page_of_this_boot_says_not_leader(self):
        self.put(page(42, self.soon_ms))
        readers = self.readers()
        good = page(42, self.soon_ms)
        for what, content in {
                "being written": page(42, self.soon_ms, sequence=3),
                "torn": page(42, self.soon_ms, check=12345),
                "another boot": page(42, self.soon_ms, boot_id="0" * 36),
                "no boot": page(42, self.soon_ms, boot_id=""),
                "another format": page(42, self.soon_ms, magic=b"LEADERD2"),
                "no lease": page(0, self.soon_ms), "draining": page(42, 0, self.soon_ms),
                "over": page(42, int(boottime_ms()) - 1), "zeros": bytes(128)}.items():
            with self.subTest(what):
                self.change(good)
                self.assert_read(readers, 42)
                self.change(content)
                self.assert_read(readers, None)

    def test_a_file_that_is_missing_or_short_is_looked_at_again(self):
        readers = self.readers()
        self.assert_read(readers, None)
        self.put(page(42, self.soon_ms)[:100])
        self.assert_read(readers, None)
        self.replace(page(42, self.soon_ms))
        self.assert_read(readers, None)  # finds it; says so next time
        self.assert_read(readers, 42)

    def test_a_new_file_is_found_when_the_old_one_says_not_leader(self):
        self.put(page(42, self.soon_ms))
        readers = self.readers()
        self.assert_read(readers, 42)
        self.change(page(0, 0, sequence=4))
        self.replace(page(43, self.soon_ms))
        self.assert_read(readers, None)
        self.assert_read(readers, 43)

    def test_a_page_that_changes_all_the_time_is_never_mixed(self):
        # Token 8 is never one to act under: who reads it has read half of each page.
        self.put(page(7, self.soon_ms))
        readers = self.readers()
        over, seen = threading.Event(), []

        def write():
            with open(self.path, "r+b") as file, mmap.mmap(file.fileno(), 128) as memory:
                sequence = 2
                while not over.is_set():
                    for new in (page(8, 1, sequence=sequence + 2), page(7, self.soon_ms,
                                                                         sequence=sequence + 4)):
                        sequence += 2
                        memory[8:16] = struct.pack("=Q", sequence - 1)
                        memory[16:24] = new[16:24]
                        memory[24:40] = new[24:40]
                        memory[40:48] = new[40:48]
                        memory[8:16] = struct.pack("=Q", sequence)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            end = time.monotonic() + 0.5
            while time.monotonic() < end:
                seen += [reader.token() for reader in readers.values()]
        finally:
            over.set()
            writer.join()
        self.assertEqual(set(seen) - {7, None}, set())
        self.assertIn(7, seen)

    def test_the_page_of_a_daemon(self):
        one = self.leader("one", self.redis())
        self.path = os.path.join(one.directory, "demo.lease")
        readers = self.readers()
        self.assert_read(readers, one.election()["fencing_token"])
        one.post("/elections/demo/step-down", {"hold_off": "10m"})
        self.assert_read(readers, None)


if __name__ == "__main__":
    main()
