"""Kamailio reached by TLS: it shows a certificate, asks for the gateway's, and refuses others.

Needs the package kamailio-tls-modules.
"""

from .ca import Authority, Pair
from .kamailio import Kamailio
from .process import require_free
from .settings import Settings

TLS_PORT = 5061


def _with_tls(text: str, address: str, pair: Pair, authority: Authority) -> str:
    """The configuration with a TLS listener, and with TLS on the way to the gateway."""
    first = 'loadmodule "'
    return (text.replace("disable_tls=yes", f"enable_tls=yes\nlisten=tls:{address}:{TLS_PORT}")
            .replace('$proto == "tcp"', '$proto == "tls"')
            .replace(first, f'{first}tls.so"\n{first}', 1)
            .replace("\nmodparam(", f"""
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "private_key", "{pair.key}")
modparam("tls", "certificate", "{pair.certificate}")
modparam("tls", "ca_list", "{authority.certificate}")
modparam("tls", "verify_certificate", 1)
modparam("tls", "require_certificate", 1)

modparam(""", 1))


class TlsKamailio(Kamailio):
    """The way between it and the gateway is TLS, users still sign in by UDP."""

    def __init__(self, settings: Settings, pair: Pair, authority: Authority):
        super().__init__(settings, "tls")
        port = f":{settings.gateway[1]};transport=tls"
        text = self._text.replace(port, f":{TLS_PORT};transport=tls")
        self._text = _with_tls(text, self.address[0], pair, authority)

    def start(self) -> "TlsKamailio":
        require_free((self.address[0], TLS_PORT))
        super().start()
        return self
