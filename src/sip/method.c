/* Methods and statuses by name: what is offered, what is only known, the standard phrases. */
#include "sip/build.h"

const char cw_sip_allow[] = "MESSAGE, OPTIONS, SUBSCRIBE, NOTIFY";
const char cw_sip_allow_events[] = "presence";

static const struct {
    struct cw_str name;
    bool is_offered;
} methods[] = {
    {CW_STR("MESSAGE"), true},   {CW_STR("OPTIONS"), true},  {CW_STR("INVITE"), false},
    {CW_STR("ACK"), false},      {CW_STR("BYE"), false},     {CW_STR("CANCEL"), false},
    {CW_STR("REGISTER"), false}, {CW_STR("PRACK"), false},   {CW_STR("SUBSCRIBE"), true},
    {CW_STR("NOTIFY"), true},    {CW_STR("PUBLISH"), false}, {CW_STR("INFO"), false},
    {CW_STR("REFER"), false},    {CW_STR("UPDATE"), false},
};

bool cw_sip_method_is_known(struct cw_str method)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (cw_str_eq(methods[i].name, method))
            return true;
    return false;
}

bool cw_sip_method_is_offered(struct cw_str method)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (cw_str_eq(methods[i].name, method))
            return methods[i].is_offered;
    return false;
}

static const struct {
    int status;
    const char *phrase;
} phrases[] = {
    {100, "Trying"},
    {180, "Ringing"},
    {181, "Call Is Being Forwarded"},
    {182, "Queued"},
    {183, "Session Progress"},
    {200, "OK"},
    {202, "Accepted"},
    {204, "No Notification"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Moved Temporarily"},
    {305, "Use Proxy"},
    {380, "Alternative Service"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Conditional Request Failed"},
    {413, "Request Entity Too Large"},
    {414, "Request-URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Unsupported URI Scheme"},
    {420, "Bad Extension"},
    {421, "Extension Required"},
    {422, "Session Interval Too Small"},
    {423, "Interval Too Brief"},
    {439, "First Hop Lacks Outbound Support"},
    {440, "Max-Breadth Exceeded"},
    {480, "Temporarily Unavailable"},
    {481, "Call/Transaction Does Not Exist"},
    {482, "Loop Detected"},
    {483, "Too Many Hops"},
    {484, "Address Incomplete"},
    {485, "Ambiguous"},
    {486, "Busy Here"},
    {487, "Request Terminated"},
    {488, "Not Acceptable Here"},
    {489, "Bad Event"},
    {491, "Request Pending"},
    {493, "Undecipherable"},
    {494, "Security Agreement Required"},
    {500, "Server Internal Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Server Time-out"},
    {505, "Version Not Supported"},
    {513, "Message Too Large"},
    {580, "Precondition Failure"},
    {600, "Busy Everywhere"},
    {603, "Decline"},
    {604, "Does Not Exist Anywhere"},
    {606, "Not Acceptable"},
};

const char *cw_sip_reason_phrase(int status)
{
    static const char *const classes[] = {"Progress",        "Success",        "Redirection",
                                          "Request Failure", "Server Failure", "Global Failure"};
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return status >= 100 && status <= 699 ? classes[status / 100 - 1] : "Failure";
}
