/* The edge's certificates inside: certificates.c (which one a stream gets), certificates_load.c
 * (files read and judged), certificates_tell.c (what administrators are told). */
#ifndef CW_EDGE_CERTIFICATES_PRIV_H
#define CW_EDGE_CERTIFICATES_PRIV_H

#include <sys/stat.h>

#include "edge/certificates.h"
#include "edge/expiry.h"
#include "io/loop.h"

/* How files looked: zeroes for one that is not there. */
struct edge_files_look {
    struct edge_file_look {
        dev_t device;
        ino_t inode;
        off_t size;
        struct timespec modified, changed;
    } certificate, key, anchors, revoked;
};

struct edge_certificate { /* one pair of files */
    const struct cw_certificate_config *files;
    struct cw_tls_ctx *tls;      /* NULL: the files never could be used */
    bool is_valid;               /* by its dates, when it was looked at last */
    struct cw_buf refusal;       /* why the files as they are now are not used; empty: they are */
    struct edge_files_look look; /* when they were looked at last */
    bool settles;                /* they had changed then */
};

struct edge_certificates {
    struct edge_certificates_config config;
    struct edge_certificate *list; /* config.n_files of them */
    struct cw_map by_domain;       /* local domain -> struct edge_certificate that names it */
    struct cw_map uncovered;       /* local domains that none names -> any; told already */
    struct edge_expiry expiry;     /* by certificate file */
    struct cw_timer *watch;
};

enum edge_certificate_result {
    EDGE_CERTIFICATE_RELOADED,
    EDGE_CERTIFICATE_UNCHANGED,
    EDGE_CERTIFICATE_REFUSED,
};

/* Seconds since 1970. */
int64_t edge_certificates_now(void);
/* Finds out anew which certificate serves which local domain; tells the log of domains without one
 * and of certificates that end soon. */
void edge_certificates_assign(struct edge_certificates *);
/* Does it name the domain, and not by a wildcard only? */
bool edge_certificate_names(const struct edge_certificate *, struct cw_str domain, bool *is_exact);

/* --- certificates_load.c ----------------------------------------------------------------------*/

/* Reads the pair as it is now; refused: `refusal` holds the sentence.  Tells the log. */
enum edge_certificate_result edge_certificate_load(struct edge_certificates *,
                                                   struct edge_certificate *);
/* Looks at the files; true when they have changed and come to rest. */
bool edge_certificate_has_new_files(const struct edge_certificates *, struct edge_certificate *);

/* --- certificates_tell.c ----------------------------------------------------------------------*/

enum { EDGE_CERTIFICATE_MAX_WARNINGS = 6 };
/* What is amiss with it, one sentence each, in the arena; how many. */
size_t edge_certificate_warnings(const struct edge_certificates *, const struct edge_certificate *,
                                 struct cw_arena *,
                                 struct cw_str out[EDGE_CERTIFICATE_MAX_WARNINGS]);
/* The local domains that it names, separated by commas. */
struct cw_str edge_certificate_domains(const struct edge_certificates *,
                                       const struct edge_certificate *, struct cw_arena *);

#endif
