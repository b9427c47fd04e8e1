"""Presence documents (PIDF, RFC 3863, with RPID and the person of RFC 4479): what the lab's SIP
users publish, and a strict reader of what they are told."""

import dataclasses
import re
import xml.etree.ElementTree as tree
from xml.sax.saxutils import escape

_PIDF = "{urn:ietf:params:xml:ns:pidf}"
_MODEL = "{urn:ietf:params:xml:ns:pidf:data-model}"
_RPID = "{urn:ietf:params:xml:ns:pidf:rpid}"
_SHOW = "{jabber:client}show"
_NAME = re.compile(r"[A-Za-z_][\w.\-]*")


@dataclasses.dataclass(frozen=True)
class State:
    """What one device says of its user."""

    is_open: bool = True
    activity: str = ""  #: of RPID: "away", "busy", ...
    note: str = ""  #: of the person
    device: str = "phone"

    def document(self, address: str) -> str:
        person = (f"<rpid:activities><rpid:{self.activity}/></rpid:activities>"
                  if self.activity else "")
        person += f"<dm:note>{escape(self.note)}</dm:note>" if self.note else ""
        if person:
            person = f'<dm:person id="p-{self.device}">{person}</dm:person>'
        return f"""<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"
 xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="sip:{address}">
<tuple id="{self.device}"><status><basic>{"open" if self.is_open else "closed"}</basic></status>
<contact>sip:{address}</contact></tuple>
{person}
</presence>"""


@dataclasses.dataclass(frozen=True)
class Tuple:
    id: str
    is_open: bool
    show: str = ""


@dataclasses.dataclass(frozen=True)
class Document:
    entity: str
    tuples: tuple = ()
    activities: tuple = ()  #: of the person
    notes: tuple = ()  #: of anybody

    @property
    def is_open(self) -> bool:
        """Whether the user is there at all."""
        return any(each.is_open for each in self.tuples)

    @property
    def open_ids(self) -> list:
        return sorted(each.id for each in self.tuples if each.is_open)

    @property
    def shows(self) -> list:
        return sorted(each.show for each in self.tuples if each.is_open)


def read(text: str) -> Document:
    """What a document says; ValueError when it breaks a rule of its schema."""
    root = tree.fromstring(text.encode())
    _require(root.tag == _PIDF + "presence", "the root is not <presence/>")
    _require(re.fullmatch(r"(pres|sip):[^\s@]+@[^\s@]+", root.get("entity", "")),
             f"entity {root.get('entity')!r} is no address of a user")
    ids = [element.get("id", "") for element in root.iter() if "id" in element.attrib]
    _require(len(ids) == len(set(ids)), f"ids are not unique: {ids}")
    _require(all(_NAME.fullmatch(each) for each in ids), f"an id is no xs:ID: {ids}")
    # tuples, then notes, then what is of other namespaces
    _require_order(root, (_PIDF + "tuple", _PIDF + "note", None))
    person = root.find(_MODEL + "person")
    activities = person.find(_RPID + "activities") if person is not None else None
    return Document(
        entity=root.get("entity"), tuples=tuple(map(_tuple, root.findall(_PIDF + "tuple"))),
        activities=tuple(each.tag.partition("}")[2] for each in
                         (activities if activities is not None else ())),
        notes=tuple(each.text or "" for each in root.iter()
                    if each.tag in (_PIDF + "note", _MODEL + "note")))


def _tuple(element) -> Tuple:
    _require("id" in element.attrib, "a tuple has no id")
    _require_order(element, (_PIDF + "status", None, _PIDF + "contact", _PIDF + "note",
                             _PIDF + "timestamp"))
    _require(len(element.findall(_PIDF + "status")) == 1, "a tuple needs one <status/>")
    basic = element.findtext(f"{_PIDF}status/{_PIDF}basic", "open").strip()
    _require(basic in ("open", "closed"), f"<basic>{basic}</basic>")
    for contact in element.findall(_PIDF + "contact"):
        _require(re.fullmatch(r"0(\.\d{1,3})?|1(\.0{1,3})?", contact.get("priority", "1")),
                 f"priority {contact.get('priority')!r}")
    return Tuple(element.get("id"), basic == "open", element.findtext(f"{_PIDF}status/{_SHOW}", ""))


def _require_order(element, order) -> None:
    """Children of PIDF's own come in that order; None stands for those of other namespaces."""
    def place(child):
        return order.index(child.tag if child.tag.startswith(_PIDF) else None)
    _require(all(child.tag in order for child in element if child.tag.startswith(_PIDF)),
             f"unknown child in {element.tag}")
    places = [place(child) for child in element]
    _require(places == sorted(places), f"children of {element.tag} in a wrong order")


def _require(holds, problem: str) -> None:
    if not holds:
        raise ValueError(problem)
