# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, told what to do as WebDriver has it (https://www.w3.org/TR/webdriver2/)."""
import base64
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import urllib.request

KEYS = {"left": "\ue012", "up": "\ue013", "right": "\ue014", "down": "\ue015", "home": "\ue011", "end": "\ue010",
        "enter": "\ue007", "escape": "\ue00c", "tab": "\ue004"}
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def missing():
    """Why there is no browser here, or None."""
    for program, package in ("chromedriver", "chromium-driver"), ("chromium", "chromium"):
        if not shutil.which(program):
            return f"no {program}; Debian has it in {package}"
    return None


def short_directory():
    """The browser makes sockets below it, whose names must not be longer than 107 bytes."""
    place = os.environ.get("TEST_TMP", "/tmp")
    return tempfile.mkdtemp(prefix="browser.", dir=place if len(place) < 40 else "/tmp")


class Browser:
    def __init__(self):
        self.home = short_directory()
        env = dict(os.environ, HOME=self.home, XDG_RUNTIME_DIR=self.home, TMPDIR=self.home)
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       text=True, env=env, start_new_session=True)
        self.session = None
        for line in self.driver.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                self.url = f"http://127.0.0.1:{found[1]}"
                break
        else:
            raise RuntimeError("chromedriver does not start")
        args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                f"--user-data-dir={self.home}/profile", "--window-size=1360,1000", "--force-device-scale-factor=1"]
        made = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": {"args": args}, "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"script": 240000, "pageLoad": 240000}}}})
        self.session = made["sessionId"]

    def call(self, method, path, body=None):
        if self.session:
            path = f"/session/{self.session}{path}"
        request = urllib.request.Request(self.url + path, method=method, headers={"Content-Type": "application/json"},
                                         data=json.dumps(body).encode() if body is not None else None)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=280) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as e:
            raise RuntimeError(f"{path}: {e.read().decode()[:1000]}") from e

    def open(self, path):
        self.call("POST", "/url", {"url": "file://" + os.path.abspath(path)})

    def run(self, script, *args):
        """The body of a function; its result."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(args)})

    def find(self, selector):
        return self.call("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def keys(self, selector, *keys):
        element = self.find(selector)
        self.call("POST", f"/element/{element}/value", {"text": "".join(KEYS.get(k, k) for k in keys)})

    def click(self, selector):
        self.call("POST", f"/element/{self.find(selector)}/click", {})

    def frame(self, selector):
        """Into that frame, or with None out of all."""
        self.call("POST", "/frame", {"id": selector and {ELEMENT: self.find(selector)}})

    def dark(self, on):
        self.call("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if on else "light"}]}})

    def complaints(self):
        """What the console has had since the last time."""
        return [entry["message"] for entry in self.call("POST", "/se/log", {"type": "browser"})]

    def picture(self, file, height=None):
        if height:
            self.call("POST", "/window/rect", {"width": 1360, "height": height})
        with open(file, "wb") as f:
            f.write(base64.b64decode(self.call("GET", "/screenshot")))

    def close(self):
        try:
            if self.session:
                self.call("DELETE", "")
        finally:
            os.killpg(self.driver.pid, signal.SIGTERM)
            self.driver.wait()
            shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
