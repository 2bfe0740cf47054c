"""Headless Chromium over its own pipe: no port, no driver, no network.

with Browser() as browser:
    page = browser.open(Path("report.html"))
    page.run("document.title")
    page.requests, page.complaints, page.dialogs
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Self

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-default-apps", "--disable-extensions", "--disable-dev-shm-usage"),
    # No network but this machine itself.
    *("--proxy-server=127.0.0.1:9", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
    *("--remote-debugging-pipe", "--force-color-profile=srgb", "--hide-scrollbars"),
)
_PATIENCE = 180


class Browser:
    """One Chromium with an empty profile; ends with its `with` block."""

    def __init__(self, **environment: str) -> None:
        self.profile = tempfile.mkdtemp(prefix="hka-browser-")
        theirs_in, self.out = os.pipe()
        self.into, theirs_out = os.pipe()
        # Chromium reads commands from descriptor 3 and answers on descriptor 4.
        program = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", program, CHROMIUM, *_FLAGS, f"--user-data-dir={self.profile}"],
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": self.profile, **environment},
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self.number = 0
        self.buffer = b""
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.out)
        os.close(self.into)
        shutil.rmtree(self.profile, ignore_errors=True)

    def open(self, path: Path, *, width: int = 1280, height: int = 900, scheme: str = "") -> Page:
        """Open a local file; returns when its charts are drawn (or its load has ended)."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, path.absolute().as_uri(), (width, height), scheme)
        page.wait(
            'document.documentElement.dataset.ready === "yes" || !document.querySelector("#theme")'
        )
        return page

    def visit(self, url: str) -> Page:
        """Open a page of a server on this machine; returns when its load has ended."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, session, url, (1280, 900), "")

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        number = self.send(method, session, parameters)
        while True:
            answer = self.read()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def send(self, method: str, session: str, parameters: dict[str, Any]) -> int:
        """Send a command; returns the number that its answer will carry."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        return self.number

    def read(self) -> dict[str, Any]:
        """The next message; events are kept too."""
        deadline = time.monotonic() + 2 * _PATIENCE  # a page has its own
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.into], [], [], max(0, deadline - time.monotonic()))
            chunk = os.read(self.into, 1 << 16) if ready else b""
            if not chunk:
                raise TimeoutError("Chromium does not answer")
            self.buffer += chunk
        text, _, self.buffer = self.buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            self.events.append(message)
            if message["method"] == "Page.javascriptDialogOpening":
                # Left open, a dialog would stop the page.
                self.send("Page.handleJavaScriptDialog", message["sessionId"], {"accept": False})
        return message


class Page:
    """One tab that shows one page."""

    def __init__(
        self,
        browser: Browser,
        session: str,
        url: str,
        size: tuple[int, int],
        scheme: str,
    ) -> None:
        self.browser = browser
        self.session = session
        self.url = url
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.resize(*size)
        self.prefer(scheme)
        self.call("Page.navigate", url=self.url)
        self.wait('document.readyState === "complete"')

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.browser.call(method, self.session, **parameters)

    def resize(self, width: int, height: int = 900) -> None:
        """Give the window another size."""
        size = {"width": width, "height": height}
        self.call("Emulation.setDeviceMetricsOverride", deviceScaleFactor=1, mobile=False, **size)

    def prefer(self, scheme: str) -> None:
        """Be the page of a reader who likes it `light` or `dark`."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def run(self, script: str) -> Any:
        """The value of an expression; promises are awaited."""
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def wait(self, condition: str) -> None:
        """Until `condition` holds; the machine may be slow, so patience is long."""
        script = (
            f"new Promise((done) => {{ const end = Date.now() + {_PATIENCE * 1000};"
            f" (function look() {{ if ({condition}) done(true);"
            " else if (Date.now() > end) done(false); else setTimeout(look, 20); })(); })"
        )
        if not self.run(script):
            raise TimeoutError(f"never came true: {condition}")

    def type(self, text: str, *, after: str = "") -> None:
        """Press the keys of a text, one by one, after another key such as Tab."""
        if after:
            for kind in ("keyDown", "keyUp"):
                self.call("Input.dispatchKeyEvent", type=kind, key=after, windowsVirtualKeyCode=9)
        for letter in text:
            self.call("Input.dispatchKeyEvent", type="char", text=letter)

    def mark(self, start: float, end: float) -> None:
        """Draw the mouse over the panel of a chart that takes it: from a share of its width on."""
        x, y, width, height = self.run(
            "(() => { const b = [...document.querySelectorAll('.vega-embed .background')]"
            ".map((e) => e.getBoundingClientRect()).find((r) => r.height > 100 && r.height < 200);"
            " return [b.x, b.y, b.width, b.height]; })()"
        )
        moves = (("mouseMoved", start), ("mousePressed", start), ("mouseMoved", end))
        for kind, share in (*moves, ("mouseReleased", end)):
            place = {"x": x + share * width, "y": y + height / 2}
            button = "none" if kind == "mouseMoved" and share == start else "left"
            self.call("Input.dispatchMouseEvent", type=kind, button=button, clickCount=1, **place)

    @property
    def requests(self) -> list[str]:
        """Everything that the page asked for, itself included."""
        return [e["params"]["request"]["url"] for e in self._events("Network.requestWillBeSent")]

    @property
    def dialogs(self) -> list[str]:
        """Messages of alert() and its like."""
        return [e["params"]["message"] for e in self._events("Page.javascriptDialogOpening")]

    @property
    def complaints(self) -> list[str]:
        """Errors and warnings of the console, and exceptions."""
        levels = {"error", "warning", "assert"}
        said = [event["params"] for event in self._events("Runtime.consoleAPICalled")]
        logged = [event["params"]["entry"] for event in self._events("Log.entryAdded")]
        thrown = [event["params"] for event in self._events("Runtime.exceptionThrown")]
        return [
            *(str(one["args"]) for one in said if one["type"] in levels),
            *(str(one["text"]) for one in logged if one["level"] in levels),
            *(str(one["exceptionDetails"]) for one in thrown),
        ]

    def screenshot(self, *, whole: bool = True) -> bytes:
        """A picture, PNG."""
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(answer["data"])

    def print(self, **options: Any) -> bytes:
        """The page on paper, PDF."""
        answer = self.call(
            "Page.printToPDF", printBackground=True, preferCSSPageSize=True, **options
        )
        return base64.b64decode(answer["data"])

    def _events(self, method: str) -> list[dict[str, Any]]:
        self.run("0")  # whatever happened before has been told then
        return [
            event
            for event in self.browser.events
            if event["method"] == method and event.get("sessionId") == self.session
        ]
