"""The published page in a real browser, opened from its folder."""

import json
import re
from dataclasses import replace

import pytest

from harness.model import Outcome
from tests.site import sites
from tests.site.conftest import FLAGS, executable
from tests.unit.test_rendering_formats import HOSTILE
from tests.unit.test_rendering_results import cell_of, column, result, sample, scenario

BROKEN = "build[shape=list,format=.keras]@pkg3.4.1"
VIEWS = {
    "landing": "#/",
    "overview": "#/overview",
    "table": "#/table?detail=1",
    "failures": "#/errors",
    "about": "#/about",
    "upgrade": "#/upgrade/pkg3.4.1/pkg3.5.0",
    "error": "#/error/ValueError: has already been configured",
    "cell": "#/cell/build%5Bshape=list,format=.keras%5D@pkg3.4.1",
    "case": "#/case/build%5Bshape=list,format=.keras%5D",
    "environment": "#/environment/pkg3.4.1",
    "file": "#/file/.h5/old/dense/new",
    "nothing": "#/no/such/view",
}


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return sites.ordinary(tmp_path_factory.mktemp("site"))


def test_landing_says_what_it_is_and_when_it_was_measured(visit, folder):
    page = visit(folder)
    assert page.inner_text("h1") == "What works where?"
    text = page.inner_text("#view")
    assert "A demonstration." in text
    assert "45 results" in text
    assert "Python 3.11" in text
    assert "linux-x86_64" in text
    assert "measured 2026-11-03" in text
    assert "Package 3.5.0" in page.inner_text(".changes")


def test_upgrade_names_reason_and_workaround(visit, folder):
    page = visit(folder)
    page.select_option("#from", "pkg3.5.0")
    page.select_option("#to", "pkg3.4.1")
    assert "4 of 12 cases break" in page.inner_text(".short")
    page.click("text=Show what breaks")
    page.wait_for_selector(".view-upgrade")
    breaks = page.inner_text("section:has(> h2:text('Breaks'))")
    assert "cannot be loaded" in breaks
    assert "list and tuple compared as different shapes" in breaks
    assert "use Package 3.5.0" in breaks
    assert "use shape=tuple (all 2)" in breaks
    assert page.url.endswith("#/upgrade/pkg3.5.0/pkg3.4.1")


def test_a_pasted_message_finds_its_versions(visit, folder):
    page = visit(folder)
    page.fill("#message", "ValueError: Sequential model 'sequential_17' has already been configured with a list")
    assert "the same message; Package 3.4.1" in page.inner_text(".found")
    page.click("text=Find the versions")
    page.wait_for_selector(".view-error")
    first = page.inner_text(".view-error article >> nth=0")
    assert "the same message" in first
    assert "Affected: Package 3.4.1" in first
    assert "fixed in pkg 3.5.0" in first


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("already been configured with a list", id="a part of it"),
        pytest.param(sites.TRACEBACK.replace("pkg/models.py", "other/place.py"), id="a traceback"),
        pytest.param("E       ValueError: Sequential model 'x' has already been configured with a list\n\ntest_x.py:3: ValueError",
                     id="pytest's output"),
    ],
)  # fmt: skip
def test_parts_and_tracebacks_find_the_failure(visit, folder, message):
    page = visit(folder)
    page.fill("#message", message)
    assert "has already been configured" in page.inner_text(".found .match >> nth=0")


@pytest.mark.parametrize("message", ["KeyError: 'zebra'", "zebra is with a stripe"])
def test_an_unknown_message_finds_nothing_and_says_what_to_do(visit, folder, message):
    page = visit(folder)
    page.fill("#message", message)
    assert "No known failure resembles this" in page.inner_text(".found")
    assert "harness triage" in page.inner_text(".found")


def test_a_few_words_of_a_message_are_not_called_the_same_message(visit, folder):
    page = visit(folder)
    page.fill("#message", "been configured")
    assert "has this text; Package 3.4.1" in page.inner_text(".found .match >> nth=0")


