"""Users with few rights: those of docs/redis.md elect, what is missing is named, and servers that
refuse all but the necessary still elect."""
import os
import re

from daemon import ROOT
from harness import Case, main
from valkey import reason as no_valkey
from valkey import server as valkey_server

KEY = "leader-election:demo"
PASSWORD = "sesame"
DISPENSABLE = ("INFO", "CONFIG", "WAIT", "CLIENT", "SUBSCRIBE")
# Everything that elections may need, for tests that take one thing away.
EVERYTHING = ("on", ">" + PASSWORD, "~*", "&*", "+@all")


def lines_of_the_docs():
    """The words after ACL SETUSER of every such line in a code block."""
    with open(os.path.join(ROOT, "docs", "redis.md"), encoding="utf-8") as file:
        blocks = re.findall(r"^```\w*\n(.*?)^```", file.read(), re.M | re.S)
    lines = [line.split() for block in blocks for line in block.splitlines()]
    return [[w.replace("CHANGE-ME", PASSWORD) for w in line[line.index("ACL") + 2:]]
            for line in lines if "ACL" in line and "SETUSER" in line]


class AclCase(Case):
    def as_user(self, name, server, username="leaderd", password=PASSWORD, settings=None):
        one = self.daemon(name, server, settings, start=False)
        store = one.settings["store"]
        if username:
            store["username"] = username
        if password:
            store["password_file"] = os.path.join(one.directory, "password")
            with open(store["password_file"], "w", encoding="utf-8") as file:
                file.write(password + "\n")
        one.write_config()
        return one.start()

    def elects(self, server, **how):
        """A leader, a follower, and a hand-over between them."""
        one = self.as_user("one", server, **how)
        # A server that says nothing of itself is trusted less: no short cut is needed here.
        one.bootstrap()
        one.wait_leader()
        two = self.as_user("two", server, **how)
        two.wait_state("follower")
        self.assertEqual(two.election()["leader"]["participant_id"], "one")
        self.assertEqual(one.post("/elections/demo/step-down").status, 200)
        two.wait_leader()
        one.wait_election(lambda e: e["leader"] and e["leader"]["participant_id"] == "two")
        return one, two


class Documented(AclCase):
    def test_every_user_of_the_docs_elects_and_nothing_is_denied(self):
        lines = lines_of_the_docs()
        self.assertTrue(lines)
        for words in lines:
            with self.subTest(" ".join(words)):
                server = self.redis("--requirepass", "admin", password="admin")
                self.assertEqual(server.command("ACL", "SETUSER", *words), "OK")
                daemons = self.elects(server, username=words[0])
                clients = server.command("CLIENT", "LIST")
                self.assertIn(f"user={words[0]}", clients)
                # Diagnostics ask for more than elections need, and say what they were refused.
                doctor = "leaderd-all" not in words
                denied = [e for e in server.command("ACL", "LOG") if "auth" not in e
                          and not (doctor and "name=leaderd-diagnose" in str(e))]
                self.assertEqual(denied, [])
                for one in daemons:
                    one.terminate()


class Refused(AclCase):
    def setUp(self):
        self.server = self.redis("--requirepass", "admin", password="admin")

    def refused(self, *patterns, username="leaderd", password=PASSWORD):
        """What the status says, which must have all of the patterns and not the password."""
        one = self.as_user("one", self.server, username, password)

        def said(status):
            return str(status["store"]["last_error"]) + \
                str(status["elections"]["demo"]["last_error"])
        text = said(one.wait_status(lambda s: all(re.search(p, said(s)) for p in patterns),
                                    what=str(patterns)))
        self.assertNotIn(PASSWORD, text + "\n".join(one.process.lines))
        self.assertFalse(one.leads())
        self.assertEqual(one.get("/livez").status, 200)
        return one

    def user(self, *words):
        self.server.command("ACL", "SETUSER", "leaderd", "reset", *EVERYTHING, *words)

    def test_no_password(self):
        self.refused("NOAUTH", "password_file", username=None, password=None)

    def test_a_wrong_password(self):
        self.user()
        self.refused("WRONGPASS", username="leaderd", password="sw0rdfish")

    def test_a_user_that_does_not_exist(self):
        self.refused("WRONGPASS", username="nobody")

    def test_a_missing_command_is_named(self):
        self.user("-evalsha", "-eval")
        self.refused("NOPERM", "(?i)evalsha")

    def test_a_command_that_the_script_needs_is_named(self):
        self.user("-hset")
        self.refused("NOPERM", "(?i)hset")

    def test_a_key_out_of_the_pattern_is_named(self):
        self.server.command("ACL", "SETUSER", "leaderd", "reset", "on", ">" + PASSWORD, "~other:*",
                            "&*", "+@all")
        self.refused("NOPERM", "leader-election:|key")

    def test_a_right_that_is_granted_later_is_used_at_once_or_soon(self):
        self.user("-evalsha", "-eval")
        one = self.refused("NOPERM")
        self.user()
        one.bootstrap()
        one.wait_leader()

    def test_a_password_that_is_taken_away_from_a_leader_ends_its_reign_by_the_deadline(self):
        self.user()
        one = self.as_user("one", self.server)
        one.bootstrap()
        one.wait_leader()
        self.server.command("ACL", "DELUSER", "leaderd")  # also ends its connections
        one.wait_election(lambda e: not e["lease"]["valid"])
        self.assertIn("WRONGPASS", str(one.status()["store"]["last_error"]))
        self.user()
        one.wait_leader()


class Sparse(AclCase):
    """Managed services take commands away, by rights or by other names."""

    def test_one_refused_by_rights(self):
        for word in DISPENSABLE:
            with self.subTest(word):
                server = self.redis()
                server.command("ACL", "SETUSER", "leaderd", *EVERYTHING, "-" + word.lower())
                daemons = self.elects(server)
                finding = {"INFO": "info_denied", "SUBSCRIBE": "subscribe_denied"}.get(word)
                found = {e["reason"] for e in daemons[0].events("operation_error")}
                self.assertEqual(found & {"info_denied", "subscribe_denied"},
                                 {finding} if finding else set())
                self.end_all(daemons)

    def test_one_that_is_not_there(self):
        for word in DISPENSABLE:
            with self.subTest(word):
                server = self.redis("--rename-command", word, "")
                self.end_all(self.elects(server, username=None, password=None))

    def test_all_refused(self):
        server = self.redis(*(w for name in DISPENSABLE for w in ("--rename-command", name, "")))
        self.elects(server, username=None, password=None)

    def test_all_refused_by_rights_in_valkey(self):
        if no_valkey():
            self.skipTest(no_valkey())
        server = self.redis(binary=valkey_server())
        server.command("ACL", "SETUSER", "leaderd", *EVERYTHING,
                       *("-" + word.lower() for word in DISPENSABLE))
        self.elects(server)

    def end_all(self, daemons):
        for one in daemons:
            self.assertEqual(one.terminate(), 0)


if __name__ == "__main__":
    main()
