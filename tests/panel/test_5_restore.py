"""Two administrators, one of whom brings back a revision that he looked at a while ago."""

PATH = "/partners/restore.test"


def revision_of(who, action):
    rows = who.get(f"/audit?object=restore.test&action={action}".replace(" ", "%20")).json["audit"]
    return f"/audit/{rows[0]['id']}/restore"


def test_not_over_somebody_elses_change(panel):
    local = panel.local()
    anna, bert = panel.account("restore-anna"), panel.account("restore-bert")
    local.post("/partners", {"domain": "restore.test", "type": "Federated"})
    restore = revision_of(local, "partner new")
    seen = anna.post(f"{restore}?dry_run=true", {}).json
    assert not seen["saved"] and seen["before"]["version"] == 1
    assert anna.post(restore, {}).status == 428
    bert.patch(PATH, {"tls": "Optional"}, **{"If-Match": '"1"'})
    answer = anna.post(restore, {}, **{"If-Match": '"1"'})
    assert answer.status == 412 and answer.json["conflict"]["who"] == "restore-bert"
    assert local.get(PATH).json["tls"] == "Optional"
    answer = anna.post(restore, {}, **{"If-Match": '"2"'})
    assert (answer.status, answer.headers["etag"]) == (200, '"3"'), answer
    assert local.get(PATH).json["tls"] == "Required"


def test_what_was_removed(panel):
    """There is no version to have seen: the session says so with an asterisk."""
    local, anna = panel.local(), panel.account("restore-carl")
    local.ask("DELETE", PATH)
    local.post("/partners", {"domain": "restore.test"})
    local.ask("DELETE", PATH)
    restore = revision_of(local, "partner remove")
    assert anna.post(restore, {}, **{"If-Match": '"1"'}).status == 412
    assert anna.post(restore, {}, **{"If-Match": "*"}).status == 200
    assert local.get(PATH).status == 200
    rule = local.ask("PUT", "/access", {"xmpp": False})
    tag = {"If-Match": rule.headers["etag"]}
    rule = local.get("/audit?action=access").json["audit"][0]["id"]
    assert anna.post(f"/audit/{rule}/restore", {}, **{"If-Match": '"1"'}).status == 412
    assert anna.post(f"/audit/{rule}/restore", {}, **tag).status == 200
    assert anna.post(f"/audit/{rule}/restore", {}, **tag).status == 412
    assert anna.post(f"/audit/{rule}/restore", {}, **{"If-Match": "*"}).status == 200
    local.ask("DELETE", "/access")