def test_panel_has_the_evidence_and_a_stable_address(visit, folder):
    page = visit(folder, VIEWS["cell"])
    page.wait_for_selector("#panel .failing")
    text = page.inner_text("#panel")
    for part in (BROKEN, "cannot be loaded", "bug", "has already been configured", "use Package 3.5.0",
                 f"harness replay '{BROKEN}'", "2026-11-03: failed at load", "<packages>/pkg/models.py",
                 "printed <b>text</b>", "Fixed in 3.5.0"):  # fmt: skip
        assert part in text
    assert "/home/me" not in text
    assert page.inner_text("#panel .failing").strip() == "x = 1"
    page.click("#panel .close")
    page.wait_for_url(re.compile(r"#/case/build%5Bshape=list,format=\.keras%5D$"))
    page.go_back()
    page.wait_for_selector("#panel[open]")


def test_copy_button_copies_the_command(visit, folder):
    page = visit(folder, VIEWS["cell"], permissions=["clipboard-read", "clipboard-write"])
    page.click("#panel h3:has-text('Run it again') button")
    page.wait_for_selector("#panel button:text('Copied')")
    assert page.evaluate("navigator.clipboard.readText()") == f"harness replay '{BROKEN}'"


def test_a_case_shows_its_script(visit, folder):
    page = visit(folder, VIEWS["case"])
    page.wait_for_selector("#view .code .line")
    assert page.inner_text("#view section:has(> h2:has(button[aria-label='Copy the script'])) .code").strip() == "x = 1"
    assert "[object" not in page.inner_text("#view")


@pytest.mark.parametrize(
    ("name", "what", "text"),
    [
        ("cell", "Link to this cell as Markdown",
         "[build\\[shape=list,format=.keras\\] in Package 3.4.1: ✗ cannot be loaded]"
         "(https://ADDRESS-OF-THIS-SITE/#/cell/build%5Bshape=list,format=.keras%5D@pkg3.4.1)"),
        ("cell", "Badge of the case as Markdown",
         "[![build\\[shape=list,format=.keras\\]](https://ADDRESS-OF-THIS-SITE/FILE)]"
         "(https://ADDRESS-OF-THIS-SITE/#/case/build%5Bshape=list,format=.keras%5D)"),
        ("environment", "Badge as HTML",
         '<a href="https://ADDRESS-OF-THIS-SITE/#/environment/pkg3.4.1">'
         '<img src="https://ADDRESS-OF-THIS-SITE/FILE" alt="Package 3.4.1"></a>'),
    ],
)  # fmt: skip
def test_a_badge_can_be_embedded(visit, folder, name, what, text):
    page = visit(folder, VIEWS[name], permissions=["clipboard-read", "clipboard-write"])
    page.click(f"{'#panel' if name == 'cell' else '#view'} .embed summary")
    page.click(f"button[aria-label='Copy {what}']")
    page.wait_for_selector("button:text('Copied')")
    picture = page.locator(".embed[open] img")
    assert picture.evaluate("image => image.decode().then(() => image.naturalHeight)") == 20
    file = picture.get_attribute("src")
    assert (folder / file).is_file()
    assert page.evaluate("navigator.clipboard.readText()") == text.replace("FILE", file)


def test_a_page_from_a_server_knows_its_address(visit, folder):
    page = visit(folder)
    for own, address in (
        ("https://example.org/m/index.html", "https://example.org/m/"), ("https://example.org/m", "https://example.org/m/"),
        ("https://example.org/m/", "https://example.org/m/"), (None, "https://ADDRESS-OF-THIS-SITE/"),
    ):  # fmt: skip
        assert page.evaluate("own => { siteData.index.address = own; return site.address(); }", own) == address


