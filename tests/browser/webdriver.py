"""A headless Chromium by the W3C WebDriver protocol, over plain HTTP."""
import base64
import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

sys.path.append(__file__.rsplit("/", 2)[0] + "/e2e")
from processes import eventually, free_port  # noqa: E402

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def available():
    return any(map(shutil.which, BROWSERS)) and shutil.which("chromedriver")


class Browser:
    def __init__(self, width=1280, height=900, dark=False):
        self.port = free_port()
        self.driver = subprocess.Popen(["chromedriver", f"--port={self.port}"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self._is_up, what="chromedriver")
        binary = next(filter(None, map(shutil.which, BROWSERS)))
        options = {"binary": binary, "args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--hide-scrollbars", f"--window-size={width},{height}",
            *(["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if dark else [])]}
        answer = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.session = "/session/" + answer["sessionId"]
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=width < 500)
        self.cdp("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def _is_up(self):
        try:
            return self._call("GET", "/status")["ready"]
        except OSError:
            return False

    def _call(self, method, path, body=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()) from error

    def cdp(self, command, **parameters):
        return self._call("POST", self.session + "/goog/cdp/execute",
                          {"cmd": command, "params": parameters})

    def open(self, url):
        self._call("POST", self.session + "/url", {"url": url})

    def run(self, script, *arguments):
        return self._call("POST", self.session + "/execute/sync",
                          {"script": script, "args": list(arguments)})

    def text(self, selector="body"):
        return self.run("const e = document.querySelector(arguments[0]);"
                        "return e ? e.innerText : null", selector)

    def log(self):
        return [e for e in self._call("POST", self.session + "/se/log", {"type": "browser"})]

    def screenshot(self, path):
        size = self.run("return [document.documentElement.scrollWidth,"
                        " document.documentElement.scrollHeight]")
        kind = {"format": "webp", "quality": 85} if path.endswith(".webp") else {"format": "png"}
        data = self.cdp("Page.captureScreenshot", **kind, captureBeyondViewport=True, clip={
            "x": 0, "y": 0, "width": size[0], "height": min(size[1], 2200), "scale": 1})["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def close(self):
        try:
            self._call("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()
