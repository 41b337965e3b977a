#!/usr/bin/env python3
"""The dashboard in a real browser. Skipped, with a word, where there is no Chromium.

Screenshots are left in $SHOTS (build/screenshots).
"""
import base64
import hashlib
import os
import re
import sys
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import Case  # noqa: E402
from processes import eventually  # noqa: E402
import webdriver  # noqa: E402

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SHOTS = os.environ.get("SHOTS", os.path.join(ROOT, "build", "screenshots"))
QUICK = {"health": {"interval": "1s"}, "diagnostics": {"interval": "5s"}}
HOSTILE = {"a": "<img src=x onerror=document.title='owned'>", "b": "</script><script>alert(1)</script>",
           "c": "\u202eright to left", "d": "🦊 & \"quotes\" 'and' `ticks`"}


class Dashboard(Case):
    def browser(self, daemon, **how):
        browser = webdriver.Browser(**how)
        self.addCleanup(browser.close)
        browser.open(f"http://127.0.0.1:{daemon.tcp[1]}/")
        eventually(lambda: "live" == browser.text("#link"), what="a live page")
        return browser

    def assert_quiet(self, browser, ignore=()):
        wrong = [e for e in browser.log() if e["level"] == "SEVERE"
                 and not any(word in e["message"] for word in ignore)]
        self.assertEqual(wrong, [])

    def test_a_failover_shows_by_itself(self):
        server = self.redis()
        one = self.leader("web-1", server, QUICK)
        two = self.daemon("web-2", server, QUICK)
        two.wait_state("follower")
        browser = self.browser(two)
        eventually(lambda: "web-1" in browser.text(".leader"), what="the leader's name")
        one.terminate()
        eventually(lambda: "web-2" in browser.text(".leader"), what="the new leader's name")
        self.assertIn("this participant", browser.text(".leader"))
        self.assertIn("leader", browser.text(".badge"))
        eventually(lambda: "web-2 leads now" in browser.run(
            "return document.getElementById('said').textContent"), what="a word to screen readers")
        eventually(lambda: "leadership gained" in browser.text("#events"), what="the event")
        width = "return parseFloat(document.querySelector('.meter i').style.width)"
        first = browser.run(width)
        eventually(lambda: browser.run(width) != first, what="a bar that runs down")
        eventually(lambda: browser.run("return document.querySelectorAll('#margin polyline').length"),
                   what="a plot of the lease left")
        self.assert_quiet(browser)

    def test_hostile_metadata_is_text(self):
        one = self.leader("web-1", self.redis(), {**QUICK, "metadata": HOSTILE})
        browser = self.browser(one)
        eventually(lambda: all(v in browser.run("return document.querySelector('.card').textContent")
                               for v in HOSTILE.values()), what="the metadata as text")
        self.assertEqual(browser.run("return document.title"), "leaderd")
        self.assertEqual(browser.run("return document.querySelectorAll('img').length"), 0)
        self.assertEqual(browser.run("return document.querySelectorAll('script').length"), 1)
        self.assert_quiet(browser)

    def test_a_daemon_that_goes_and_comes_back(self):
        one = self.leader("web-1", self.redis(), QUICK)
        browser = self.browser(one)
        one.terminate()
        eventually(lambda: "does not answer" in browser.text("#gone"), what="plain words")
        self.assertEqual(browser.text("#link"), "daemon gone")
        one.start()
        eventually(lambda: browser.run("return document.getElementById('gone').hidden"),
                   what="a page that goes on")
        eventually(lambda: browser.text("#link") == "live", what="a live page")
        eventually(lambda: "web-1" in browser.text(".leader"), what="the leader's name")
        self.assert_quiet(browser, ignore=("ERR_",))

    def test_the_policy_allows_just_this_page(self):
        one = self.leader("web-1", self.redis(), QUICK)
        answer = one.get("/", {"Accept": "text/html,*/*;q=0.8"})
        self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
        page, policy = answer.text(), answer.headers["Content-Security-Policy"]
        for tag, kind in (("script", "script-src"), ("style", "style-src")):
            content = re.search(f"<{tag}>(.*)</{tag}>", page, re.S).group(1)
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            self.assertIn(f"{kind} 'sha256-{digest}'", policy)
        self.assertIn("default-src 'none'", policy)
        self.assertLess(len(answer.body), 60 * 1024)
        self.assertIsNone(re.search(r"\son\w+=|\sstyle=|https?://(?!www\.w3\.org|localhost)", page))
        self.assertEqual(one.get("/").headers["Content-Type"], "text/plain; charset=utf-8")

    def test_it_fits_and_is_fit_for_everybody(self):
        server = self.redis()
        names = ("billing", "mailer", "nightly-report")
        one = self.daemon("web-1", server, {**QUICK, "metadata": {"node": "n1"}}, elections=names)
        for name in names:
            one.bootstrap(name)
            one.wait_leader(name)
        two = self.daemon("web-2", server, QUICK, elections=names)
        two.wait_state("follower", "mailer")
        one.post("/elections/mailer/step-down", {"hold_off": "60s"})
        two.wait_leader("mailer")
        server.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        os.makedirs(SHOTS, exist_ok=True)
        for width, height in ((1280, 900), (390, 844)):
            for dark in (False, True):
                browser = self.browser(one, width=width, height=height, dark=dark)
                eventually(lambda: "evicting_policy" in browser.text("#findings"), what="a finding")
                eventually(lambda: browser.run(
                    "return document.querySelectorAll('#latency polyline, #margin polyline').length") >= 4,
                    what="plots")
                self.assertLessEqual(browser.run("return document.documentElement.scrollWidth"), width)
                unnamed = browser.run(
                    "return [...document.querySelectorAll('a,input,button,[role=img],[role=meter],"
                    "section')].filter(e => !e.getAttribute('aria-label') && "
                    "!e.getAttribute('aria-labelledby') && !e.closest('label') && !e.textContent)"
                    ".length")
                self.assertEqual(unnamed, 0)
                mode = "dark" if dark else "light"
                for kind in ("png", "webp"):
                    browser.screenshot(os.path.join(SHOTS, f"dashboard-{width}-{mode}.{kind}"))
                self.assert_quiet(browser)


if __name__ == "__main__":
    if not webdriver.available():
        print("dashboard: skipped, there is no chromium with its driver here")
        sys.exit(0)
    unittest.main(verbosity=2)
