/* The words for each failure: what an administrator reads instead of "remote-server-not-found". */
#include "policy/failure_priv.h"

static const struct cw_failure_words rows[CW_N_FAILURES] = {
    [CW_FAIL_NONE] = {"none", CW_SIDE_OURS, true, "Nothing is wrong.", "Nothing needs to change."},

    /* --- DNS */
    [CW_FAIL_NO_DOMAIN] = {"no-such-domain", CW_SIDE_PARTNER, false,
                           "{domain} does not exist in the DNS.",
                           "Check here how the domain is spelt; if it is right, the partner must "
                           "register it or publish its records."},
    [CW_FAIL_NO_ADDRESS] = {"no-address", CW_SIDE_PARTNER, false,
                            "{domain} has no SRV record for XMPP servers and no address of its "
                            "own.",
                            "The partner must publish the SRV record _xmpp-server._tcp.{domain}; "
                            "until then set the partner's proxy FQDN here."},
    [CW_FAIL_NO_TARGET_ADDRESS] = {"no-target-address", CW_SIDE_PARTNER, false,
                                   "The SRV records of {domain} name hosts that have no address.",
                                   "The partner must publish A or AAAA records for the hosts that "
                                   "its SRV records name."},
    [CW_FAIL_NO_SERVICE] = {"no-service", CW_SIDE_PARTNER, false,
                            "{domain} says in the DNS that it has no XMPP server for others (SRV "
                            "target \".\").",
                            "The partner must publish the SRV record of its server if it wants to "
                            "federate."},
    [CW_FAIL_DNS_FAILED] = {"dns-failed", CW_SIDE_PARTNER, false,
                            "The name servers of {domain} answer with an error, or not at all.",
                            "The partner must repair its name servers; if other domains fail too, "
                            "look at our resolver."},
    [CW_FAIL_DNS_TIMEOUT] = {"dns-timeout", CW_SIDE_NETWORK, false,
                             "No name server answered in time when {domain} was looked up.",
                             "See that our resolver is reachable; if other domains work, the "
                             "partner's name servers are down or cut off."},
    [CW_FAIL_DNS_BOGUS] = {"dns-bogus", CW_SIDE_PARTNER, false,
                           "DNSSEC shows the DNS answer for {domain} to be forged or wrongly "
                           "signed.",
                           "The partner must sign its zone anew; if other signed domains fail "
                           "too, look at the clock and the trust anchor here."},
    [CW_FAIL_TARGET_REFUSED] = {"target-refused", CW_SIDE_OURS, false,
                                "Our settings refuse to connect to {address}, where {domain} is to "
                                "be found.",
                                "Take the network out of refused-targets here, or let the partner "
                                "publish an address that is allowed."},

    [CW_FAIL_OWN_ADDRESS] = {"own-address", CW_SIDE_PARTNER, false,
                             "{address}, where the DNS leads for {domain}, is this server itself.",
                             "The partner must correct its SRV record; or, if the domain is one of "
                             "ours, take the partner away and add it to local-domains here."},

    /* --- TCP, and whether there is XMPP behind it */
    [CW_FAIL_CONNECTION_REFUSED] = {"connection-refused", CW_SIDE_PARTNER, false,
                                    "{address} refuses the connection.",
                                    "The partner must start its XMPP server or open its port; or "
                                    "its SRV record names a wrong port."},
    [CW_FAIL_UNREACHABLE] = {"unreachable", CW_SIDE_NETWORK, false,
                             "{address} cannot be reached[: {detail}].",
                             "Look at routes and firewalls between here and there, and at "
                             "edge.source-address."},
    [CW_FAIL_CONNECT_TIMEOUT] = {"connect-timeout", CW_SIDE_NETWORK, false,
                                 "{address} does not answer the attempt to connect.",
                                 "A firewall on one side drops the packets, or the partner's host "
                                 "is down: outbound TCP must be allowed here, inbound there."},
    [CW_FAIL_SILENT_PEER] = {"silent-peer", CW_SIDE_PARTNER, false,
                             "{address} took the connection and never sent a stream header.",
                             "The partner's server hangs, or something else listens on that port: "
                             "the partner must look."},
    [CW_FAIL_NOT_XMPP] = {"not-xmpp", CW_SIDE_PARTNER, false,
                          "What {address} sends is no XMPP stream between servers[: {detail}].",
                          "The partner must correct the port in its SRV record: 5269 is usual, "
                          "5222 is for clients."},
    [CW_FAIL_PLAIN_ON_TLS_PORT] = {"plain-text-on-tls-port", CW_SIDE_PARTNER, false,
                                   "{address} answers in plain text where TLS was announced.",
                                   "The partner must speak TLS on the port that its "
                                   "_xmpps-server SRV record names, or take that record away."},
    [CW_FAIL_TLS_ON_PLAIN_PORT] = {"tls-on-plain-port", CW_SIDE_PARTNER, false,
                                   "{address} speaks TLS from the first byte where a plain stream "
                                   "header was expected.",
                                   "The partner must publish that port as _xmpps-server, or let "
                                   "its _xmpp-server record name its STARTTLS port."},
    [CW_FAIL_CLOSED_WITHOUT_WORD] = {"closed-without-word", CW_SIDE_PARTNER, false,
                                     "The partner's server closed the connection before the stream "
                                     "was ready and gave no reason[ ({detail})].",
                                     "The partner must look into its server's log; a firewall or "
                                     "an overloaded server does this too."},

    /* --- TLS */
    [CW_FAIL_STARTTLS_NOT_OFFERED] = {"starttls-not-offered", CW_SIDE_PARTNER, false,
                                      "The server of {domain} does not offer TLS, and our settings "
                                      "need it.",
                                      "The partner must enable TLS; or set TLS to Optional for it "
                                      "here."},
    [CW_FAIL_STARTTLS_REFUSED] = {"starttls-refused", CW_SIDE_PARTNER, false,
                                  "The server of {domain} did not start TLS, and our settings "
                                  "need it.",
                                  "The partner must repair TLS on its server, its certificate most "
                                  "likely; or set TLS to Optional for it here."},
    [CW_FAIL_TLS_NOT_SUPPORTED] = {"tls-not-supported", CW_SIDE_OURS, false,
                                   "{domain} requires TLS, and our settings forbid it for this "
                                   "partner.",
                                   "Set TLS to Optional or Required for the partner here."},
    [CW_FAIL_TLS_ALERT] = {"tls-alert", CW_SIDE_PARTNER, false,
                           "The server of {domain} broke the TLS handshake off with the alert "
                           "\"{detail}\".",
                           "Let the partner say what its server found wrong; often it does not "
                           "trust our certificate."},
    [CW_FAIL_TLS_VERSION] = {"tls-version", CW_SIDE_PARTNER, false,
                             "The server of {domain} speaks no TLS version that is accepted here "
                             "(1.2 and 1.3).",
                             "The partner must enable TLS 1.2 or newer on its server."},
    [CW_FAIL_TLS_TIMEOUT] = {"tls-timeout", CW_SIDE_PARTNER, false,
                             "The TLS handshake with the server of {domain} was never finished.",
                             "The partner must see why its server stops in the handshake; "
                             "firewalls that inspect TLS do this too."},
    [CW_FAIL_TLS_FAILED] = {"tls-failed", CW_SIDE_PARTNER, false,
                            "The TLS handshake with the server of {domain} failed[: {detail}].",
                            "Compare TLS versions, ciphers and certificates of both sides."},

    /* --- the partner's certificate */
    [CW_FAIL_CERT_NONE] = {"certificate-none", CW_SIDE_PARTNER, false,
                           "The server of {domain} showed no certificate, and our settings need "
                           "one.",
                           "The partner must let its server send its certificate on streams to "
                           "other servers; or allow dialback for it here."},
    [CW_FAIL_CERT_SELF_SIGNED] = {"certificate-self-signed", CW_SIDE_PARTNER, false,
                                  "The certificate of {domain} is self-signed.",
                                  "The partner must get a certificate from an authority that is "
                                  "trusted here; or pin its key, or allow dialback over TLS for "
                                  "it."},
    [CW_FAIL_CERT_EXPIRED] = {"certificate-expired", CW_SIDE_PARTNER, false,
                              "The certificate of {domain} has expired[ ({detail})].",
                              "The partner must renew it and see that its server uses the new "
                              "one."},
    [CW_FAIL_CERT_NOT_YET_VALID] = {"certificate-not-yet-valid", CW_SIDE_PARTNER, false,
                                    "The certificate of {domain} is not valid yet.",
                                    "See that the clocks of both sides are right; else the partner "
                                    "must use a certificate that is valid now."},
    [CW_FAIL_CERT_WRONG_NAME] = {"certificate-wrong-name", CW_SIDE_PARTNER, false,
                                 "The certificate that the partner's server showed does not name "
                                 "{domain}[, but {detail}].",
                                 "The partner must get a certificate that names {domain}; the name "
                                 "of its host does not count."},
    [CW_FAIL_CERT_UNKNOWN_CA] = {"certificate-unknown-ca", CW_SIDE_PARTNER, false,
                                 "The certificate of {domain} comes from an authority that is not "
                                 "trusted here, or its chain is incomplete[ (issuer {detail})].",
                                 "The partner must send the whole chain; if its authority is one "
                                 "of its own, make that the partner's trust anchor here."},
    [CW_FAIL_CERT_REVOKED] = {"certificate-revoked", CW_SIDE_PARTNER, false,
                              "The certificate of {domain} was revoked by its authority.",
                              "The partner must get a new key and certificate: somebody else may "
                              "have the old key."},
    [CW_FAIL_CERT_WEAK] = {"certificate-weak", CW_SIDE_PARTNER, false,
                           "The certificate of {domain} uses a key or a signature that is too "
                           "weak.",
                           "The partner must get a certificate with an RSA key of 2048 bits or an "
                           "elliptic curve, signed with SHA-256 or better."},
    [CW_FAIL_CERT_PURPOSE] = {"certificate-purpose", CW_SIDE_PARTNER, false,
                              "The certificate of {domain} was not made for TLS.",
                              "The partner must use a certificate whose key usages allow TLS "
                              "(serverAuth)."},
    [CW_FAIL_CERT_PIN] = {"certificate-pin", CW_SIDE_PARTNER, false,
                          "The certificate of {domain} has another key, or another authority, than "
                          "the one that is set for this partner.",
                          "Ask the partner, not by XMPP, whether it changed its key: if so set the "
                          "new pin here, if not somebody is in between."},
    [CW_FAIL_CERT_DANE] = {"certificate-dane", CW_SIDE_PARTNER, false,
                           "The certificate of {domain} fits none of the TLSA records that the DNS "
                           "has for its server.",
                           "The partner must publish TLSA records for its present certificate."},
    [CW_FAIL_CERT_NO_STAPLE] = {"certificate-no-staple", CW_SIDE_PARTNER, false,
                                "The server of {domain} shows no valid OCSP staple, which our "
                                "settings or its certificate require.",
                                "The partner must enable OCSP stapling; or do not require a "
                                "staple here."},
    [CW_FAIL_CERT_UNTRUSTED] = {"certificate-untrusted", CW_SIDE_PARTNER, false,
                                "The certificate of {domain} does not verify[: {detail}].",
                                "The partner must repair it; or allow dialback over TLS for it "
                                "here."},

    /* --- authentication */
    [CW_FAIL_EXTERNAL_NOT_OFFERED] = {"external-not-offered", CW_SIDE_PARTNER, false,
                                      "The server of {domain} does not let us authenticate by "
                                      "certificate (it does not offer SASL EXTERNAL), and our "
                                      "settings need that.",
                                      "The partner must see that its server trusts our certificate "
                                      "and asks for it; or allow dialback over TLS here."},
    [CW_FAIL_EXTERNAL_REFUSED] = {"external-refused", CW_SIDE_PARTNER, false,
                                  "The server of {domain} refused our certificate (SASL "
                                  "EXTERNAL[: {detail}]).",
                                  "See that our certificate names {local}, has not expired and "
                                  "comes with its chain; the partner must trust its authority."},
    [CW_FAIL_DIALBACK_NOT_OFFERED] = {"dialback-not-offered", CW_SIDE_PARTNER, false,
                                      "The server of {domain} does not offer dialback, and our "
                                      "settings leave no other way.",
                                      "The partner must enable dialback; or let both sides use "
                                      "certificates (SASL)."},
    [CW_FAIL_DIALBACK_NOT_ALLOWED] = {"dialback-not-allowed", CW_SIDE_OURS, false,
                                      "Only dialback is left with {domain}, and our settings do "
                                      "not allow it on such a stream.",
                                      "Allow dialback for the partner here; or let both sides use "
                                      "certificates (SASL over TLS)."},
    [CW_FAIL_DIALBACK_INVALID] = {"dialback-invalid", CW_SIDE_PARTNER, false,
                                  "The dialback key was called invalid, so the domain is not "
                                  "proven.",
                                  "See that the DNS leads each domain to its own server and that "
                                  "all servers of a domain share one dialback secret."},
    [CW_FAIL_DIALBACK_TIMEOUT] = {"dialback-timeout", CW_SIDE_PARTNER, false,
                                  "The server of {domain} never answered our dialback key.",
                                  "Most likely it cannot connect back: see that the SRV record of "
                                  "{local} and our port 5269 are right as seen from there."},
    [CW_FAIL_DIALBACK_ERROR] = {"dialback-error", CW_SIDE_PARTNER, false,
                                "Dialback with {domain} ended in an error[: {detail}].",
                                "See that each side's SRV record and port 5269 can be reached from "
                                "the other side."},
    [CW_FAIL_NOTHING_OFFERED] = {"nothing-offered", CW_SIDE_PARTNER, false,
                                 "There is no way to authenticate that both {domain} and our "
                                 "settings allow.",
                                 "Change TLS, SASL or dialback on one of the two sides."},
    [CW_FAIL_SETTINGS_INVALID] = {"settings-invalid", CW_SIDE_OURS, false,
                                  "The TLS, SASL and dialback settings of {domain} cannot work "
                                  "together.",
                                  "Change them here: causeway explain negotiation shows what "
                                  "they allow."},
    [CW_FAIL_ESTABLISHMENT_TIMEOUT] = {"establishment-timeout", CW_SIDE_PARTNER, false,
                                       "The stream with {domain} was not authenticated in time[: "
                                       "{detail}].",
                                       "The partner must look why its server does not go on; see "
                                       "also that both sides allow the same method."},
    [CW_FAIL_TOO_MANY_STREAMS] = {"too-many-streams", CW_SIDE_OURS, false,
                                  "The limit of streams with {domain}, or of all streams, is "
                                  "reached here.",
                                  "Raise partner-connection-limit or connection-limit here, or see "
                                  "why the partner opens so many."},

    /* --- what the partner's server says of us */
    [CW_FAIL_PARTNER_POLICY_VIOLATION] = {"partner-policy-violation", CW_SIDE_PARTNER, false,
                                          "The server of {domain} says that we violate its policy "
                                          "(policy-violation[: {detail}]).",
                                          "Ask the partner whether {local} is listed there as a "
                                          "federated domain and what security it asks for."},
    [CW_FAIL_NOT_LISTED_THERE] = {"not-listed-there", CW_SIDE_PARTNER, false,
                                  "The server of {domain} does not take {local} for a domain that "
                                  "may connect ({detail}).",
                                  "The partner must list {local} as a federated domain on its "
                                  "side; if its words speak of a certificate, it must trust ours."},
    [CW_FAIL_NOT_SERVED_THERE] = {"not-served-there", CW_SIDE_PARTNER, false,
                                  "The server that the DNS names for {domain} says that it does "
                                  "not serve that domain ({detail}).",
                                  "The partner must correct its SRV record or set the domain up on "
                                  "that server; see the partner's proxy FQDN here."},
    [CW_FAIL_PARTNER_LIMIT] = {"partner-limit", CW_SIDE_PARTNER, false,
                               "The server of {domain} has no room for this stream "
                               "(resource-constraint[: {detail}]).",
                               "The partner must raise its limits or find out what fills them."},
    [CW_FAIL_PARTNER_SHUTDOWN] = {"partner-shutdown", CW_SIDE_PARTNER, true,
                                  "The server of {domain} is going down.",
                                  "Nothing needs to change; the stream comes back with it."},
    [CW_FAIL_PARTNER_ERROR] = {"partner-stream-error", CW_SIDE_PARTNER, false,
                               "The server of {domain} ended the stream with an error ({detail}).",
                               "Let the partner look into its server's log at this time."},

    /* --- inbound */
    [CW_FAIL_STRANGER] = {"not-a-partner", CW_SIDE_OURS, false,
                          "{domain} is no enabled partner here.",
                          "Add or enable it here if it shall federate: causeway partner new "
                          "{domain}."},
    [CW_FAIL_NOT_OUR_DOMAIN] = {"not-our-domain", CW_SIDE_PARTNER, false,
                                "The server of {domain} asked for a domain that is not served "
                                "here[: {detail}].",
                                "See that the DNS of that domain rightly leads here; if so add it "
                                "to local-domains here."},
    [CW_FAIL_PROTOCOL] = {"protocol-error", CW_SIDE_PARTNER, false,
                          "What the server of {domain} sent breaks the rules of XMPP[: {detail}].",
                          "The partner must repair or update its server."},

    /* --- after READY */
    [CW_FAIL_CONNECTION_LOST] = {"connection-lost", CW_SIDE_NETWORK, false,
                                 "The connection with the server of {domain} broke[: {detail}].",
                                 "If it happens again and again, look at firewalls that forget "
                                 "quiet connections (keep-alive) and at the partner's server."},
    [CW_FAIL_STUCK] = {"partner-does-not-read", CW_SIDE_PARTNER, false,
                       "The server of {domain} did not read what was sent to it, so the stream "
                       "was given up.",
                       "The partner must see why its server is overloaded or hangs."},
    [CW_FAIL_POLICY_CHANGED] = {"policy-changed", CW_SIDE_OURS, true,
                                "The settings for {domain} were changed here and this stream does "
                                "not satisfy them any more.",
                                "Nothing needs to change; a new stream follows the new "
                                "settings."},
    [CW_FAIL_CLOSED_BY_ADMINISTRATOR] = {"closed-by-administrator", CW_SIDE_OURS, true,
                                         "An administrator closed the stream here.",
                                         "Nothing needs to change."},
    [CW_FAIL_CLOSED_BY_PARTNER] = {"closed-by-partner", CW_SIDE_PARTNER, true,
                                   "The server of {domain} closed the stream.",
                                   "Nothing needs to change; a new stream is opened when it is "
                                   "needed."},
    [CW_FAIL_INACTIVITY] = {"inactivity", CW_SIDE_OURS, true,
                            "The stream was idle for so long that it was closed here.",
                            "Nothing needs to change; a new stream is opened when it is needed."},
    [CW_FAIL_NOT_NEEDED] = {"not-needed", CW_SIDE_OURS, true,
                            "The stream was made to verify a dialback key, and that is done.",
                            "Nothing needs to change."},
    [CW_FAIL_SHUTDOWN] = {"shutdown", CW_SIDE_OURS, true, "This server went down.",
                          "Nothing needs to change."},
    [CW_FAIL_OTHER] = {"other", CW_SIDE_PARTNER, false,
                       "The stream with {domain} ended[: {detail}].",
                       "Look into the logs of both sides at this time."},
};

const struct cw_failure_words *cw_failure_words(enum cw_failure failure)
{
    return &rows[(size_t)failure < CW_N_FAILURES ? failure : CW_FAIL_OTHER];
}
