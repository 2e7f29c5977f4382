"""Chromium without a window, spoken to over its own protocol (DevTools).

A page is loaded once and then looked at in several widths and colours, which ``--dump-dom`` cannot do. The protocol is JSON over one
WebSocket, and the client for it, websocket-client, is in every environment that has Jupyter: no driver and no second browser.
"""

import itertools
import json
import shutil
import subprocess
import time
from urllib.parse import urlsplit

import websocket

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
    # whatever is asked of another host fails, and is seen among the requests
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    *("--remote-debugging-port=0", "--remote-allow-origins=*"),
)
#: seconds: to start, and for one answer on a busy machine
START, ANSWER = 120, 240


class Browser:
    """A running Chromium; ``with Browser(profile) as browser`` ends it."""

    def __init__(self, profile):
        self._process = subprocess.Popen(
            [CHROMIUM, *OPTIONS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        port = profile / "DevToolsActivePort"
        end = time.monotonic() + START
        while not (port.is_file() and port.read_text().count("\n")):
            if self._process.poll() is not None or time.monotonic() > end:
                self._process.kill()
                raise RuntimeError(f"{CHROMIUM} did not start")
            time.sleep(0.1)
        number, path = port.read_text().split("\n")[:2]
        self._socket = websocket.create_connection(f"ws://127.0.0.1:{number}{path}", timeout=ANSWER)
        self._numbers = itertools.count(1)
        self.events = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.command("Browser.close")  # all of its processes, which may still write to the profile
        finally:
            self._socket.close()
            try:
                self._process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def command(self, method, session=None, **parameters):
        """The result of a command; the events that come before it are kept in ``events``."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method):
        """Read until an event of this name has come."""
        while not any(event.get("method") == method for event in self.events):
            self.events.append(json.loads(self._socket.recv()))


class Page:
    """A page of the book in a tab of its own, loaded with an empty cache, its formulas typeset."""

    def __init__(self, browser, address, width=1280, height=900, before=""):
        self.browser, self.address = browser, address
        browser.events.clear()
        self._target = browser.command("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.command("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.command(f"{domain}.enable")
        self.command("Network.setCacheDisabled", cacheDisabled=True)
        self.resize(width, height)
        if before:
            self.command("Page.addScriptToEvaluateOnNewDocument", source=before)
        self.command("Page.navigate", url=address)
        browser.wait("Page.loadEventFired")
        self.evaluate("window.MathJax && MathJax.startup ? MathJax.startup.promise.then(() => 0) : 0")
        # two frames: what observes the layout has had its turn
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.browser.command("Target.closeTarget", targetId=self._target)

    def command(self, method, **parameters):
        return self.browser.command(method, self._session, **parameters)

    def evaluate(self, expression):
        """The value of a JavaScript expression, or of the promise it gives."""
        answer = self.command("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    def resize(self, width, height):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def _events(self, method):
        return [event["params"] for event in self.browser.events if event.get("method") == method]

    @property
    def complaints(self):
        """Errors in the console and exceptions, as text."""
        said = [
            " ".join(str(argument.get("value", argument.get("description", ""))) for argument in event["args"])
            for event in self._events("Runtime.consoleAPICalled")
            if event["type"] in ("error", "assert")
        ]
        thrown = [event["exceptionDetails"] for event in self._events("Runtime.exceptionThrown")]
        said += [details.get("exception", {}).get("description", details["text"]) for details in thrown]
        said += [event["entry"]["text"] for event in self._events("Log.entryAdded") if event["entry"]["level"] == "error"]
        return said

    @property
    def requests(self):
        """{address: bytes that came} of everything loaded, without a server's compression."""
        names = {event["requestId"]: event["request"]["url"] for event in self._events("Network.requestWillBeSent")}
        sizes = dict.fromkeys(names, 0)
        for event in self._events("Network.loadingFinished"):
            sizes[event["requestId"]] = event["encodedDataLength"]
        return {names[key]: size for key, size in sizes.items() if key in names and urlsplit(names[key]).scheme != "data"}
