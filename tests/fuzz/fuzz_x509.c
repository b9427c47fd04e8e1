/* A certificate's DER to plain values, for certificates that OpenSSL takes apart.  Without a trust
 * anchor no certificate is good; a name with an odd octet matches nothing. */
#include "fuzz.h"

#include "io/x509.h"

#include <openssl/err.h>

static void check_names(const struct cw_cert *cert)
{
    for (size_t i = 0; i < cert->n_names; i++) {
        const struct cw_cert_name *name = &cert->names[i];

        cw_assert(cw_str_is_present(name->value) || name->malformed);
        cw_assert(name->malformed || cw_str_index(name->value, '\0') < 0);
    }
}

void fuzz_input(struct cw_str input)
{
    const unsigned char *at = (const unsigned char *)input.p;
    X509 *x509 = d2i_X509(NULL, &at, (long)input.n);
    struct cw_arena a = {0};
    struct cw_cert cert = {0};

    ERR_clear_error(); /* else the queue grows, and the fuzzer looks for leaks each time */
    if (!x509)
        return;
    cw_x509_read(x509, &a, &cert);
    check_names(&cert);
    cw_assert(cert.present && !cert.chain_ok);
    cw_assert(cw_cert_judge(&cert, CW_S("fabrikam.test")) == CW_CERT_UNTRUSTED);
    cert.chain_ok = !cert.is_ca;
    (void)cw_cert_judge(&cert, CW_S("fabrikam.test"));
    (void)cw_x509_not_after(x509);
    X509_free(x509);
    ERR_clear_error();
    cw_arena_free(&a);
}
