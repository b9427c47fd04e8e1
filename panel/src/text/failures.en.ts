/* English: why an attempt failed and what to do, as the server tells it.  Its sentences are recognised
 * by these, gaps and all; what is in brackets may be missing. */
export const failuresEn = {
  "reason.none": "Nothing is wrong.",
  "advice.none": "Nothing needs to change.",
  "reason.no-such-domain": "{domain} does not exist in the DNS.",
  "advice.no-such-domain":
    "Check here how the domain is spelt; if it is right, the partner must register it or publish its records.",
  "reason.no-address": "{domain} has no SRV record for XMPP servers and no address of its own.",
  "advice.no-address":
    "The partner must publish the SRV record _xmpp-server._tcp.{domain}; until then set the partner's proxy FQDN here.",
  "reason.no-target-address": "The SRV records of {domain} name hosts that have no address.",
  "advice.no-target-address":
    "The partner must publish A or AAAA records for the hosts that its SRV records name.",
  "reason.no-service":
    "{domain} says in the DNS that it has no XMPP server for others (SRV target \".\").",
  "advice.no-service":
    "The partner must publish the SRV record of its server if it wants to federate.",
  "reason.dns-failed": "The name servers of {domain} answer with an error, or not at all.",
  "advice.dns-failed":
    "The partner must repair its name servers; if other domains fail too, look at our resolver.",
  "reason.dns-timeout": "No name server answered in time when {domain} was looked up.",
  "advice.dns-timeout":
    "See that our resolver is reachable; if other domains work, the partner's name servers are down or cut off.",
  "reason.dns-bogus": "DNSSEC shows the DNS answer for {domain} to be forged or wrongly signed.",
  "advice.dns-bogus":
    "The partner must sign its zone anew; if other signed domains fail too, look at the clock and the trust anchor here.",
  "reason.target-refused":
    "Our settings refuse to connect to {address}, where {domain} is to be found.",
  "advice.target-refused":
    "Take the network out of refused-targets here, or let the partner publish an address that is allowed.",
  "reason.own-address": "{address}, where the DNS leads for {domain}, is this server itself.",
  "advice.own-address":
    "The partner must correct its SRV record; or, if the domain is one of ours, take the partner away and add it to local-domains here.",
  "reason.connection-refused": "{address} refuses the connection.",
  "advice.connection-refused":
    "The partner must start its XMPP server or open its port; or its SRV record names a wrong port.",
  "reason.unreachable": "{address} cannot be reached[: {detail}].",
  "advice.unreachable":
    "Look at routes and firewalls between here and there, and at edge.source-address.",
  "reason.connect-timeout": "{address} does not answer the attempt to connect.",
  "advice.connect-timeout":
    "A firewall on one side drops the packets, or the partner's host is down: outbound TCP must be allowed here, inbound there.",
  "reason.silent-peer": "{address} took the connection and never sent a stream header.",
  "advice.silent-peer":
    "The partner's server hangs, or something else listens on that port: the partner must look.",
  "reason.not-xmpp": "What {address} sends is no XMPP stream between servers[: {detail}].",
  "advice.not-xmpp":
    "The partner must correct the port in its SRV record: 5269 is usual, 5222 is for clients.",
  "reason.plain-text-on-tls-port": "{address} answers in plain text where TLS was announced.",
  "advice.plain-text-on-tls-port":
    "The partner must speak TLS on the port that its _xmpps-server SRV record names, or take that record away.",
  "reason.tls-on-plain-port":
    "{address} speaks TLS from the first byte where a plain stream header was expected.",
  "advice.tls-on-plain-port":
    "The partner must publish that port as _xmpps-server, or let its _xmpp-server record name its STARTTLS port.",
  "reason.closed-without-word":
    "The partner's server closed the connection before the stream was ready and gave no reason[ ({detail})].",
  "advice.closed-without-word":
    "The partner must look into its server's log; a firewall or an overloaded server does this too.",
  "reason.starttls-not-offered":
    "The server of {domain} does not offer TLS, and our settings need it.",
  "advice.starttls-not-offered": "The partner must enable TLS; or set TLS to Optional for it here.",
  "reason.starttls-refused": "The server of {domain} did not start TLS, and our settings need it.",
  "advice.starttls-refused":
    "The partner must repair TLS on its server, its certificate most likely; or set TLS to Optional for it here.",
  "reason.tls-not-supported": "{domain} requires TLS, and our settings forbid it for this partner.",
  "advice.tls-not-supported": "Set TLS to Optional or Required for the partner here.",
  "reason.tls-alert":
    "The server of {domain} broke the TLS handshake off with the alert \"{detail}\".",
  "advice.tls-alert":
    "Let the partner say what its server found wrong; often it does not trust our certificate.",
  "reason.tls-version":
    "The server of {domain} speaks no TLS version that is accepted here (1.2 and 1.3).",
  "advice.tls-version": "The partner must enable TLS 1.2 or newer on its server.",
  "reason.tls-timeout": "The TLS handshake with the server of {domain} was never finished.",
  "advice.tls-timeout":
    "The partner must see why its server stops in the handshake; firewalls that inspect TLS do this too.",
  "reason.tls-failed": "The TLS handshake with the server of {domain} failed[: {detail}].",
  "advice.tls-failed": "Compare TLS versions, ciphers and certificates of both sides.",
  "reason.certificate-none":
    "The server of {domain} showed no certificate, and our settings need one.",
  "advice.certificate-none":
    "The partner must let its server send its certificate on streams to other servers; or allow dialback for it here.",
  "reason.certificate-self-signed": "The certificate of {domain} is self-signed.",
  "advice.certificate-self-signed":
    "The partner must get a certificate from an authority that is trusted here; or pin its key, or allow dialback over TLS for it.",
  "reason.certificate-expired": "The certificate of {domain} has expired[ ({detail})].",
  "advice.certificate-expired":
    "The partner must renew it and see that its server uses the new one.",
  "reason.certificate-not-yet-valid": "The certificate of {domain} is not valid yet.",
  "advice.certificate-not-yet-valid":
    "See that the clocks of both sides are right; else the partner must use a certificate that is valid now.",
  "reason.certificate-wrong-name":
    "The certificate that the partner's server showed does not name {domain}[, but {detail}].",
  "advice.certificate-wrong-name":
    "The partner must get a certificate that names {domain}; the name of its host does not count.",
  "reason.certificate-unknown-ca":
    "The certificate of {domain} comes from an authority that is not trusted here, or its chain is incomplete[ (issuer {detail})].",
  "advice.certificate-unknown-ca":
    "The partner must send the whole chain; if its authority is one of its own, make that the partner's trust anchor here.",
  "reason.certificate-revoked": "The certificate of {domain} was revoked by its authority.",
  "advice.certificate-revoked":
    "The partner must get a new key and certificate: somebody else may have the old key.",
  "reason.certificate-weak":
    "The certificate of {domain} uses a key or a signature that is too weak.",
  "advice.certificate-weak":
    "The partner must get a certificate with an RSA key of 2048 bits or an elliptic curve, signed with SHA-256 or better.",
  "reason.certificate-purpose": "The certificate of {domain} was not made for TLS.",
  "advice.certificate-purpose":
    "The partner must use a certificate whose key usages allow TLS (serverAuth).",
  "reason.certificate-pin":
    "The certificate of {domain} has another key, or another authority, than the one that is set for this partner.",
  "advice.certificate-pin":
    "Ask the partner, not by XMPP, whether it changed its key: if so set the new pin here, if not somebody is in between.",
  "reason.certificate-dane":
    "The certificate of {domain} fits none of the TLSA records that the DNS has for its server.",
  "advice.certificate-dane": "The partner must publish TLSA records for its present certificate.",
  "reason.certificate-no-staple":
    "The server of {domain} shows no valid OCSP staple, which our settings or its certificate require.",
  "advice.certificate-no-staple":
    "The partner must enable OCSP stapling; or do not require a staple here.",
  "reason.certificate-untrusted": "The certificate of {domain} does not verify[: {detail}].",
  "advice.certificate-untrusted":
    "The partner must repair it; or allow dialback over TLS for it here.",
  "reason.external-not-offered":
    "The server of {domain} does not let us authenticate by certificate (it does not offer SASL EXTERNAL), and our settings need that.",
  "advice.external-not-offered":
    "The partner must see that its server trusts our certificate and asks for it; or allow dialback over TLS here.",
  "reason.external-refused":
    "The server of {domain} refused our certificate (SASL EXTERNAL[: {detail}]).",
  "advice.external-refused":
    "See that our certificate names {local}, has not expired and comes with its chain; the partner must trust its authority.",
  "reason.dialback-not-offered":
    "The server of {domain} does not offer dialback, and our settings leave no other way.",
  "advice.dialback-not-offered":
    "The partner must enable dialback; or let both sides use certificates (SASL).",
  "reason.dialback-not-allowed":
    "Only dialback is left with {domain}, and our settings do not allow it on such a stream.",
  "advice.dialback-not-allowed":
    "Allow dialback for the partner here; or let both sides use certificates (SASL over TLS).",
  "reason.dialback-invalid": "The dialback key was called invalid, so the domain is not proven.",
  "advice.dialback-invalid":
    "See that the DNS leads each domain to its own server and that all servers of a domain share one dialback secret.",
  "reason.dialback-timeout": "The server of {domain} never answered our dialback key.",
  "advice.dialback-timeout":
    "Most likely it cannot connect back: see that the SRV record of {local} and our port 5269 are right as seen from there.",
  "reason.dialback-error": "Dialback with {domain} ended in an error[: {detail}].",
  "advice.dialback-error":
    "See that each side's SRV record and port 5269 can be reached from the other side.",
  "reason.nothing-offered":
    "There is no way to authenticate that both {domain} and our settings allow.",
  "advice.nothing-offered": "Change TLS, SASL or dialback on one of the two sides.",
  "reason.settings-invalid":
    "The TLS, SASL and dialback settings of {domain} cannot work together.",
  "advice.settings-invalid":
    "Change them here: causeway explain negotiation shows what they allow.",
  "reason.establishment-timeout":
    "The stream with {domain} was not authenticated in time[: {detail}].",
  "advice.establishment-timeout":
    "The partner must look why its server does not go on; see also that both sides allow the same method.",
  "reason.too-many-streams":
    "The limit of streams with {domain}, or of all streams, is reached here.",
  "advice.too-many-streams":
    "Raise partner-connection-limit or connection-limit here, or see why the partner opens so many.",
  "reason.partner-policy-violation":
    "The server of {domain} says that we violate its policy (policy-violation[: {detail}]).",
  "advice.partner-policy-violation":
    "Ask the partner whether {local} is listed there as a federated domain and what security it asks for.",
  "reason.not-listed-there":
    "The server of {domain} does not take {local} for a domain that may connect ({detail}).",
  "advice.not-listed-there":
    "The partner must list {local} as a federated domain on its side; if its words speak of a certificate, it must trust ours.",
  "reason.not-served-there":
    "The server that the DNS names for {domain} says that it does not serve that domain ({detail}).",
  "advice.not-served-there":
    "The partner must correct its SRV record or set the domain up on that server; see the partner's proxy FQDN here.",
  "reason.partner-limit":
    "The server of {domain} has no room for this stream (resource-constraint[: {detail}]).",
  "advice.partner-limit": "The partner must raise its limits or find out what fills them.",
  "reason.partner-shutdown": "The server of {domain} is going down.",
  "advice.partner-shutdown": "Nothing needs to change; the stream comes back with it.",
  "reason.partner-stream-error":
    "The server of {domain} ended the stream with an error ({detail}).",
  "advice.partner-stream-error": "Let the partner look into its server's log at this time.",
  "reason.not-a-partner": "{domain} is no enabled partner here.",
  "advice.not-a-partner":
    "Add or enable it here if it shall federate: causeway partner new {domain}.",
  "reason.not-our-domain":
    "The server of {domain} asked for a domain that is not served here[: {detail}].",
  "advice.not-our-domain":
    "See that the DNS of that domain rightly leads here; if so add it to local-domains here.",
  "reason.protocol-error": "What the server of {domain} sent breaks the rules of XMPP[: {detail}].",
  "advice.protocol-error": "The partner must repair or update its server.",
  "reason.connection-lost": "The connection with the server of {domain} broke[: {detail}].",
  "advice.connection-lost":
    "If it happens again and again, look at firewalls that forget quiet connections (keep-alive) and at the partner's server.",
  "reason.partner-does-not-read":
    "The server of {domain} did not read what was sent to it, so the stream was given up.",
  "advice.partner-does-not-read": "The partner must see why its server is overloaded or hangs.",
  "reason.policy-changed":
    "The settings for {domain} were changed here and this stream does not satisfy them any more.",
  "advice.policy-changed": "Nothing needs to change; a new stream follows the new settings.",
  "reason.closed-by-administrator": "An administrator closed the stream here.",
  "advice.closed-by-administrator": "Nothing needs to change.",
  "reason.closed-by-partner": "The server of {domain} closed the stream.",
  "advice.closed-by-partner": "Nothing needs to change; a new stream is opened when it is needed.",
  "reason.inactivity": "The stream was idle for so long that it was closed here.",
  "advice.inactivity": "Nothing needs to change; a new stream is opened when it is needed.",
  "reason.not-needed": "The stream was made to verify a dialback key, and that is done.",
  "advice.not-needed": "Nothing needs to change.",
  "reason.shutdown": "This server went down.",
  "advice.shutdown": "Nothing needs to change.",
  "reason.other": "The stream with {domain} ended[: {detail}].",
  "advice.other": "Look into the logs of both sides at this time.",
} as const;
