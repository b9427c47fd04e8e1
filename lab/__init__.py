"""The loopback lab: a DNS server, a test CA, Prosody as the XMPP partner, Kamailio as the SIP
platform, Causeway between them, and real clients at both ends.

`./run` (lab.run) shows it to people; tests/interop drives the same classes. Every server runs from
files of its own below one data directory, on loopback addresses, and ends with the program that
started it.
"""
