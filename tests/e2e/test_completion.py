"""The completion scripts, in the shells themselves. zsh and fish are driven where they are
installed; what their scripts say is compared with `--help` anyway."""
import functools
import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import time
import unittest

from harness import Case, binary, main, temporary_directory
from processes import remove_directory

SHELLS = ("bash", "zsh", "fish")
NAMED = ["status", "is-leader", "watch", "run", "hold", "step-down", "pause", "resume", "bootstrap",
         "vacate"]
CLOSED = {"leaderd --log-level ": "debug info warn error",
          "leaderd serve --log-format=": "auto text logfmt json journal",
          "leaderd watch --until ": "leader follower changed",
          "leaderd diagnose ": "redis clock network options all",
          "leaderd healthcheck ": "livez readyz leader",
          "leaderd completion ": "bash zsh fish"}


@functools.lru_cache(None)
def output(*words):
    return subprocess.run([binary(), *words], capture_output=True, text=True, timeout=60,
                          check=True).stdout


@functools.lru_cache(None)
def subcommands():
    """Name -> summary."""
    return dict(re.findall(r"^  ([a-z-]+)   *(\S.*)", output("--help"), re.M))


@functools.lru_cache(None)
def options(command):
    """Name -> what `--help` says of it."""
    return dict(re.findall(r"^  --([a-z-]+)(?: \S+)?   *(\S.*)", output(command, "--help"), re.M))


class Terminal:
    """An interactive shell in which `leaderd` only prints its arguments, so that a line that was
    completed shows what became of it."""

    def __init__(self, argv, setup, env):
        ours, theirs = pty.openpty()
        self.fd, self.seen = ours, ""
        self.process = subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, env=env,
                                        start_new_session=True, cwd=env["HOME"])
        os.close(theirs)
        self.type(setup + "; echo READY-$((1))\n")
        self.await_text(r"READY-(1)\r")

    def type(self, text):
        os.write(self.fd, text.encode())

    def await_text(self, pattern, timeout=30):
        until = time.monotonic() + timeout
        while not (found := re.search(pattern, self.seen)):
            if not select.select([self.fd], [], [], max(0, until - time.monotonic()))[0]:
                raise AssertionError(f"no {pattern} in: {self.seen}")
            self.seen += os.read(self.fd, 65536).decode(errors="replace")
        self.seen = self.seen[found.end():]
        return found.group(1)

    def line(self, keys):
        """What the program is given when this is typed; a tab completes."""
        self.type(keys + "\n")
        return self.await_text(r"<([^>\r]*)>\r")

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.fd)


class Shells(Case):
    """`leaderd` is in $PATH, $HOME is empty, and no daemon answers unless a test starts one."""

    def setUp(self):
        self.home = temporary_directory("completion")
        self.addCleanup(remove_directory, self.home)
        os.mkdir(self.home + "/bin")
        os.symlink(binary(), self.home + "/bin/leaderd")
        self.env = {"HOME": self.home, "PATH": f"{self.home}/bin:{os.environ['PATH']}",
                    "TERM": "dumb", "LC_ALL": "C", "RUNTIME_DIRECTORY": self.home,
                    "LEADERD_URL": f"unix:{self.home}/control.sock"}

    def with_daemon(self):
        made = self.daemon("one", "local", elections=("demo", "demo:east", "web.1"))
        self.env["LEADERD_URL"] = "unix:" + made.control
        return made

    def run_shell(self, *argv):
        done = subprocess.run(argv, env=self.env, cwd=self.home, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def terminal(self, argv, setup):
        made = Terminal(argv, setup, self.env)
        self.addCleanup(made.close)
        return made

    def eventually(self, expected, ask):
        """A daemon is given one second, which may be too short on a host that is busy testing."""
        got, until = ask(), time.monotonic() + 30
        while got != expected and time.monotonic() < until:
            got = ask()
        self.assertEqual(got, expected)


class Command(Shells):
    def test_a_shell_that_is_not_known_is_wrong_usage(self):
        for words in (["completion", "tcsh"], ["completion"], ["completion", "bash", "zsh"]):
            done = subprocess.run([binary(), *words], capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout), (64, ""))
            self.assertRegex(done.stderr, r"\Aleaderd: .*leaderd completion --help`\n\Z")

    def test_each_script_is_read_by_its_shell(self):
        for shell in SHELLS:
            path = f"{self.home}/leaderd.{shell}"
            with open(path, "w", encoding="utf-8") as file:
                file.write(output("completion", shell))
            if shell == "bash" or shutil.which(shell):
                with self.subTest(shell):
                    self.run_shell(shell, "-n", path)
        if shutil.which("shellcheck"):
            self.run_shell("shellcheck", f"{self.home}/leaderd.bash")


