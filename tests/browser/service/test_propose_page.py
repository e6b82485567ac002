"""The Propose page in a browser: progress, cards that lead on, a plot that needs no mouse."""

import pytest
from playwright.sync_api import expect

from tests.browser.service.conftest import Tab
from tests.http.pages.test_propose_page import PINS

pytestmark = pytest.mark.browser


def test_propose_explore_and_size(tab: Tab) -> None:
    page = tab.open("/propose")
    assert tab.serious() == []
    page.get_by_label("Training time").fill("2")
    page.get_by_role("combobox", name="GPU").fill("T4")
    page.get_by_text("What is known already").click()
    page.get_by_label("Pinned fields").fill("\n".join(PINS))
    page.get_by_role("button", name="Propose").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_role("heading", level=2).first).to_contain_text("M")
    expect(page.get_by_role("status")).to_contain_text("candidates")
    assert "hours=2" in page.url
    assert tab.serious() == []

    slider = page.get_by_role("slider")
    last = page.locator("#told").inner_text()
    slider.press("ArrowLeft")
    assert page.locator("#told").inner_text() != last
    expect(slider).to_have_attribute("aria-valuetext", page.locator("#told").inner_text())
    before = page.locator(".scatter circle").nth(20).get_attribute("cx")
    page.get_by_role("radio", name="training time").check()
    assert page.locator(".scatter circle").nth(20).get_attribute("cx") != before

    page.get_by_role("link", name="Size proposal 1").click()
    expect(page.locator("#answer")).to_contain_text("14.56 GiB")
    expect(page.get_by_label("Model", exact=True)).to_have_value("config.json")


def test_an_error_stands_beside_its_field(phone: Tab) -> None:
    page = phone.open("/propose")
    page.get_by_label("Training time").fill("soon")
    page.get_by_role("button", name="Propose").click()
    expect(page.locator("#error-hours")).to_contain_text("a number")
    assert phone.serious() == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