def test_a_selection_of_the_table_has_an_address(visit, folder):
    page = visit(folder, "#/table")
    page.select_option("[name=label]", "bug")
    page.uncheck("[name=family][value=legacy]")
    address = page.url
    again = visit(folder, address[address.index("#") :])
    for each in (page, again):
        assert [row.inner_text() for row in each.query_selector_all("tbody th[scope=row]")] == [
            "shape=list,format=.keras", "shape=list,format=.h5",
        ]  # fmt: skip
        assert each.locator("thead th.upright").count() == 3


def test_cells_of_one_failure_are_one_view(visit, folder):
    page = visit(folder, "#/errors")
    page.click("text=cannot be loaded >> nth=0")
    page.wait_for_selector(".view-failure")
    assert page.inner_text("h1") == "These 2 cells are one failure"


def test_a_saved_model_finds_its_readers(visit, folder):
    page = visit(folder)
    page.select_option("#format", ".h5")
    page.select_option("#writer", "new")
    page.click("text=Show who reads it")
    page.wait_for_selector(".view-file table")
    assert page.inner_text("h1") == "HDF5, saved in new"
    readers = page.inner_text("section:has(> h2:text('Who reads it'))")
    assert "new ✓ 1 full" in readers
    assert "old ✗ 1 refused" in readers
    page.click("a[aria-label='dense in old: does not open']")
    page.wait_for_selector("article:has-text('ValueError: no')")
    card = page.inner_text(".view-file article")
    assert "Save again." in card
    assert "load with compile=False: ✓ full" in card
    assert "harness replay 'transfer[model=dense,format=.h5,option=plain]@new -> old'" in card


def test_the_reader_that_restores_most_of_what_it_was_given_is_first(visit, folder):
    page = visit(folder, VIEWS["file"])
    readings = [{"grade": "full"}, {"grade": "refused"}]
    lines = [("one", [0, 0]), ("two", [1, None])]
    squares = [{"format": ".h5", "option": "plain", "model": model, "lines": [{"writer": "old", "readings": numbers}]}
               for model, numbers in lines]  # fmt: skip
    transfer = {"readers": ["most", "all"], "readings": readings, "squares": squares}
    shown = page.evaluate(
        "transfer => [...site.fileReaders(transfer, '.h5', 'old').querySelectorAll('li')].map((each) => each.textContent)",
        transfer,
    )
    assert shown == ["all ✓ 1 full of 1 model that was tried", "most ✓ 1 full ✗ 1 refused of 2 models that were tried"]


def test_a_silent_loss_is_no_success(visit, folder):
    page = visit(folder, "#/file/.h5/old")
    page.wait_for_selector(".view-file table")
    assert "new ≠ 1 wrong" in page.inner_text("section:has(> h2:text('Who reads it'))")


def test_table_can_be_used_with_the_keyboard_alone(visit, folder):
    page = visit(folder, "#/table")
    page.focus("td[tabindex='0']")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector("#panel[open]")
    assert page.evaluate("document.getElementById('panel').contains(document.activeElement)")
    page.keyboard.press("Escape")
    page.wait_for_selector("#panel:not([open])", state="attached")
    assert page.locator("#view h1").inner_text() == "Results in detail"


def test_map_can_be_used_with_the_keyboard_alone(visit, folder):
    page = visit(folder, "#/overview")
    page.focus("canvas.map")
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    assert page.inner_text("#said") != ""
    page.keyboard.press("Enter")
    page.wait_for_selector("#panel[open]")


def test_a_tap_on_small_cells_of_the_map_opens_the_table_of_the_scenario(visit, tmp_path):
    page = visit(sites.write(tmp_path, sites.large(squares=0)), "#/overview", width=390, is_mobile=True, has_touch=True)
    assert page.inner_text(".told") == "Tap the map: the table of a scenario opens."
    page.locator("canvas.map").tap(position={"x": 200, "y": 120})
    page.wait_for_selector("td[data-cell]")
    assert page.url.endswith("#/table?scenario=one&family=pkg")
    heads = "[...document.querySelectorAll('th[scope=row]')].map((each) => [each.clientWidth, each.scrollWidth - each.clientWidth])"
    assert {width > 100 and cut == 0 for width, cut in page.evaluate(heads)} == {True}, "names are shown whole"
    page.locator("td[data-cell]").first.tap()
    page.wait_for_selector("#panel[open]")


