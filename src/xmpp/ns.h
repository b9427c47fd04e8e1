/* Namespaces, as slices ready for comparison. */
#ifndef CW_XMPP_NS_H
#define CW_XMPP_NS_H

#include "base/str.h"

#define CW_NS_XML           CW_S("http://www.w3.org/XML/1998/namespace")
#define CW_NS_STREAM        CW_S("http://etherx.jabber.org/streams")
#define CW_NS_SERVER        CW_S("jabber:server")
#define CW_NS_CLIENT        CW_S("jabber:client")
#define CW_NS_COMPONENT     CW_S("jabber:component:accept")
#define CW_NS_TLS           CW_S("urn:ietf:params:xml:ns:xmpp-tls")
#define CW_NS_SASL          CW_S("urn:ietf:params:xml:ns:xmpp-sasl")
#define CW_NS_STREAM_ERRORS CW_S("urn:ietf:params:xml:ns:xmpp-streams")
#define CW_NS_STANZA_ERRORS CW_S("urn:ietf:params:xml:ns:xmpp-stanzas")
#define CW_NS_DIALBACK      CW_S("jabber:server:dialback")
#define CW_NS_DIALBACK_FEAT CW_S("urn:xmpp:features:dialback")
#define CW_NS_BIDI          CW_S("urn:xmpp:bidi")
#define CW_NS_BIDI_FEAT     CW_S("urn:xmpp:features:bidi")
#define CW_NS_SM            CW_S("urn:xmpp:sm:3")
#define CW_NS_PING          CW_S("urn:xmpp:ping")
#define CW_NS_DISCO_INFO    CW_S("http://jabber.org/protocol/disco#info")
#define CW_NS_VERSION       CW_S("jabber:iq:version")
#define CW_NS_CHAT_STATES   CW_S("http://jabber.org/protocol/chatstates")
#define CW_NS_RECEIPTS      CW_S("urn:xmpp:receipts")
#define CW_NS_LINK          CW_S("urn:causeway:link:1")

#endif
