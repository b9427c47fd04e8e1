"""Signing in and out, and what a page elsewhere could do with a session (W01, W02, W12)."""

import concurrent.futures
import contextlib
import os
import re
import sqlite3
import stat
import time

import pytest

from lab.process import wait_until

PASSWORD = "quite a long new password"


def from_address(panel, last):
    browser = panel.browser()
    browser.source = panel.settings.address(last)
    return browser


def test_first_start(start):
    """The password that was printed lets in once, to choose another one; none is printed again."""
    panel = start()
    first = panel.first_password
    assert first
    browser = panel.browser()
    answer = browser.sign_in("administrator", first)
    assert answer.status == 200 and answer.json["must-change-password"] is True
    assert first not in answer.body.decode()
    assert browser.get("/openapi.json").status == 200
    assert browser.get("/partners").status == 403
    assert browser.post("/partners", {"domain": "early.test"}).status == 403
    assert browser.put("/session/password", {"so-far": first, "password": "short"}).status == 400
    assert browser.put("/session/password", {"so-far": "x", "password": PASSWORD}).status == 403
    assert browser.put("/session/password", {"so-far": first, "password": PASSWORD}).status == 204
    assert browser.get("/partners").status == 200
    assert browser.get("/session").json["must-change-password"] is False
    assert panel.browser().sign_in("administrator", first).status == 401
    panel.stop()
    panel.start()
    assert panel.output().count("one-time password") == 1
    assert browser.get("/partners").status == 200, "a session outlives a restart"


def test_cookie(panel):
    answer = panel.account("cookie") and panel.browser().sign_in("cookie", "a long password of cookie")
    cookie = answer.headers["set-cookie"]
    assert re.fullmatch(r"__Host-causeway=[0-9a-f]{64}; Path=/; Secure; HttpOnly; SameSite=Strict",
                        cookie)
    # The store has nothing that one could sign in with.
    value = cookie[len("__Host-causeway="):][:64]
    assert not any(value.encode() in file.read_bytes() for file in panel.data.glob("causeway.db*"))


def test_fixation(panel):
    """W02: a cookie that came along is another one after the sign-in, and dead."""
    panel.account("fixed")
    browser = panel.browser()
    browser.cookie = planted = "a" * 64
    assert browser.sign_in("fixed", "a long password of fixed").status == 200
    assert browser.cookie != planted
    first = browser.cookie
    assert browser.sign_in("fixed", "a long password of fixed").status == 200
    assert browser.cookie != first
    for dead in (planted, first):
        other = panel.browser()
        other.cookie = dead
        assert other.get("/partners").status == 401