@pytest.mark.parametrize("width", [390, 1280])
def test_map_names_every_family_however_narrow_its_band_is(visit, tmp_path, width):
    results = sites.large(cases=5, squares=0)
    *most, last = results.environments
    results = replace(results, environments=(*most, replace(last, family="one-nightly-build")))
    page = visit(sites.write(tmp_path, results), "#/", width=width)
    page.evaluate(
        "() => { window.drawn = []; const prototype = CanvasRenderingContext2D.prototype, own = prototype.fillText;"
        " prototype.fillText = function (text, ...more) { window.drawn.push(text);"
        " document.body.dataset.drawn = 'yes'; own.call(this, text, ...more); }; }"
    )
    page.evaluate("location.hash = '#/overview'")
    page.wait_for_selector("canvas.map")
    page.wait_for_selector("body[data-drawn]")  # wait_for_function evaluates text, which the page's policy forbids
    names = page.evaluate("siteData.index.families.map((each) => each.plain ? each.name : each.family)")
    assert "one-nightly-build" in names
    assert set(names) <= set(page.evaluate("window.drawn"))


def test_map_fits_beside_the_scroll_bar_of_the_page(browser, tmp_path):
    folder = sites.write(tmp_path, sites.large(squares=0))
    shows_bars = ["--hide-scrollbars"]  # the browser of the other tests hides them
    with browser.browser_type.launch(
        executable_path=executable(), args=list(FLAGS), ignore_default_args=shows_bars
    ) as other:
        page = other.new_page(viewport={"width": 1280, "height": 500})
        page.goto(f"{(folder / 'index.html').as_uri()}#/overview")
        page.wait_for_selector("canvas.map")
        assert page.evaluate("innerWidth - document.documentElement.clientWidth") > 0, "there is a scroll bar"
        assert page.evaluate("(box => box.scrollWidth - box.clientWidth)(document.querySelector('.mapbox'))") == 0


def test_two_step_cases_are_squares(visit, folder):
    page = visit(folder, "#/overview")
    page.click("details a[aria-label*='pkg3.5.0 -> pkg3.4.1']")
    page.wait_for_selector("#panel[open]")
    assert "OSError: not a file of this version" in page.inner_text("#panel")


