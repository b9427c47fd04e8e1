/* A file that is said to come from Lync Server: any bytes are read or refused with a sentence, and
 * each object becomes a partner's fields or a refusal. */
#include "fuzz.h"

#include "import/lync.h"
#include "import/source.h"
#include "import/text.h"

static void read_as(struct cw_arena *a, enum cw_import_format format, struct cw_str text)
{
    struct cw_str why = CW_S("");
    json_t *rows = cw_import_read(a, format, text, &why), *row;
    size_t i;
    cw_assert(rows || why.n > 0);
    cw_assert(json_array_size(rows) <= CW_IMPORT_MAX_ROWS);
    json_array_foreach(rows, i, row)
    {
        struct cw_import_partner partner;
        cw_import_lync(a, row, &partner);
        cw_assert(json_is_object(partner.fields));
        cw_assert(cw_str_is_present(partner.refusal) || partner.name.n > 0);
        json_decref(partner.fields);
    }
    json_decref(rows);
}

void fuzz_input(struct cw_str input)
{
    struct cw_arena a = {0};
    struct cw_str text;
    if (cw_import_utf8(&a, input, &text)) {
        read_as(&a, CW_IMPORT_CLIXML, text);
        read_as(&a, CW_IMPORT_JSON, text);
        read_as(&a, CW_IMPORT_CSV, text);
    }
    cw_arena_free(&a);
}
