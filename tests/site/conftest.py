"""A real Chromium for the tests of the site; one browser for all of a module.

Without Chromium these tests are skipped, except where HARNESS_REQUIRE_CHROMIUM is set: there it is an error.
"""

import importlib.util
import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PACKAGES = ("playwright", "axe_playwright_python")
REQUIRED = "HARNESS_REQUIRE_CHROMIUM"


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/site/" in item.path.as_posix():
            item.add_marker(pytest.mark.slow)


def executable():
    """Return the path of Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="module")  # other tests check that they leave no process
def browser():
    path = executable()
    missing = [] if path else ["Chromium: apt-get install chromium"]
    missing += [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        reason = f"needs {', '.join(missing)}"
        if os.environ.get(REQUIRED):
            pytest.fail(f"{reason}. {REQUIRED} is set, so the test may not be skipped")
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """Open a page of a site from its folder; errors of the page and requests to anything but its files fail the test."""
    contexts, problems = [], []

    def visit(folder, address="#/", *, width=1280, height=800, scheme="light", **options):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on("console", lambda message: message.type == "error" and problems.append(f"console: {message.text}"))
        page.on("dialog", lambda dialog: (problems.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or problems.append(request.url))
        page.goto(f"{(folder / 'index.html').as_uri()}{address}")
        page.wait_for_selector("#view h1")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert problems == []
