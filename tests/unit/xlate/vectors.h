/* The vector files of tests/vectors, row by row: a test walks all rows of one kind and names the
 * row that failed. */
#ifndef CW_TEST_XLATE_VECTORS_H
#define CW_TEST_XLATE_VECTORS_H

#include <jansson.h>

#include "base/mem.h"

struct vector_file {
    json_t *root;
};

struct vector_file vector_file_open(const char *name); /* in the directory of CW_VECTORS */
void vector_file_close(struct vector_file *);

/* Calls check for each row of the kind; fails unless there were exactly n_expected, so that a kind
 * whose name changed does not pass unseen. */
void vector_each(const struct vector_file *, const char *kind, size_t n_expected,
                 void (*check)(struct cw_arena *, const char *id, const json_t *row));

struct cw_str vector_str(const json_t *row, const char *key); /* absent when it is not there */
/* Whether the string is one of the array's (or equal to a lone string). */
bool vector_has(const json_t *strings, struct cw_str text);
bool vector_has_int(const json_t *numbers, int n);

/* Equality with a message that names the row and shows both. */
void expect_str(const char *id, const char *what, struct cw_str got, struct cw_str expected);
void expect(const char *id, const char *what, bool ok);

#endif
