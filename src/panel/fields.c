/* Lists in fields; see fields.h. */
#include "panel/fields.h"

/* The next member of a list, without white space; what remains stays in *rest. */
static struct cw_str next_member(struct cw_str *rest, char separator)
{
    ptrdiff_t at = cw_str_index(*rest, separator);
    size_t n = at < 0 ? rest->n : (size_t)at;
    struct cw_str member = cw_str_trim(cw_str_sub(*rest, 0, n));
    *rest = cw_str_sub(*rest, n + 1, rest->n);
    return member;
}

/* "q=0", "q=0.0", "Q=0.000" */
static bool is_refused(struct cw_str parameters)
{
    while (parameters.n > 0) {
        struct cw_str one = next_member(&parameters, ';');
        if (one.n < 3 || !cw_str_eq_nocase(cw_str_sub(one, 0, 2), CW_S("q=")))
            continue;
        for (size_t i = 2; i < one.n; i++)
            if (one.p[i] != '0' && one.p[i] != '.')
                return false;
        return true;
    }
    return false;
}

bool panel_takes_gzip(const struct cw_http_request *request)
{
    struct cw_str rest = cw_http_field(request, "accept-encoding");
    bool takes_any = false;
    while (rest.n > 0) {
        struct cw_str member = next_member(&rest, ',');
        struct cw_str name = next_member(&member, ';');
        if (cw_str_eq_nocase(name, CW_S("gzip")))
            return !is_refused(member);
        if (cw_str_eq_cstr(name, "*"))
            takes_any = !is_refused(member);
    }
    return takes_any;
}

bool panel_has_tag(const struct cw_http_request *request, struct cw_str etag)
{
    struct cw_str rest = cw_http_field(request, "if-none-match"), weak = CW_S("W/");
    while (rest.n > 0) {
        struct cw_str tag = next_member(&rest, ',');
        if (cw_str_starts(tag, weak))
            tag = cw_str_sub(tag, weak.n, tag.n);
        if (cw_str_eq_cstr(tag, "*") || cw_str_eq(tag, etag))
            return true;
    }
    return false;
}