@pytest.mark.parametrize("change", [
    {"X_CSRF_Token": None}, {"X_CSRF_Token": "0" * 64}, {"X_CSRF_Token": ""},
    {"Origin": "https://evil.test"}, {"Origin": "null"}, {"Origin": "http://{host}"},
    {"Origin": "https://{host}.evil.test"}, {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"}])
def test_foreign_page(panel, change):
    """W01: the cookie alone changes nothing."""
    admin = panel.account(f"w01-{os.urandom(4).hex()}")
    change = {name: value and value.format(host=panel.host) for name, value in change.items()}
    for asked in (admin.post("/partners", {"domain": "w01.test"}, **change),
                  admin.delete("/sessions", **change), admin.delete("/session", **change)):
        assert asked.status == 403, asked
    assert admin.get("/partners/w01.test").status == 404
    assert admin.get("/session").status == 200


def test_other_sessions_token(panel):
    one, two = panel.account("csrf-one"), panel.account("csrf-two")
    assert one.post("/partners", {"domain": "w01b.test"}, X_CSRF_Token=two.csrf).status == 403
    assert one.post("/partners", {"domain": "w01b.test"}, Origin=panel.origin,
                    Sec_Fetch_Site="same-origin").status == 201


def test_foreign_sign_in(panel):
    """Nobody else's page signs its visitor in as somebody."""
    panel.account("lured")
    browser = panel.browser()
    answer = browser.sign_in("lured", "a long password of lured", Origin="https://evil.test")
    assert answer.status == 403 and not browser.cookie
    answer = browser.ask("POST", "/session", b'{"name":"lured","password":"a long password of lured"}',
                         Content_Type="text/plain")
    assert answer.status == 415 and not browser.cookie


def test_sign_out(panel):
    browser = panel.account("leaver")
    cookie = browser.cookie
    answer = browser.delete("/session")
    assert answer.status == 204 and "Max-Age=0" in answer.headers["set-cookie"]
    browser.cookie = cookie
    assert browser.get("/session").status == 401
    assert browser.post("/partners", {"domain": "left.test"}).status == 401


def test_password_changed(panel):
    """One's other sessions end; an administrator's change ends all."""
    here, there = panel.account("mover"), panel.browser()
    assert there.sign_in("mover", "a long password of mover").status == 200
    assert here.put("/session/password", {"so-far": "a long password of mover",
                                          "password": PASSWORD}).status == 204
    assert here.get("/session").status == 200 and there.get("/session").status == 401
    assert panel.local().put("/accounts/mover/password", {"password": PASSWORD + "!"}).status == 200
    assert here.get("/session").status == 401


def test_role_changed(panel):
    """What somebody may no longer do, he cannot do from the next request on."""
    local = panel.local()
    browser = panel.account("fallen")
    assert local.patch("/accounts/fallen", {"role": "viewer"}).status == 200
    assert browser.post("/partners", {"domain": "fallen.test"}).status in (401, 403)
    browser = panel.account("gone")
    assert local.patch("/accounts/gone", {"enabled": False}).status == 200
    assert browser.get("/session").status == 401
    assert panel.browser().sign_in("gone", "a long password of gone").status == 401


def test_idle(panel):
    """Time passes in the store."""
    idle, old = panel.account("idle"), panel.account("old")
    with sqlite3.connect(panel.data / "causeway.db", timeout=10) as store:
        store.execute("UPDATE session SET seen = ? WHERE account = 'idle'", (time.time() - 1801,))
        store.execute("UPDATE session SET since = ? WHERE account = 'old'", (time.time() - 43201,))
    assert idle.get("/session").status == 401
    assert old.get("/session").status == 401


def test_ended_unseen(start):
    """A session that nobody comes back for goes as well: the list shows who is signed in."""
    panel = start()
    panel.account("gone")
    panel.stop()
    with contextlib.closing(sqlite3.connect(panel.data / "causeway.db")) as store, store:
        store.execute("UPDATE session SET seen = 0 WHERE account = 'gone'")
    panel.start()
    local = panel.local()
    wait_until(lambda: local.get("/sessions").json["sessions"] == [], 10, "the end of the session")


def test_bounds(start):
    """Both limits are settings, and hold to the moment."""
    panel = start("session-idle-s: 100\nsession-max-s: 200")
    for column, age, status in (("seen", 90, 200), ("seen", 101, 401), ("since", 190, 200),
                                ("since", 201, 401)):
        name = f"{column}-{age}"
        browser = panel.account(name)
        assert browser.get("/session").json["idle-s"] == 100
        with sqlite3.connect(panel.data / "causeway.db", timeout=10) as store:
            store.execute(f"UPDATE session SET {column} = ? WHERE account = ?",
                          (int(time.time()) - age, name))
        store.close()
        assert browser.get("/session").status == status, name


def test_out_everywhere(panel):
    """One's own sessions, and nobody else's."""
    here, other = panel.account("everywhere", "viewer"), panel.account("bystander")
    there = panel.browser()
    assert there.sign_in("everywhere", "a long password of everywhere").status == 200
    assert here.delete("/sessions").status == 200
    assert here.get("/session").status == there.get("/session").status == 401
    assert other.get("/session").status == 200


def test_no_setup(panel):
    """W18: nothing is there to set up once more, and no password that everybody knows."""
    nobody = from_address(panel, 120)
    for path in ("/setup", "/install", "/accounts"):
        for method in ("POST", "PUT"):
            assert nobody.ask(method, path, {"name": "x", "password": "y"}).status in (401, 404, 405)
    for name, password in (("administrator", "administrator"), ("administrator", ""),
                           ("admin", "admin"), ("root", ""), ("causeway", "causeway")):
        assert nobody.sign_in(name, password).status in (400, 401)


#: "a long password of older", with less memory and fewer passes than today's
_OLDER_HASH = ("$argon2id$v=19$m=8192,t=2,p=1$bGFiIHNhbHQgMTZieXRlcw"
               "$QDdptrpgTvw7fZBfXqht3kX2/w+Bt4EFRkcqQA5EZj4")


def test_older_hash(panel):
    """What an older release has hashed more cheaply is hashed anew once the password is at hand."""
    def hashed():
        with sqlite3.connect(panel.data / "causeway.db", timeout=10) as store:
            return store.execute("SELECT password_hash FROM account WHERE name='older'").fetchone()

    signed_in = panel.account("older")
    today = hashed()
    with sqlite3.connect(panel.data / "causeway.db", timeout=10) as store:
        store.execute("UPDATE account SET password_hash = ? WHERE name = 'older'", (_OLDER_HASH,))
    assert panel.browser().sign_in("older", "not this one").status == 401
    assert hashed() == (_OLDER_HASH,)
    assert panel.browser().sign_in("older", "a long password of older").status == 200
    parameters = today[0].split("$")[:4]
    assert hashed()[0].split("$")[:4] == parameters and hashed() != today
    assert panel.browser().sign_in("older", "a long password of older").status == 200
    assert signed_in.get("/session").status == 200


def test_wrong_cookies(panel):
    admin = panel.account("twice")
    assert admin.get("/session", Cookie=f"__Host-causeway={admin.cookie}; "
                                        f"__Host-causeway={admin.cookie}").status == 401
    assert admin.get("/session", Cookie=f"a=b; __Host-causeway={admin.cookie}; c=d").status == 200
    for value in ("", "x" * 64, admin.cookie[:-1], admin.cookie + "0", "'; DROP TABLE session;--"):
        assert panel.browser().get("/session", Cookie=f"__Host-causeway={value}").status == 401


def test_guessing(panel):
    """W03: after a few tries it takes longer and longer, for unknown names alike."""
    panel.account("guessed")
    for name in ("guessed", "nobody-at-all"):
        answers = [panel.browser().sign_in(name, f"wrong {number}") for number in range(8)]
        assert {answer.status for answer in answers} == {401, 429}, name
        assert answers[0].status == 401 and answers[-1].status == 429
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert answers[0].json["detail"] == "The name or the password is wrong."


def test_many_guesses(start):
    """W03: 200 passwords on one account, one password on 60 accounts; who knows it comes in."""
    panel = start("requests-per-s: 0")
    panel.account("target")
    for last, tries in ((101, [("target", f"guess {n}") for n in range(200)]),
                        (102, [(f"account-{n}", "Summer 2026!") for n in range(60)])):
        guesser = from_address(panel, last)
        answers = [guesser.sign_in(*words) for words in tries]
        judged = [answer for answer in answers if answer.status != 429]
        assert {answer.status for answer in judged} == {401}
        # Whoever waits as he is told may go on, slower and slower.
        assert answers[12].status == 429 and len(judged) < 20
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers
                   if answer.status == 429)
    assert from_address(panel, 103).sign_in("target", "a long password of target").status == 200


def test_same_time(start):
    """Whether a name exists is not told by the time, nor by the words."""
    panel = start()
    panel.account("known")
    panel.account("disabled")
    assert panel.local().patch("/accounts/disabled", {"enabled": False}).status == 200
    least = {}
    for last in range(110, 114):
        browser = from_address(panel, last)
        for name in ("known", "unknown", "disabled"):
            begun = time.monotonic()
            answer = browser.sign_in(name, "not the password")
            took = time.monotonic() - begun
            assert answer.status == 401
            assert answer.json["detail"] == "The name or the password is wrong."
            least[name] = min(took, least.get(name, took))
    assert max(least.values()) < 2.5 * min(least.values()), least


def test_guessing_inside(start):
    """Who found a browser open does not learn its password by trying, either."""
    panel = start()  # an address that has guessed has to wait in the others
    browser = panel.account("open")
    answers = [browser.put("/session/password", {"so-far": f"wrong {n}", "password": PASSWORD})
               for n in range(8)]
    assert answers[0].status == 403 and answers[-1].status == 429


def test_guessing_inside_around(start):
    """What is no try at the password makes nobody forget the tries before it."""
    panel = start()
    browser = panel.account("opened")
    guess = {"so-far": "a wrong password", "password": PASSWORD}
    answers = []
    for _ in range(8):
        answers.append(browser.put("/session/password", guess))
        assert browser.put("/session/password", guess, Authorization="Bearer x").status in (401, 429)
    assert answers[0].status == 403 and answers[-1].status == 429


def test_no_room_is_no_guess(start):
    """Sign-ins that nobody had time to look at do not slow down the ones after them."""
    panel = start("requests-per-s: 0\nmax-per-address: 100")
    panel.account("patient")
    script = panel.token("busy")
    late = from_address(panel, 122)
    with contextlib.closing(sqlite3.connect(panel.data / "causeway.db", isolation_level=None)) as store, \
            concurrent.futures.ThreadPoolExecutor(90) as pool:
        store.execute("BEGIN IMMEDIATE")  # whoever writes now, waits
        busy = [pool.submit(script.get, "/partners") for _ in range(90)]
        wait_until(lambda: late.get("/session").status == 503, 10, "everybody busy")
        refused = [late.sign_in("patient", "a long password of patient").status for _ in range(6)]
        store.execute("COMMIT")
        concurrent.futures.wait(busy)
    assert refused == [503] * 6
    assert late.sign_in("patient", "a long password of patient").status == 200


def test_large_sign_in(panel):
    """A stranger's body is not read further than a name and a password can be long."""
    browser = panel.account("brief")
    for ask, path, names in ((panel.browser().post, "/session", ("name", "password")),
                             (browser.put, "/session/password", ("so-far", "password"))):
        assert ask(path, dict.fromkeys(names, "\U0001f600" * 256)).status in (401, 403, 429)
        assert ask(path, dict.fromkeys(names, "x" * 20000)).status == 413
    assert browser.get("/session").status == 200


def test_socket(panel):
    """Who may open it is an administrator there, without a password."""
    local = panel.local()
    assert local.get("/session").json["role"] == "administrator"
    assert local.post("/session", {"name": "a", "password": "b"}).status == 400
    mode = panel.socket.stat().st_mode
    assert stat.S_ISSOCK(mode) and mode & 0o007 == 0
