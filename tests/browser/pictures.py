"""make pictures: the docs' pictures of the service, taken of real pages: a study of three minutes among them."""

import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tests.browser.conftest import NAMES, QUIET
from tests.http.process import Server, commanded, kill

DOCS = Path(__file__).parents[2] / "docs"
STUDY = {"name": "first-try", "budget_seconds": 180, "workers": 1, "space": "decoder-small"}
TRIALS = 8  # that have ended when the picture is taken
WIDE, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=1130)


def begin(server: Server) -> None:
    """Start a study, and wait until there is something to see."""
    server.client.post("/api/v1/studies", json=STUDY).raise_for_status()
    while (answer := server.client.get(f"/api/v1/studies/{STUDY['name']}/live")).status_code != 200:
        time.sleep(0.5)
    while answer.status_code == 200 and answer.json()["ended"] < TRIALS:
        time.sleep(0.5)
        answer = server.client.get(f"/api/v1/studies/{STUDY['name']}/live")


def take(browser: Browser, url: str, wait_for: str, file: Path, *, phone: bool = False, dark: bool = False) -> None:
    """One picture, once the page shows what is waited for."""
    context = browser.new_context(viewport=PHONE if phone else WIDE, color_scheme="dark" if dark else "light")
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector(wait_for)
    page.wait_for_timeout(500)
    page.screenshot(path=file)
    context.close()


def main() -> None:
    """Take them all."""
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        server = commanded(Path(name))
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu", *QUIET])
        try:
            take(browser, f"{server.url}/", "svg", DOCS / "service-size.png")
            take(browser, f"{server.url}/propose?gpu=RTX+4090&hours=24", ".card h2", DOCS / "service-propose.png")
            begin(server)
            study = f"{server.url}/studies/{STUDY['name']}"
            take(browser, study, "svg.curves", DOCS / "service-study.png")
            take(browser, study, "svg.curves", DOCS / "service-phone.png", phone=True, dark=True)
            server.client.post(f"/api/v1/studies/{STUDY['name']}/stop")
        finally:
            browser.close()
            kill(server)


if __name__ == "__main__":
    main()
