/* What the files of this folder share. */
#ifndef CW_XML_XML_PRIV_H
#define CW_XML_XML_PRIV_H

#include "xml/reader.h"

#define CW_XML_NS_XML      CW_S("http://www.w3.org/XML/1998/namespace")
#define CW_XML_NS_STREAM   CW_S("http://etherx.jabber.org/streams")
#define CW_XML_NS_DIALBACK CW_S("jabber:server:dialback")

/* Appends a copy of the attribute without looking for one of the same name. */
void cw_xml_add_attr(struct cw_arena *, struct cw_xml *, struct cw_xml_attr);

const char *cw_xml_fault_sentence(enum cw_xml_fault);
/* The fault that an error of expat (enum XML_Error) comes to. */
enum cw_xml_fault cw_xml_fault_of(int expat_error);

#endif
