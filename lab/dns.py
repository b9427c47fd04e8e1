"""A small DNS server for both domains: dnsmasq on a loopback address and port of its own."""

from .process import Server, require_free
from .settings import LOCAL_DOMAIN, PARTNER_DOMAIN, Settings


_HEAD = """# Nothing is forwarded: what is not here does not exist.
no-resolv
no-hosts
no-poll
local=/test/
"""


def _records(settings: Settings, edge_name: str) -> str:
    edge, prosody, kamailio = settings.edge, settings.prosody, settings.kamailio
    return f"""{_HEAD}local-ttl=5
host-record=edge.{LOCAL_DOMAIN},{edge[0]}
host-record=sip.{LOCAL_DOMAIN},{kamailio[0]}
host-record=xmpp.{PARTNER_DOMAIN},{prosody[0]}
srv-host=_xmpp-server._tcp.{LOCAL_DOMAIN},{edge_name},{edge[1]},0,5
srv-host=_xmpp-server._tcp.{PARTNER_DOMAIN},xmpp.{PARTNER_DOMAIN},{prosody[1]},0,5
srv-host=_xmpp-client._tcp.{PARTNER_DOMAIN},xmpp.{PARTNER_DOMAIN},{settings.client_port},0,5
srv-host=_sip._udp.{LOCAL_DOMAIN},sip.{LOCAL_DOMAIN},{kamailio[1]},0,5
srv-host=_sip._tcp.{LOCAL_DOMAIN},sip.{LOCAL_DOMAIN},{kamailio[1]},0,5
"""


class DnsServer(Server):
    """edge_by_address: the SRV record of the local domain has the edge's address as its target, for
    servers that ask the C library, and so not this server, for the addresses of targets."""

    def __init__(self, settings: Settings, edge_by_address: bool = False):
        directory = settings.data / "dns"
        self.address = settings.dns
        self.config = directory / "dnsmasq.conf"
        self._text = _records(settings, settings.edge[0] if edge_by_address
                              else f"edge.{LOCAL_DOMAIN}")
        super().__init__("DNS server", [
            "dnsmasq", "--keep-in-foreground", f"--conf-file={self.config}", "--pid-file=",
            "--user=", "--group=", "--log-facility=-", "--bind-interfaces", "--except-interface=",
            f"--listen-address={self.address[0]}", f"--port={self.address[1]}"], directory)

    def start(self) -> "DnsServer":
        require_free(self.address, ("udp", "tcp"), " (--base) or another port (--dns-port)")
        self.directory.mkdir(parents=True, exist_ok=True)
        self.config.write_text(self._text)
        super().start()
        self.wait_port(self.address)
        return self


class ZoneServer(DnsServer):
    """Serves the SRV and A records of a zone that is written as for a NameServer: faster than that
    one, where hundreds of questions come at once."""

    def __init__(self, settings: Settings, zone: dict):
        super().__init__(settings)
        lines = [f"srv-host={name},{target},{port},{priority},{weight}"
                 for name, entry in zone.items() for priority, weight, port, target in entry.SRV]
        lines += [f"address=/{name}/{ip}" for name, entry in zone.items() for ip in entry.A]
        self._text = f"{_HEAD}local-ttl=600\n" + "\n".join(lines) + "\n"
