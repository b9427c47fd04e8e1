/* The table of presence states, read and checked; see states.h.
 *
 * What is read is written into documents and compared with strangers' documents, so an activity is
 * a word that can name an XML element, and nothing else. */
#include "policy/states.h"

#include "base/buf.h"

#define SHOWS          "away, xa, dnd and chat"
#define MAX_WORD_BYTES 64

static bool is_show(struct cw_str word)
{
    return cw_str_eq_cstr(word, "away") || cw_str_eq_cstr(word, "xa") ||
           cw_str_eq_cstr(word, "dnd") || cw_str_eq_cstr(word, "chat");
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_activity(struct cw_str word)
{
    if (word.n == 0 || word.n > MAX_WORD_BYTES || !is_letter(word.p[0]))
        return false;
    for (size_t i = 1; i < word.n; i++)
        if (!is_letter(word.p[i]) && !(word.p[i] >= '0' && word.p[i] <= '9') && word.p[i] != '-' &&
            word.p[i] != '_')
            return false;
    return true;
}

/* A stranger's word in a sentence, cut. */
static struct cw_str cut(struct cw_str word)
{
    return cw_str_sub(word, 0, word.n < 100 ? word.n : 100);
}

static bool is_taken(const struct cw_str_pairs *pairs, struct cw_str name)
{
    for (size_t i = 0; i < pairs->n; i++)
        if (cw_str_eq_nocase(pairs->list[i].name, name))
            return true;
    return false;
}

/* One item; the absent string when it is well-formed, else a sentence. */
static struct cw_str read_item(struct cw_arena *a, const struct cw_setting *row, struct cw_str item,
                               struct cw_str_pair *out)
{
    bool is_in = row->type == CW_SETTING_STATES_IN;
    ptrdiff_t equals = cw_str_index(item, '=');
    if (equals < 0)
        return cw_arena_printf(a, "%s: \"%.*s\" has no =: write %s, separated by commas.",
                               row->name, CW_ARG(cut(item)),
                               is_in ? "ACTIVITY=SHOW" : "SHOW=ACTIVITY");
    out->name = cw_str_trim(cw_str_sub(item, 0, (size_t)equals));
    out->value = cw_str_trim(cw_str_sub(item, (size_t)equals + 1, item.n));
    struct cw_str show = is_in ? out->value : out->name;
    struct cw_str activity = is_in ? out->name : out->value;
    if (!is_show(show) && !(is_in && show.n == 0))
        return cw_arena_printf(a, "%s: \"%.*s\" is no state of XMPP: there are " SHOWS "%s.",
                               row->name, CW_ARG(cut(show)),
                               is_in ? ", and nothing for available" : "");
    if (!is_activity(activity) && !(!is_in && activity.n == 0))
        return cw_arena_printf(a,
                               "%s: \"%.*s\" is no activity: write a letter and up to %d letters, "
                               "digits and hyphens, such as on-the-phone.",
                               row->name, CW_ARG(cut(activity)), MAX_WORD_BYTES - 1);
    return CW_STR_NONE;
}

struct cw_str cw_states_set(struct cw_arena *a, const struct cw_setting *row,
                            struct cw_str_pairs *out, struct cw_str text)
{
    struct cw_str_pairs pairs = {.list = cw_arena_alloc(a, CW_STATES_MAX * sizeof *pairs.list)};

    for (struct cw_str rest = cw_str_trim(text); rest.n > 0;) {
        ptrdiff_t comma = cw_str_index(rest, ',');
        size_t end = comma < 0 ? rest.n : (size_t)comma;
        struct cw_str_pair pair = {0};
        struct cw_str refusal = read_item(a, row, cw_str_trim(cw_str_sub(rest, 0, end)), &pair);
        if (cw_str_is_present(refusal))
            return refusal;
        if (is_taken(&pairs, pair.name))
            return cw_arena_printf(a, "%s: \"%.*s\" stands in it twice.", row->name,
                                   CW_ARG(pair.name));
        if (pairs.n == CW_STATES_MAX)
            return cw_arena_printf(a, "%s has more than %d rows.", row->name, CW_STATES_MAX);
        pairs.list[pairs.n++] = pair;
        rest = comma < 0 ? CW_S("") : cw_str_sub(rest, end + 1, rest.n);
    }
    for (size_t i = 0; i < pairs.n; i++)
        pairs.list[i] = (struct cw_str_pair){.name = cw_arena_dup(a, pairs.list[i].name),
                                             .value = cw_arena_dup(a, pairs.list[i].value)};
    *out = pairs;
    return CW_STR_NONE;
}

struct cw_str cw_states_text(struct cw_arena *a, const struct cw_str_pairs *pairs)
{
    struct cw_buf b = {0};

    for (size_t i = 0; i < pairs->n; i++)
        cw_buf_printf(&b, "%s%.*s=%.*s", i ? "," : "", CW_ARG(pairs->list[i].name),
                      CW_ARG(pairs->list[i].value));
    struct cw_str text = cw_arena_dup(a, cw_buf_str(&b));
    cw_buf_free(&b);
    return text;
}
