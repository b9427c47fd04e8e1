/* The file of a database in a directory of its own, for one test; include after cmocka.h. */
#ifndef CW_TEST_SCRATCH_H
#define CW_TEST_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scratch {
    char directory[32];
    char path[64]; /* of the database; nothing is there yet */
};

static inline void scratch_make(struct scratch *s)
{
    strcpy(s->directory, "/tmp/cw-store-XXXXXX");
    assert_non_null(mkdtemp(s->directory));
    snprintf(s->path, sizeof s->path, "%s/s.db", s->directory);
}

/* When the database is closed; it left nothing else there. */
static inline void scratch_remove(const struct scratch *s)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char path[sizeof s->path + 8];
        snprintf(path, sizeof path, "%s%s", s->path, suffixes[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(s->directory), 0);
}

#endif
