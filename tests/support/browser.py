"""A real Chromium, driven through plain WebDriver calls (https://www.w3.org/TR/webdriver2/).

The protocol is JSON over HTTP, and the few calls that are needed are shorter than any client's installation.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.serving import make_server

from webhook.report.page.server import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SECONDS = 60
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the standard's name for a reference to an element


class Browser:
    """A window."""

    def __init__(self, address: str) -> None:
        self.address = address

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Make one call of the protocol; return its value."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            return json.load(answer)["value"]

    def open(self, url: str) -> None:
        """Load a page and wait for it."""
        self.call("POST", "/url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run JavaScript in the page."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def until(self, script: str) -> Any:
        """Wait until the expression is true; return it."""
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            if found := self.run(f"return {script}"):
                return found
            time.sleep(0.05)
        raise AssertionError(f"never true: {script}; the page says: {self.text('body')}")

    def text(self, selector: str) -> str:
        """Return what a person reads in the first element that matches."""
        return str(self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector))

    def type(self, selector: str, keys: str) -> None:
        """Press keys, as a person does."""
        found = self.call("POST", "/element", {"using": "css selector", "value": selector})
        self.call("POST", f"/element/{found[_ELEMENT]}/value", {"text": keys})

    def click(self, selector: str) -> None:
        """Click the first element that matches."""
        found = self.call("POST", "/element", {"using": "css selector", "value": selector})
        self.call("POST", f"/element/{found[_ELEMENT]}/click", {})

    def picture(self, to: Path) -> None:
        """Write a PNG of the window."""
        to.write_bytes(base64.b64decode(self.call("GET", "/screenshot")))

    def log(self) -> list[dict[str, Any]]:
        """Return what the console said since the last call."""
        found: list[dict[str, Any]] = self.call("POST", "/se/log", {"type": "browser"})
        return found


@contextmanager
def browser(*, dark: bool = False, size: tuple[int, int] = (1440, 1250)) -> Iterator[Browser]:
    """Start Chromium without a window; its driver ends with it."""
    driver, chromium = _installed()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
    arguments += [f"--window-size={size[0]},{size[1]}"]
    arguments += ["--blink-settings=preferredColorScheme=0"] if dark else []
    options = {"binary": chromium, "args": arguments}
    wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
    with subprocess.Popen([driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        session = Browser(f"http://127.0.0.1:{port}")
        try:
            _ready(session)
            made = session.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
            session.address += f"/session/{made['sessionId']}"
            try:
                yield session
            finally:
                session.call("DELETE", "")
        finally:
            process.terminate()


@contextmanager
def page_served() -> Iterator[int]:
    """Serve the live page; give its port."""
    server = make_server("127.0.0.1", 0, create_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _ready(session: Browser) -> None:
    end = time.monotonic() + _SECONDS
    while True:
        try:
            session.call("GET", "/status")
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return


def _found() -> tuple[str | None, str | None]:
    """Return driver and browser, None for what is not there."""
    return shutil.which("chromedriver"), shutil.which("chromium") or shutil.which("google-chrome")


def install() -> None:
    """Install driver and browser with apt, as root or by sudo."""
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    packages = ["chromium", "chromium-driver", "fonts-dejavu-core"]
    for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        subprocess.run([*sudo, "apt-get", "-qq", *command], check=True, timeout=600, stdout=subprocess.DEVNULL)


def _installed() -> tuple[str, str]:
    """Return driver and browser; install them where CI has none, and skip where a person has none."""
    if not all(_found()) and os.environ.get("CI") == "true":
        install()
    driver, chromium = _found()
    if driver is None or chromium is None:
        if os.environ.get("CI") == "true":
            raise RuntimeError("no Chromium, and apt-get did not install one")
        pytest.skip("needs chromium and chromedriver: make browser installs them")
    return driver, chromium


if __name__ == "__main__":
    install()