class Text(unittest.TestCase):
    def test_zsh_knows_what_help_tells(self):
        script = re.sub(r"\\+:", ":", output("completion", "zsh"))
        listed = dict(re.findall(r"^        '([a-z-]+):(.*)'$", script, re.M))
        self.assertEqual(listed, subcommands())
        blocks = {name: body for names, body in
                  re.findall(r"^    ([a-z| -]+)\)\n(.*?)^        ;;$", script, re.M | re.S)
                  for name in names.split(" | ")}
        self.assertEqual(set(blocks), set(subcommands()))
        described = r"""--([a-z-]+)=?\[([^]]*)\]"""
        client = script.partition("-a client=(")[2].partition("\n    )")[0]
        client = dict(re.findall(described, client))
        for command, body in blocks.items():
            known = dict(re.findall(described, body))
            known.update(client if "$client" in body else {}, help="print this")
            self.assertEqual(known, options(command), command)
        for words in CLOSED.values():
            self.assertIn(f":({words})", script)

    def test_fish_knows_what_help_tells(self):
        script = output("completion", "fish").replace("\\'", "’")
        variables = dict(re.findall(r"^set -l (\w+) (.*)", script, re.M))
        listed, known = {}, {command: {"help": "print this"} for command in subcommands()}
        for condition, rest in re.findall(
                r"^complete -c leaderd -n ['\"]__leaderd_is (.*?)['\"] (.*)", script, re.M):
            for name, words in list(variables.items()) * 2:
                condition = condition.replace("$" + name, words)
            about = rest.rpartition(" -d ")[2].strip("'").replace("’", "'")
            option = re.match(r"-l ([a-z-]+)", rest)
            if option is None and (name := re.match(r"-a ([a-z-]+) ", rest)):
                listed[name.group(1)] = about
            for command in set(condition.split()) - {"-"} if option else ():
                known[command][option.group(1)] = about
        self.assertEqual({n: a for n, a in listed.items() if n != "--"}, subcommands())
        for command in subcommands():
            self.assertEqual(known[command], options(command), command)


class Bash(Shells):
    def offers(self, *lines):
        """What is offered at the end of each line, as a set of whole words."""
        program = output("completion", "bash")
        for line in lines:
            words = re.findall(r"[:=]+|[^\s:=]+", line) + ([""] if line[-1] == " " else [])
            program += (f"COMP_LINE={shlex.quote(line)} COMP_POINT={len(line)}\n"
                        f"COMP_WORDS=({shlex.join(words)}) COMP_CWORD={len(words) - 1}\n"
                        "_leaderd leaderd; printf '%s\\n' \"${COMPREPLY[@]}\" ===\n")
        answers = self.run_shell("bash", "--norc", "-c", program).split("===\n")[:-1]
        self.assertEqual(len(answers), len(lines))
        return [set(answer.split("\n")) - {""} for answer in answers]

    def test_every_subcommand_and_every_option_is_offered(self):
        commands = list(subcommands())
        first, alone, *rest = self.offers("leaderd ", "leaderd --",
                                          *(f"leaderd {c} --" for c in commands))
        self.assertEqual(first, set(commands))
        self.assertEqual(alone, {"--version", *("--" + o for o in options("serve"))})
        for command, offered in zip(commands, rest):
            expected = {"--" + option for option in options(command)}
            self.assertEqual(offered - {"--"}, expected, command)
            self.assertEqual("--" in offered, command == "run")

    def test_every_option_with_a_value_is_known_as_one(self):
        for command in subcommands():
            for option in re.findall(r"^  --([a-z-]+) \S+   *\S", output(command, "--help"), re.M):
                if option != "exec":
                    offered, = self.offers(f"leaderd {command} --{option} --")
                    self.assertEqual(offered, set(), f"{command} --{option}")

    def test_closed_lists_are_offered(self):
        for (line, words), offered in zip(CLOSED.items(), self.offers(*CLOSED)):
            self.assertEqual(offered, set(words.split()), line)
        offered = self.offers("leaderd watch --until fo", "leaderd watch --until=", "leaderd stat",
                              "leaderd nosuch ", "leaderd diagnose clock n")
        self.assertEqual(offered, [{"follower"}, {"leader", "follower", "changed"}, {"status"},
                                   {"--help"}, set()])

    def test_what_is_there_is_not_offered_again(self):
        once, many, left = self.offers("leaderd status --json --", "leaderd --election a --",
                                       "leaderd reload --url=unix:/x ")
        self.assertNotIn("--json", once)
        self.assertIn("--election", many)
        self.assertEqual(left, {"--token-file", "--help"})

    def test_elections_of_the_daemon_are_offered(self):
        names = {"demo", "demo:east", "web.1"}
        daemon = self.with_daemon()
        for command in NAMED:
            self.eventually([names], lambda c=command: self.offers(f"leaderd {c} "))
        # Bash takes what is before a colon for a word of its own.
        self.eventually([{"east"}], lambda: self.offers("leaderd pause demo:e"))
        self.env["LEADERD_URL"] = "unix:/nosuch"
        url = "%s:%d" % daemon.tcp
        for way in (f"--url http://{url}", f"--url=http://{url}", f"--url unix:{daemon.control}"):
            self.eventually([{"web.1"}], lambda w=way: self.offers(f"leaderd hold {w} w"))
        alone, second = self.offers("leaderd pause --all demo", "leaderd status demo demo")
        self.assertEqual((alone, second), (set(), set()))

    def test_without_a_daemon_nothing_is_said(self):
        self.assertEqual(self.offers("leaderd status x"), [set()])

    def test_a_daemon_that_stands_still_is_not_waited_for(self):
        daemon = self.with_daemon()
        daemon.freeze()
        began = time.monotonic()
        self.assertEqual(self.offers("leaderd status d"), [set()])
        self.assertLess(time.monotonic() - began, 8)

    def test_files_and_urls_are_offered(self):
        for name in ("a.yaml", "b.sock"):
            open(f"{self.home}/{name}", "w", encoding="utf-8").close()
        offered = self.offers("leaderd --config a.", "leaderd check-config a",
                              "leaderd --store unix", f"leaderd status --url unix:{self.home}/b.",
                              "leaderd --store rediss:", "leaderd reload --token-file=b.")
        self.assertEqual(offered, [{"a.yaml"}, {"a.yaml"}, {"unix:/"}, {f"{self.home}/b.sock"},
                                   {"//"}, {"b.sock"}])

    def test_a_command_is_offered_behind_the_dashes(self):
        first, hook, options_of_it = self.offers(
            "leaderd run demo -- leade", "leaderd watch --exec leade",
            "leaderd run -- leaderd --co")
        self.assertIn("leaderd", first & hook)
        self.assertEqual(options_of_it, set())

    def test_in_a_terminal(self):
        daemon = self.with_daemon()
        shell = self.terminal(
            ["bash", "--norc", "-i"], "bind 'set enable-bracketed-paste off'; "
            "source <(leaderd completion bash); leaderd() { printf '<%s>\\n' \"$*\"; }")
        for keys, expected in (
                ("leaderd st\tat\tdemo:e\t", "status demo:east"),
                (f"leaderd hold --url=unix:{daemon.control[:-3]}\tw\t",
                 f"hold --url=unix:{daemon.control} web.1"),
                ("leaderd watch --until=ch\t--json", "watch --until=changed --json"),
                ("leaderd run --rest\tweb\t-- leader\t", "run --restart web.1 -- leaderd")):
            self.eventually(expected, lambda k=keys: shell.line(k))


@unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
class Zsh(Shells):
    def test_in_a_terminal(self):
        daemon = self.with_daemon()
        shell = self.terminal(
            ["zsh", "-f", "-i"], "unset zle_bracketed_paste; autoload -Uz compinit; "
            "compinit -u -D; source <(leaderd completion zsh); leaderd() { print -r -- \"<$*>\" }")
        for keys, expected in (
                ("leaderd st\tat\tdemo:e\t", "status demo:east"),
                (f"leaderd hold --url=unix:{daemon.control[:-3]}\tw\t",
                 f"hold --url=unix:{daemon.control} web.1"),
                ("leaderd watch --unt\tch\t--js\t", "watch --until=changed --json"),
                ("leaderd --log-f\tjs\t", "--log-format=json"),
                ("leaderd run --rest\tweb\t-- leader\t", "run --restart web.1 -- leaderd")):
            self.eventually(expected, lambda k=keys: shell.line(k))


@unittest.skipUnless(shutil.which("fish"), "fish is not installed")
class Fish(Shells):
    def offers(self, line):
        out = self.run_shell("fish", "--no-config", "-c",
                             "leaderd completion fish | source; complete -C $argv[1]", line)
        return {offered.split("\t")[0] for offered in out.splitlines()}

    def test_every_subcommand_and_every_option_is_offered(self):
        self.assertEqual(self.offers("leaderd "), set(subcommands()))
        self.assertEqual(self.offers("leaderd --"),
                         {"--version", *("--" + o for o in options("serve"))})
        for command in subcommands():
            self.assertEqual(self.offers(f"leaderd {command} --") - {"--"},
                             {"--" + option for option in options(command)}, command)

    def test_closed_lists_are_offered(self):
        for line, words in CLOSED.items():
            offered = {word.rpartition("=")[2] for word in self.offers(line)}
            self.assertEqual(offered, set(words.split()), line)

    def test_elections_of_the_daemon_are_offered(self):
        daemon = self.with_daemon()
        for command in NAMED:
            self.eventually({"demo", "demo:east", "web.1"},
                            lambda c=command: self.offers(f"leaderd {c} ") - {"--"})
        self.env["LEADERD_URL"] = "unix:/nosuch"
        self.assertEqual(self.offers("leaderd status "), set())
        self.eventually({"web.1"},
                        lambda: self.offers(f"leaderd status --url=unix:{daemon.control} w"))

    def test_a_command_is_offered_behind_the_dashes(self):
        self.assertIn("leaderd", self.offers("leaderd run demo -- leade"))
        self.assertIn("--config", self.offers("leaderd watch --exec leaderd --co"))


if __name__ == "__main__":
    main()
