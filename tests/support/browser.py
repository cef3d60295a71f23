"""A real Chromium, driven by selenium through Debian's chromedriver."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait
from werkzeug.serving import make_server

from webhook.report.page.server import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SECONDS = 60
"""The longest wait for a condition, on a busy machine."""


__all__ = ["Browser", "Keys", "browser", "page_served"]


class Browser:
    """A window, with the few things that the tests do in it."""

    def __init__(self, window: webdriver.Chrome) -> None:
        self.window = window

    def open(self, url: str) -> None:
        """Load a page and wait for it."""
        self.window.get(url)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run JavaScript in the page."""
        return self.window.execute_script(script, *arguments)

    def until(self, script: str) -> Any:
        """Wait until the expression is true; return it."""
        try:
            return WebDriverWait(self.window, _SECONDS, 0.05).until(lambda _: self.run(f"return {script}"))
        except TimeoutException:
            raise AssertionError(f"never true: {script}; the page says: {self.text('body')}") from None

    def text(self, selector: str) -> str:
        """Return what a person reads in the first element that matches."""
        return str(self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector))

    def type(self, selector: str, keys: str) -> None:
        """Press keys, as a person does."""
        self.window.find_element(By.CSS_SELECTOR, selector).send_keys(keys)

    def press(self, keys: str) -> None:
        """Press keys, wherever the focus is."""
        ActionChains(self.window).send_keys(keys).perform()

    def click(self, selector: str) -> None:
        """Click the first element that matches."""
        self.window.find_element(By.CSS_SELECTOR, selector).click()

    def resize(self, width: int, height: int) -> None:
        """Show the page as a device of this size does; a window cannot be as narrow as a phone."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
        self.window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def picture(self, to: Path) -> None:
        """Write a PNG of the window."""
        to.write_bytes(self.window.get_screenshot_as_png())

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of the console since the last call."""
        return list(self.window.get_log("browser"))  # type: ignore[no-untyped-call]


@contextmanager
def browser(*, dark: bool = False, size: tuple[int, int] = (1440, 1250)) -> Iterator[Browser]:
    """Start Chromium without a window; its driver ends with it."""
    driver, chromium = _installed()
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("headless", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "hide-scrollbars"):
        options.add_argument(f"--{argument}")
    options.add_argument(f"--window-size={size[0]},{size[1]}")
    if dark:
        options.add_argument("--blink-settings=preferredColorScheme=0")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    window = webdriver.Chrome(options, Service(driver))
    try:
        yield Browser(window)
    finally:
        window.quit()


@contextmanager
def page_served() -> Iterator[int]:
    """Serve the live page; yield its port."""
    server = make_server("127.0.0.1", 0, create_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


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
