"""Kamailio as the SIP platform of the local domain: registrar and routing, nothing more.

Alice and bob sign in with digest authentication; locations are kept in memory. A MESSAGE or
SUBSCRIBE to a local user goes to where that user is registered (404 when there is no such user, 480
when nobody is signed in), so that user agents answer SUBSCRIBE themselves; one to any other domain
goes to the gateway, and only for authenticated users. What follows in a dialog comes by here again
(Record-Route). With a presence server: kamailio_presence.py.
"""

from .process import Server, require_free
from .settings import ACCOUNTS, LOCAL_DOMAIN, Settings

_MODULES = ("tm", "sl", "rr", "pv", "maxfwd", "textops", "siputils", "usrloc", "registrar", "auth",
            "htable", "corex")

_ROUTES = """
request_route {
    if (!mf_process_maxfwd_header("10")) {
        sl_send_reply("483", "Too Many Hops");
        exit;
    }
    if (is_method("OPTIONS")) {
        sl_send_reply("200", "OK");
        exit;
    }
    if (has_totag()) {
        route(WITHIN_DIALOG);
    }
    if (is_method("REGISTER")) {
        route(REGISTRATION);
    } else if (is_method("MESSAGE|SUBSCRIBE")) {
        route(TO_USER);
    } else if (is_method("PUBLISH")) {
        route(PUBLICATION);
    }
    sl_send_reply("405", "Method Not Allowed");
    exit;
}

# Leaves $var(password) of the user who claims to send this; refuses everybody else.
route[WHO] {
    if ($fd != "LOCAL_DOMAIN" || $sht(users=>$fU) == $null) {
        sl_send_reply("403", "Only users of this platform may send");
        exit;
    }
    $var(password) = $sht(users=>$fU);
}

route[REGISTRATION] {
    route(WHO);
    if (!pv_www_authenticate("LOCAL_DOMAIN", "$var(password)", "0") || $au != $fU || $tU != $fU) {
        www_challenge("LOCAL_DOMAIN", "0");
        exit;
    }
    if (!save("location")) {
        sl_reply_error();
    }
    exit;
}

route[WITHIN_DIALOG] {
    if (loose_route()) {
        route(RELAY);
    }
    if (is_method("SUBSCRIBE")) {
        route(OUR_DIALOG);
    }
    if (!is_method("MESSAGE")) {
        sl_send_reply("481", "Call/Transaction Does Not Exist");
        exit;
    }
}

# Between loopback addresses a TCP connection comes from 127.0.0.1 unless it is bound.
route[IS_FROM_GATEWAY] {
    if ($si == "GATEWAY_ADDRESS"
            || ($proto == "tcp" && $si == "127.0.0.1" && $fd != "LOCAL_DOMAIN")) {
        return 1;
    }
    return -1;
}

route[PROVEN] {
    route(WHO);
    if (!pv_proxy_authenticate("LOCAL_DOMAIN", "$var(password)", "0") || $au != $fU) {
        proxy_challenge("LOCAL_DOMAIN", "0");
        exit;
    }
    consume_credentials();
}

route[TO_USER] {
    if (route(IS_FROM_GATEWAY)) {
        if ($rd != "LOCAL_DOMAIN") {
            sl_send_reply("403", "The gateway may write to users of this platform only");
            exit;
        }
        route(TO_LOCAL_USER);
    }
    route(PROVEN);
    if ($rd == "LOCAL_DOMAIN") {
        route(TO_LOCAL_USER);
    }
    if (is_method("SUBSCRIBE")) {
        record_route();
    }
    $du = "sip:GATEWAY_ADDRESS:GATEWAY_PORT;transport=TRANSPORT";
    route(RELAY);
}

route[TO_LOCAL_USER] {
    if ($sht(users=>$rU) == $null) {
        sl_send_reply("404", "Not Found");
        exit;
    }
    if (is_method("SUBSCRIBE")) {
        route(WATCH);
    }
    if (!lookup("location")) {
        sl_send_reply("480", "Temporarily Unavailable");
        exit;
    }
    route(RELAY);
}

route[RELAY] {
    if (!t_relay()) {
        sl_reply_error();
    }
    exit;
}
"""

#: what a platform without a presence server does
_DIRECT = """
route[WATCH] {
    record_route();
}

route[OUR_DIALOG] {
    sl_send_reply("481", "Subscription Does Not Exist");
    exit;
}

route[PUBLICATION] {
    sl_send_reply("405", "Method Not Allowed");
    exit;
}
"""


def _config(settings: Settings, transport: str, domain: str, more_modules, parameters: str,
            presence: str, crowd: int) -> str:
    address, port = settings.kamailio
    accounts = {name.split("@")[0]: password for name, password in ACCOUNTS.items()
                if name.endswith("@" + domain)}
    accounts.update({f"u{number}": "crowd-secret" for number in range(crowd)})
    users = "\n".join(f'    $sht(users=>{name}) = "{password}";'
                      for name, password in accounts.items())
    routes = ((_ROUTES + presence).replace("LOCAL_DOMAIN", domain)
              .replace("GATEWAY_ADDRESS", settings.gateway[0])
              .replace("GATEWAY_PORT", str(settings.gateway[1])).replace("TRANSPORT", transport))
    loads = "\n".join(f'loadmodule "{name}.so"' for name in (*_MODULES, *more_modules))
    return f"""#!KAMAILIO
# Written anew at each start.
debug=2
log_stderror=yes
fork=yes
children=2
tcp_children=2
auto_aliases=no
alias="{domain}"
listen=udp:{address}:{port}
listen=tcp:{address}:{port}
server_header="Server: Kamailio"
dns=no
rev_dns=no
use_dns_cache=no
disable_tls=yes
tcp_accept_no_cl=yes
tcp_connection_lifetime=605
tcp_source_ipv4={address}
max_while_loops=100

{loads}

modparam("tm", "fr_timer", 32000)
modparam("tm", "failure_reply_mode", 3)
modparam("tm", "auto_inv_100", 0)
modparam("usrloc", "db_mode", 0)
modparam("registrar", "max_expires", 3600)
modparam("registrar", "max_contacts", 1)
modparam("registrar", "method_filtering", 0)
modparam("htable", "htable", "users=>size=8;")
{parameters}
event_route[htable:mod-init] {{
{users}
}}
{routes}"""


class Kamailio(Server):
    """One Kamailio. transport ("udp" or "tcp") is the way from it to the gateway.

    crowd: users u0, u1, ... whom one can watch, and who never sign in.
    """

    def __init__(self, settings: Settings, transport: str = "udp", domain: str = LOCAL_DOMAIN,
                 crowd: int = 0, modules=(), parameters: str = "", presence: str = _DIRECT):
        directory = settings.data / "kamailio"
        self.address = settings.kamailio
        self.config = directory / "kamailio.cfg"
        self._text = _config(settings, transport, domain, modules, parameters, presence, crowd)
        super().__init__("Kamailio", [
            "kamailio", "-DD", "-E", "-f", self.config, "-m", "512", "-M", "16", "-P",
            directory / "kamailio.pid", "-Y", directory], directory)

    def start(self) -> "Kamailio":
        require_free(self.address, ("udp", "tcp"), " (--base) or another port (--sip-port)")
        self.directory.mkdir(parents=True, exist_ok=True)
        self.config.write_text(self._text)
        super().start()
        self.wait_port(self.address)
        return self
