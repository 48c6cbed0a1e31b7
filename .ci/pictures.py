"""Take the picture of the published site that the README shows: docs/site.png. Needs Chromium."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
SITE = ROOT / "results" / "site" / "index.html"
PICTURE = ROOT / "docs" / "site.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZE = {"width": 1280, "height": 1240}


def main() -> int:
    """Write the picture. Return 1 if there is no browser."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        print("docs/site.png: no browser. Install chromium, for example with apt-get install chromium", file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--headless", "--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.goto(SITE.as_uri())
        page.wait_for_selector("canvas.map")
        page.wait_for_timeout(500)  # the map is drawn in the next frame
        page.screenshot(path=PICTURE)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
