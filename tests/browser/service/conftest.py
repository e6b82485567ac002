"""One service for all browser tests of the pages, and a tab that writes down what a person should never meet."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.browser.service.server import Server

SERIOUS = ("serious", "critical")


@dataclass
class Tab:
    """A page of the service in the browser."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)  # console errors and warnings, uncaught errors
    foreign: list[str] = field(default_factory=list)  # requests to anybody else

    def __post_init__(self) -> None:
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._count(request.url))

    def open(self, path: str) -> Page:
        """Go to a page and wait until its script, if it has one, is ready."""
        self.page.goto(f"{self.url}{path}")
        if self.page.locator("script[type=module]").count():
            self.page.wait_for_selector("html[data-ready]", state="attached")
        return self.page

    def serious(self) -> list[str]:
        """What axe-core finds serious or worse."""
        found = Axe().run(self.page).response["violations"]
        return [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found if v["impact"] in SERIOUS]

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _count(self, url: str) -> None:
        if not url.startswith((self.url, "data:", "blob:")):
            self.foreign.append(url)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service, in a folder of its own."""
    running = Server(tmp_path_factory.mktemp("service")).start()
    yield running
    running.stop()


@pytest.fixture
def tab(browser: Browser, server: Server) -> Iterator[Tab]:
    """A tab of its own; nothing on a page may complain, and nothing may ask another host."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(30_000)
    opened = Tab(page=context.new_page(), url=server.url)
    yield opened
    context.close()
    assert opened.complaints == []
    assert opened.foreign == []


@pytest.fixture
def phone(browser: Browser, server: Server) -> Iterator[Tab]:
    """A phone in the dark."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True)
    opened = Tab(page=context.new_page(), url=server.url)
    yield opened
    context.close()
    assert opened.complaints == []
