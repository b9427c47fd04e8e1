"""A thousand partners are listed, searched and sorted without lag.

What is measured does not depend on how busy the machine is: how many rows are drawn before the
browser may look at the keyboard again, and the processor time that a key costs the page.
"""

import json
import statistics

import pytest

from selenium.webdriver.common.keys import Keys

pytestmark = pytest.mark.xdist_group("browser-thousand")

BEHIND = "border"
N = 1000
ROWS_AT_ONCE = 250
#: Of the page's main thread, for half of the searches; some 50 on the machine that this was
#: written on. Asking whether the answer is there runs on it, too, the more the longer it takes.
KEY_MS = 300
SORT_MS = 2000  #: some 300

WATCH_ROWS = """
window.rowsAtOnce = 0;
new MutationObserver(changes => {
  const n = changes.flatMap(one => [...one.addedNodes]).filter(one => one.nodeName === "TR").length;
  window.rowsAtOnce = Math.max(window.rowsAtOnce, n);
}).observe(document.querySelector("main"), {childList: true, subtree: true});
"""


@pytest.fixture(scope="module", autouse=True)
def partners(border):
    exported = json.loads(border.causeway.command("export").stdout)
    exported["partners"] = [
        {"domain": f"p{i:04}.{'odd' if i % 2 else 'even'}.test", "description": f"Number {i}",
         "additional": [f"a{i:04}.{tail}.test" for tail in ("x", "y", "z")]} for i in range(N)]
    file = border.settings.data / "thousand.json"
    file.write_text(json.dumps(exported))
    border.causeway.command("import", file)


def shown(browser):
    """The domains of the rows that are drawn."""
    return browser.script("return [...document.querySelectorAll('tr[data-domain]')]"
                          ".map(one => one.dataset.domain)")


def wait_rows(browser, n: int) -> None:
    browser.wait(lambda: len(shown(browser)) == n, f"{n} rows", 40)


def wait_count(browser, text: str) -> None:
    """What stands beside the search; to read all of the page would be work of ours in its thread."""
    browser.wait(lambda: browser.script(
        "return document.querySelector('.search .count')?.textContent") == text, text, 40)


def type_search(browser, text: str, found: str) -> float:
    """Types it key by key; the milliseconds of processor time that each key cost."""
    field = browser.find("#search")
    before = browser.processor_ms()
    field.send_keys(text)
    wait_count(browser, found)
    return (browser.processor_ms() - before) / len(text)


def clear_search(browser) -> None:
    browser.find("#search").send_keys(Keys.CONTROL, "a", Keys.DELETE)
    wait_count(browser, "1,000 partners")


def test_a_thousand(signed_in):
    browser = signed_in("patient")
    wait_count(browser, "1,000 partners")
    wait_rows(browser, N)
    browser.script(WATCH_ROWS)
    costs = [type_search(browser, "odd.test", "500 partners found")]
    wait_rows(browser, N // 2)
    assert all(domain.endswith("odd.test") for domain in shown(browser))
    clear_search(browser)
    costs.append(type_search(browser, "0777.odd.test", "1 partner found"))
    assert shown(browser) == ["p0777.odd.test"]
    clear_search(browser)
    costs.append(type_search(browser, "a0123.z.test", "1 partner found"))
    assert shown(browser) == ["p0123.odd.test"], "additional domains are searched, too"
    clear_search(browser)
    costs.append(type_search(browser, "p0777", "0 partners found"))  # none ends so
    clear_search(browser)
    wait_rows(browser, N)
    assert shown(browser)[0] == "p0000.even.test"
    before = browser.processor_ms()
    browser.find("th.c-domain button").click()
    browser.wait(lambda: shown(browser)[0] == "p0999.odd.test", "the other order")
    sorting = browser.processor_ms() - before
    wait_rows(browser, N)
    assert statistics.median(costs) < KEY_MS
    assert sorting < SORT_MS
    assert browser.script("return window.rowsAtOnce") <= ROWS_AT_ONCE
