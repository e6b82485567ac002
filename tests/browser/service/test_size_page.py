"""The Size page in a browser: sliders, search as you type, errors, without a mouse and without JavaScript."""

import statistics
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.service.conftest import Tab
from tests.browser.service.server import Server

pytestmark = pytest.mark.browser
CONFIG = '{"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024, "vocab_size": 50257}'


def figures(page: Page) -> list[str]:
    return page.locator("#answer .tiles dd:not(.note)").all_text_contents()


def test_the_answer_follows_a_slider(tab: Tab) -> None:
    page = tab.open("/")
    before = figures(page)
    depth = page.get_by_role("slider", name="Depth")
    times = []
    for step in range(13, 23):
        depth.press("ArrowRight")
        expect(page).to_have_url(f"{tab.url}/?depth={step}")
        times.append(float(page.locator("#answer").get_attribute("data-milliseconds") or "nan"))
    print(f"a slider's step to the new answer: median {statistics.median(times):.0f} ms")
    after = figures(page)
    assert all(a != b for a, b in zip(before, after, strict=True))
    expect(page.locator("#depth")).to_have_value("22")
    page.reload()
    assert figures(page) == after  # the address is the state
    expect(page.get_by_role("status")).to_have_text("")
    assert tab.serious() == []


def test_the_width_takes_heads_and_hidden_along(tab: Tab) -> None:
    page = tab.open("/")
    page.get_by_role("slider", name="Width").press("ArrowRight")
    expect(page.locator("#heads")).to_have_attribute("placeholder", "13")
    expect(page.locator("#hidden")).to_have_attribute("placeholder", "3328")
    expect(page.get_by_role("status")).to_contain_text("fits in 23.52 GiB")  # for who does not see it change


def test_a_gpu_is_found_without_a_mouse(tab: Tab) -> None:
    page = tab.open("/")
    box = page.get_by_role("combobox", name="GPU")
    box.fill("a100 80")
    expect(page.locator("#gpu-list [role=option]")).to_have_count(2)
    assert tab.serious() == []
    box.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "gpu-list-0")
    box.press("Enter")
    expect(page.locator("#answer")).to_contain_text("fits in 79.14 GiB")
    expect(box).to_have_value("A100 SXM4 80GB")
    box.fill("k620")
    expect(page.locator("#gpu-list [role=option]").first).to_contain_text("K620")  # of the cards that are only listed
    box.press("Escape")
    expect(page.locator("#gpu-list [role=option]")).to_have_count(0)


def test_an_error_stands_beside_its_field(tab: Tab) -> None:
    page = tab.open("/")
    page.locator("#heads").fill("7")
    expect(page.locator("#error-heads")).to_contain_text("nearest: 6 or 8")
    expect(page.locator("#heads")).to_have_attribute("aria-invalid", "true")
    assert tab.serious() == []
    page.locator("#heads").fill("8")
    expect(page.locator("#error-heads")).to_be_hidden()
    page.locator("#gpu").fill("<img src=x onerror=alert(1)>")
    page.locator("#gpu").press("Tab")
    expect(page.locator("#error-gpu")).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("img").count() == 0


def test_a_config_is_pasted_or_chosen(tab: Tab, tmp_path: Path) -> None:
    page = tab.open("/")
    page.get_by_label("Model", exact=True).select_option("config.json")
    page.get_by_label("config.json", exact=True).fill(CONFIG)
    expect(page.locator("#answer")).to_contain_text("124,439,808")
    (tmp_path / "config.json").write_text(CONFIG.replace('"n_layer": 12', '"n_layer": 24'))
    page.get_by_label("or choose the file").set_input_files(tmp_path / "config.json")
    expect(page.locator("#depth")).to_have_attribute("placeholder", "24")
    assert "n_layer" in page.url
    assert tab.serious() == []


def test_it_works_without_javascript(browser: Browser, server: Server) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(server.url)
    page.locator("#batch").fill("512")
    page.get_by_role("button", name="Size it").click()
    expect(page.locator("#answer h2")).to_have_text("It does not fit")
    expect(page.locator("#batch")).to_have_value("512")
    context.close()


def test_on_a_phone_in_the_dark(phone: Tab) -> None:
    page = phone.open("/")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    expect(page.locator("#summary")).to_be_in_viewport()  # the answer is below the form
    assert phone.serious() == []
