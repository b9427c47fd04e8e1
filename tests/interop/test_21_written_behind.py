"""What users did is written behind; it is all there after an orderly end, and after a time in which
the store could not be written."""

import sqlite3

from lab.process import wait_until
from lab.settings import LOCAL_DOMAIN

ALICE = f"alice@{LOCAL_DOMAIN}"


def invite(border, addresses) -> None:
    """Alice writes to each; what the gateway answered was 200 or 202."""
    statuses = border.sip.wait_answers([border.sip.send(ALICE, to, "hello") for to in addresses])
    assert set(statuses) <= {200, 202}


def invited(border) -> set:
    rows = border.causeway.query("contact", "list", "--user", ALICE)["contacts"]
    return {row["contact"] for row in rows}


def test_an_orderly_end(make_border):
    border = make_border()
    border.partner("public.test", type="PublicUnverified")
    addresses = {f"u{number}@public.test" for number in range(300)}
    invite(border, sorted(addresses))
    border.causeway.stop()
    border.causeway.start()
    assert invited(border) == addresses


def test_a_store_that_cannot_be_written(make_border):
    """A disk that is full for a while: said once, users notice nothing, nothing is lost."""
    border = make_border()
    border.partner("public.test", type="PublicUnverified")
    store = sqlite3.connect(border.causeway.directory / "causeway.db", isolation_level=None)
    store.execute("CREATE TRIGGER full BEFORE INSERT ON contact "
                  "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END")
    invite(border, ["a@public.test"])
    wait_until(lambda: "store-not-written" in border.causeway.output(), 10, "word of it")
    invite(border, ["b@public.test"])
    wait_until(lambda: border.causeway.output().count("disk is full") >= 3, 20, "three tries")
    assert invited(border) == set()
    store.execute("DROP TRIGGER full")
    wait_until(lambda: invited(border) == {"a@public.test", "b@public.test"}, 20, "both")
    assert border.causeway.output().count("store-not-written") == 1
    assert border.causeway.output().count("store-written-again") == 1
    store.close()
