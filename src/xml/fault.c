/* What is wrong with XML, in words, and as which of our faults expat's errors count. */
#include <expat.h>

#include "xml/xml_priv.h"

const char *cw_xml_fault_sentence(enum cw_xml_fault fault)
{
    switch (fault) {
    case CW_XML_FAULT_NONE:
        return "no fault";
    case CW_XML_FAULT_NOT_WELL_FORMED:
        return "the XML is not well-formed";
    case CW_XML_FAULT_RESTRICTED_XML:
        return "the XML holds a comment, processing instruction, document type or entity";
    case CW_XML_FAULT_UNSUPPORTED_ENCODING:
        return "the encoding is not UTF-8";
    case CW_XML_FAULT_BAD_NAMESPACE_PREFIX:
        return "a namespace prefix is not declared, or declared wrongly";
    case CW_XML_FAULT_POLICY_VIOLATION:
        return "the XML is over a limit";
    case CW_XML_FAULT_BAD_FORMAT:
        return "text stands directly in the stream";
    }
    return "unknown fault";
}

enum cw_xml_fault cw_xml_fault_of(int expat_error)
{
    switch (expat_error) {
    case XML_ERROR_UNBOUND_PREFIX:
    case XML_ERROR_UNDECLARING_PREFIX:
    case XML_ERROR_RESERVED_PREFIX_XML:
    case XML_ERROR_RESERVED_PREFIX_XMLNS:
    case XML_ERROR_RESERVED_NAMESPACE_URI:
        return CW_XML_FAULT_BAD_NAMESPACE_PREFIX;
    case XML_ERROR_UNDEFINED_ENTITY:
    case XML_ERROR_PARAM_ENTITY_REF:
        return CW_XML_FAULT_RESTRICTED_XML;
    case XML_ERROR_UNKNOWN_ENCODING:
    case XML_ERROR_INCORRECT_ENCODING:
        return CW_XML_FAULT_UNSUPPORTED_ENCODING;
    case XML_ERROR_NO_MEMORY: /* ours cannot fail: expat refuses a size */
        return CW_XML_FAULT_POLICY_VIOLATION;
    default:
        return CW_XML_FAULT_NOT_WELL_FORMED;
    }
}
