"""The pages that nobody looks for: the sign-in, and those that say what went wrong."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from advisor.http.tokens import Tokens
from studies.store import open_store
from tests.browser.service.conftest import Tab
from tests.browser.service.server import Server

pytestmark = pytest.mark.browser

ANSWERS = {
    "/no-such-page": 404,
    "/studies/no-such-study": 404,
    "/reports/no-such-report": 404,
    f"/studies/{'n' * 999}": 422,
}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A service that asks for a token, and the token."""
    folder = tmp_path_factory.mktemp("guarded")
    with open_store(str(folder / "runs" / "advisor.db"), create=True) as store:
        token = Tokens(store).new("ada")
    server = Server(folder).start()
    yield server, token
    server.stop()


def serious(tab: Tab) -> list[str]:
    """In the light, then in the dark."""
    found = tab.serious()
    tab.page.emulate_media(color_scheme="dark")
    found += tab.serious()
    tab.page.emulate_media(color_scheme="light")
    return found


@pytest.mark.parametrize("path", ANSWERS)
def test_a_page_that_says_what_went_wrong(tab: Tab, path: str) -> None:
    answer = tab.page.goto(f"{tab.url}{path}")
    assert answer is not None
    assert answer.status == ANSWERS[path]
    expect(tab.page.get_by_role("alert")).to_be_visible()
    expect(tab.page.get_by_role("link", name="Studies").first).to_be_visible()
    assert serious(tab) == []
    assert [text for text in tab.complaints if "status of" not in text] == []  # Chromium reports the status itself
    tab.complaints.clear()


def test_sign_in_and_out(browser: Browser, guarded: tuple[Server, str]) -> None:
    server, token = guarded
    context = browser.new_context()
    tab = Tab(page=context.new_page(), url=server.url)
    page = tab.open("/studies")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert serious(tab) == []
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("no token of this service")
    assert serious(tab) == []
    page.get_by_label("Token").fill(token)
    page.get_by_label("Token").press("Enter")
    page.wait_for_url("**/")
    page = tab.open("/studies")
    expect(page.get_by_role("heading", name="Studies")).to_be_visible()
    page = tab.open("/login")
    assert serious(tab) == []
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    assert tab.complaints == []
    assert tab.foreign == []
    context.close()