@pytest.mark.parametrize(
    ("name", "scheme"),
    [*((name, "light") for name in VIEWS), *((name, "dark") for name in ("landing", "table", "cell"))],
)
def test_nothing_serious_is_inaccessible(visit, folder, name, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(folder, VIEWS[name], scheme=scheme)
    if name == "cell":
        page.wait_for_selector("#panel .failing")
    found = Axe().run(page, options={"preload": False}).response["violations"]  # it may not load style.css once more
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert [(each["id"], [node["target"] for node in each["nodes"]][:3]) for each in serious] == []


@pytest.mark.parametrize("address", VIEWS.values(), ids=VIEWS)
def test_a_phone_needs_no_sideways_scrolling(visit, folder, address):
    page = visit(folder, address, width=360, height=740)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("name", VIEWS)
def test_paper_has_no_controls(visit, folder, name):
    page = visit(folder, VIEWS[name])
    if name == "cell":
        page.wait_for_selector("#panel .failing")
    page.emulate_media(media="print")
    controls = page.locator("button, select, textarea, input, nav, .embed")
    assert [each.evaluate("each => each.outerHTML") for each in controls.all() if each.is_visible()] == []
    assert page.is_visible("#panel h2" if name == "cell" else "#view h1")


def test_paper_has_every_column_of_the_table(visit, tmp_path):
    width = 1062  # of the text on A4 in landscape, at 96 dots per inch
    page = visit(sites.write(tmp_path, sites.large(cases=2, squares=0)), "#/table", width=width)
    page.emulate_media(media="print")
    assert page.locator("thead th.upright").count() == 80
    assert page.is_visible("td[data-cell] >> nth=-1")
    assert page.evaluate("document.querySelector('.grid').getBoundingClientRect().right") <= width
    assert page.evaluate("getComputedStyle(document.body).page") == "wide"


def test_paper_has_all_of_a_long_list_and_of_a_long_panel(visit, folder):
    page = visit(folder, "#/upgrade/pkg3.5.0/pkg3.4.1")
    page.evaluate("view.append(site.list(['a', 'b', 'c'].map((text) => site.el('li', {}, text)), 1))")
    assert page.is_hidden("li:text-is('c')")
    page.emulate_media(media="print")
    assert page.is_visible("li:text-is('c')")
    page.emulate_media(media="screen")
    page.click("text=Show 2 more")
    assert page.is_visible("li:text-is('c')")
    panel = visit(folder, VIEWS["cell"], height=300)
    panel.wait_for_selector("#panel .failing")
    panel.emulate_media(media="print")
    assert panel.evaluate(
        "[...document.querySelectorAll('#panel, #panel pre')].every((each) => each.scrollHeight <= each.clientHeight)"
    )
    assert panel.is_hidden("#view")


@pytest.mark.parametrize("name", ["html", "attribute", "code", "bidi", "lines", "surrogate", "template", "comment"])
def test_nothing_of_a_script_is_executed_or_becomes_markup(visit, tmp_path, name):
    """Alerts, errors and requests fail the test; markup would add elements that the harmless site does not have."""

    def elements(folder):
        page = visit(folder)
        found = []
        case = page.evaluate("siteData.index.cases[0].case")
        views = ["#/", "#/overview", "#/table", "#/errors", "#/about", "#/environment/a", "#/upgrade/a/b"]
        for view in [*views, *(f"#/{kind}" for kind in ("case", "cell"))]:
            page.evaluate(
                "([view, name]) => { location.hash = view + (view === '#/case' ? '/' + site.encode(name) : view === '#/cell'"
                " ? '/' + site.encode(name + '@a') : ''); }", [view, case],
            )  # fmt: skip
            page.wait_for_timeout(30)
            found += page.evaluate(
                "[...document.querySelectorAll('img:not(.badge-picture[src$=svg]), script:not([src]), iframe, [onmouseover], [onerror]')].length + ''"
            )
            found += page.evaluate(
                "[...document.querySelectorAll('a')].map((a) => a.protocol).filter((p) => !['file:', 'https:', 'http:'].includes(p))"
            )
        return found

    assert elements(sites.dangerous(tmp_path, HOSTILE[name])) == ["0"] * 9


def scripts(folder):
    """Return what each data script of a site passes to the page."""
    for path in folder.rglob("*.js"):
        if path.parent.name != "page":
            match = re.fullmatch(r"siteData\.receive\((\"[^\"]+\"), (.*)\);\n", path.read_text(), re.DOTALL)
            assert json.loads(match[1]) == path.relative_to(folder).with_suffix("").as_posix()
            yield json.loads(match[1]), json.loads(match[2])


def test_data_scripts_are_the_json_documents_without_what_the_index_has(folder):
    documents = {name: read for name, read in scripts(folder) if not name.startswith("scenarios/")}
    for name, read in documents.items():
        whole = json.loads((folder / f"{name}.json").read_text())
        assert read == {key: value for key, value in whole.items() if key != "cells" or name in ("index", "transfer")}
    cases = ("cases/", "scenarios/")
    names = (path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.json"))
    assert documents.keys() == {name for name in names if not name.startswith(cases)}


def test_page_has_the_evidence_of_each_cell_of_the_json_documents(visit, folder):
    page = visit(folder)
    read = """async (name) => {
      const each = siteData.index.caseNamed.get(name) || siteData.index.squareNamed.get(name);
      const { evidence, text, ...own } = await siteData.loadCase(each), places = siteData.documents.get(`scenarios/${each.about.file}`).places[own.places];
      const texts = (found) => ["error", "traceback", "dump", "stdout", "stderr"].map((kind) => text(found[kind]));
      return { ...own, cells: places.map((place) => [`${name}@${place}`, evidence(place), texts(evidence(place))]) };
    }"""
    for path in (folder / "cases").glob("*.json"):
        case = json.loads(path.read_text())
        shown = page.evaluate(read, case["case"])
        for key in ("case", "parameters", "statements", "script"):
            assert shown[key] == case[key]
        assert shown.get("writer_script") == case["writer_script"]
        assert [id for id, *_ in shown["cells"]] == [each["cell"] for each in case["cells"]]
        for each, (_, evidence, texts) in zip(case["cells"], shown["cells"], strict=True):
            assert evidence["outcome"] == each["outcome"]
            assert [evidence.get(key) for key in ("line", "flaky")] == [each.get(key) for key in ("line", "flaky")]
            assert evidence["cause"] == (case["causes"][each["cause"]] if "cause" in each else {})
            assert evidence["attempts"] == [case["attempts"][number] for number in each.get("attempts", ())]
            kinds = ("error", "traceback", "dump", "stdout", "stderr")
            numbers = [case["texts"][each[kind]] if kind in each else [] for kind in kinds]
            assert texts == ["\n".join(case["lines"][line] for line in lines) for lines in numbers]


def test_twelve_thousand_cells_are_small_and_can_be_used(visit, tmp_path):
    folder = sites.write(tmp_path, sites.large())
    before_a_panel = [*folder.glob("*.js"), *folder.glob("*.html"), *folder.glob("page/*")]
    assert sum(path.stat().st_size for path in before_a_panel) < 5_000_000
    page = visit(folder, "#/overview")
    assert page.locator("details").count() == 10
    page.evaluate("location.hash = '#/table?detail=1'")
    page.wait_for_selector("td[data-cell]")
    assert page.locator("td[data-cell]").count() == 12_000


@pytest.mark.parametrize(
    ("versions", "text"),
    [
        pytest.param(["3.4.1", "3.5.0"], "Package 3.4.1 to 3.5.0", id="neighbours"),
        pytest.param(["3.4.1", "3.5.0", "3.6.0"], "Package 3.4.1 to 3.6.0", id="three"),
        pytest.param(["3.4.1", "3.6.0"], "Package 3.4.1, 3.6.0", id="one between does not"),
    ],
)
def test_a_range_names_neighbours_only(visit, folder, versions, text):
    page = visit(folder)
    ids = [f"pkg{version}" for version in versions]
    ranges = "(ids) => site.rangesText(siteData.index.environments.filter((each) => ids.includes(each.environment)))"
    assert page.evaluate(ranges, ids) == text


def test_versions_that_were_not_run_are_in_no_range_and_in_the_bounds_of_a_change(visit, tmp_path):
    one = scenario("one")
    shown = {"pkg2.1.0": {}, "pkg2.2.0": {}, "pkg2.5.0": {"outcome": Outcome.FAILED, "stage": "load", "error": "E: no"}}
    columns = tuple(column(name, version=name.removeprefix("pkg")) for name in shown)
    cells = tuple(result(cell_of(one, name), each) for name, each in shown.items())
    page = visit(sites.write(tmp_path, replace(sample(), scenarios=(one,), environments=columns, cells=cells)))
    assert "Package > 2.2.0, ≤ 2.5.0" in page.inner_text(".changes")
    assert not page.evaluate("site.adjacent('2.2.0', '2.5.0')")
    page.evaluate("location.hash = '#/case/one'")
    page.wait_for_selector(".statuses")
    assert page.locator(".statuses li").all_inner_texts() == ["Package 2.1 to 2.2 ✓ works", "Package 2.5 ✗ broken"]
