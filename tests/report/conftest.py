"""Pages in a real browser: the system's Chromium."""

import shutil

import pytest
from datasets import Dataset
from rows_with_steps import scored_rows

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@pytest.fixture(scope="session")
def scored():
    return Dataset.from_list(scored_rows())


@pytest.fixture(scope="session")
def chromium():
    api = pytest.importorskip("playwright.sync_api", reason="needs the extra 'dev'")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium is installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium):
    """Open a page; whatever it says on the console, asks the network for or pops up fails the test."""
    pages, wrong = [], []

    def open_page(path, width=1280, **settings):
        page = chromium.new_page(viewport={"width": width, "height": 900}, **settings)
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        address = path.resolve().as_uri()
        page.on("request", lambda request: request.url == address or wrong.append(request.url))
        page.goto(address)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert wrong == []
