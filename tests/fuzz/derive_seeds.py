#!/usr/bin/python3
"""Writes seeds for the fuzz targets from what the other tests already hold: OUT/<target>/<name>.

The vectors and the torture messages stay in one place; seeds/ has only what nobody else has.
"""

import json
import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
MAX_BYTES = 4096

LETTERS = {"dns": "D", "dNSName": "D", "srv": "S", "srvName": "S", "xmppAddr": "X", "cn": "C"}


def vectors(topic):
    return json.loads((TESTS / "vectors" / f"{topic}.json").read_text())["vectors"]


def strings(value):
    """Every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def crlf(text):
    return re.sub(r"\r?\n", "\r\n", text) + ("" if "\n\n" in text or "\r\n\r\n" in text else "\r\n\r\n")


def of_jids():
    for v in vectors("jid"):
        if isinstance(v.get("jid"), str):
            yield "jid", v["id"], v["jid"]


def of_addresses():
    for v in vectors("stox-core"):
        for i, text in enumerate(s for s in (v.get("input"), v.get("expected")) if isinstance(s, str)):
            yield "address", f"{v['id']}-{i}", text
            yield "jid", f"{v['id']}-{i}", text


def of_presence():
    for v in vectors("stox-presence"):
        for i, text in enumerate(s for s in (v.get("input"), v.get("output")) if isinstance(s, str)):
            if "urn:ietf:params:xml:ns:pidf" in text:
                yield "pidf", f"{v['id']}-{i}", text[text.index("\n\n"):].strip()
            if not text.lstrip().startswith("<"):
                for target in ("sip_message", "sip_framing"):
                    yield target, f"{v['id']}-{i}", crlf(text)


def of_messages():
    for v in vectors("stox-im"):
        for i, text in enumerate(s for s in (v.get("input"), v.get("output")) if isinstance(s, str)):
            if text.lstrip().startswith("<"):
                yield "message_x2s", f"{v['id']}-{i}", text
                yield "xml_reader", f"{v['id']}-{i}", f"<stream xmlns='jabber:server'>{text}</stream>"
            else:
                for target in ("message_s2x", "sip_message", "sip_framing"):
                    yield target, f"{v['id']}-{i}", crlf(text)


def of_torture():
    for file in (TESTS / "data" / "sip-torture").rglob("*.dat"):
        for target in ("sip_message", "sip_framing", "message_s2x"):
            yield target, file.stem, file.read_bytes()


def of_streams():
    for topic in ("dialback", "sasl-external-certificates"):
        for v in vectors(topic):
            for i, step in enumerate(v.get("steps") or []):
                if isinstance(step, dict) and step.get("xml"):
                    yield "xml_reader", f"{v['id']}-{i}", step["xml"]


def of_certificates():
    for v in vectors("sasl-external-certificates"):
        names = v.get("certificate")
        if isinstance(names, dict):
            lines = [LETTERS[kind] + name for kind in names if kind in LETTERS
                     for name in strings(names[kind])]
            yield "cert_name", v["id"], "\n".join([str(v.get("asserted_domain", "")), *lines, ""])


def of_files():
    example = TESTS.parent / "packaging" / "causeway.yaml.example"
    if example.exists():
        yield "config", "example", example.read_text()
    for file in sorted((TESTS / "unit" / "import" / "data").glob("[!.]*")):
        yield "import", file.name, file.read_bytes()


def main(out):
    for source in (of_jids, of_addresses, of_presence, of_messages, of_torture, of_streams,
                   of_certificates, of_files):
        for target, name, content in source():
            content = content if isinstance(content, bytes) else content.encode()
            folder = out / target
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"derived-{name}").write_bytes(content[:MAX_BYTES])


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
