/* argon2id with 32 MiB and three passes: the second recommendation of RFC 9106 section 4 in half
 * its memory and on one lane, about 0.1 s of one core, and above what OWASP asks for as a minimum.
 * Passwords go through PRECIS OpaqueString (RFC 8265 section 4), so that an e with an accent is the
 * same from every keyboard. */
#include "account/password.h"

#include <argon2.h>
#include <string.h>

#include "base/secret.h"
#include "xmpp/precis.h"

enum { PASSES = 3, MEMORY_KIB = 32768, LANES = 1, SALT_BYTES = 16, HASH_BYTES = 32 };
#define PARAMETERS "$argon2id$v=19$m=32768,t=3,p=1$"
/* Of nobody's password: the hash is not one that these parameters give for any known input. */
#define NOBODY PARAMETERS "AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
/* What is longer is no password, and is not worth the time to look at. */
enum { MAX_OCTETS = CW_PASSWORD_MAX * 4 };

/* --- what may be one --------------------------------------------------------------------------*/

/* Common by themselves or with digits and signs behind them: the words that long passwords are most
 * often made of, without what follows their last letter. */
static const char *const common[] = {
    "password",        "passwordpassword",
    "passw0rd",        "administrator",
    "adminadmin",      "admin",
    "letmein",         "letmeinnow",
    "welcome",         "welcomewelcome",
    "changeme",        "changemenow",
    "changethis",      "iloveyou",
    "qwertyuiop",      "qwerty",
    "qwertyuiopasdf",  "asdfghjkl",
    "zxcvbnm",         "causeway",
    "abcdefghijkl",    "abcdefghijklm",
    "default",         "monkey",
    "football",        "sunshine",
    "princess",        "superman",
    "trustno",         "senha",
    "administrador",   "correcthorsebatterystaple",
    "thisisapassword", "mypassword",
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static bool is_common(struct cw_str password)
{
    size_t end = password.n;
    while (end > 0 && !is_letter(password.p[end - 1]))
        end--;
    struct cw_str word = cw_str_sub(password, 0, end);
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        if (cw_str_eq_nocase(word, cw_str_of(common[i])))
            return true;
    return false;
}

/* Few different octets (aaaaaaaaaaaa, abcabcabcabc), or each the one beside the last, as on a
 * keyboard's row of digits (123456789012). */
static bool is_monotonous(struct cw_str password)
{
    bool seen[256] = {false};
    size_t n_seen = 0, n_steps = 0;
    for (size_t i = 0; i < password.n; i++) {
        unsigned char c = (unsigned char)password.p[i];
        n_seen += !seen[c];
        seen[c] = true;
        int step = i > 0 ? c - (unsigned char)password.p[i - 1] : 0;
        n_steps += i > 0 && (step == 1 || step == -1);
    }
    return n_seen < 5 || n_steps + 3 >= password.n;
}

static bool find_nocase(struct cw_str text, struct cw_str part)
{
    for (size_t i = 0; i + part.n <= text.n; i++)
        if (cw_str_eq_nocase(cw_str_sub(text, i, i + part.n), part))
            return true;
    return false;
}

/* The name with little around it. */
static bool is_of_name(struct cw_str password, struct cw_str account)
{
    return account.n >= 3 && password.n < account.n + 8 && find_nocase(password, account);
}

static bool prepare(struct cw_arena *arena, struct cw_str typed, struct cw_str *out)
{
    return typed.n > 0 && typed.n <= MAX_OCTETS && cw_str_is_utf8(typed) &&
           cw_precis_opaque(arena, typed, out);
}

struct cw_str cw_password_check(struct cw_arena *arena, struct cw_str typed, struct cw_str account)
{
    struct cw_str password;
    if (cw_str_n_characters(typed) < CW_PASSWORD_MIN)
        return cw_arena_printf(arena, "The password must have at least %d characters.",
                               CW_PASSWORD_MIN);
    if (cw_str_n_characters(typed) > CW_PASSWORD_MAX)
        return cw_arena_printf(arena, "The password must have at most %d characters.",
                               CW_PASSWORD_MAX);
    if (!prepare(arena, typed, &password))
        return CW_S("The password has characters that no keyboard writes; leave them out.");
    if (is_of_name(password, account))
        return CW_S("The password must not be the account's name with a little added.");
    if (is_common(password) || is_monotonous(password))
        return CW_S("That password is one of the first that would be tried; choose another.");
    return CW_STR_NONE;
}

/* --- hashes -----------------------------------------------------------------------------------*/

struct cw_str cw_password_hash(struct cw_arena *arena, struct cw_str typed)
{
    struct cw_arena scratch = {0};
    struct cw_str password = typed;
    unsigned char salt[SALT_BYTES];
    size_t n = argon2_encodedlen(PASSES, MEMORY_KIB, LANES, SALT_BYTES, HASH_BYTES, Argon2_id);
    char *encoded = cw_arena_alloc(arena, n);
    if (!prepare(&scratch, typed, &password))
        cw_fatal("a password was to be hashed that cw_password_check refuses");
    cw_random(salt, sizeof salt);
    int code = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password.p, password.n, salt,
                                     sizeof salt, HASH_BYTES, encoded, n);
    if (code != ARGON2_OK)
        cw_fatal("argon2id: %s", argon2_error_message(code));
    cw_wipe((void *)(uintptr_t)password.p, password.n);
    cw_arena_free(&scratch);
    return cw_str_of(encoded);
}

bool cw_password_is(struct cw_str encoded, struct cw_str typed)
{
    struct cw_arena scratch = {0};
    struct cw_str password = CW_S("");
    bool is_one = prepare(&scratch, typed, &password);
    /* An account without a hash, or a text that is no password, costs what a wrong one costs. */
    const char *hash = encoded.n ? cw_arena_dup(&scratch, encoded).p : NOBODY;
    int code = argon2id_verify(hash, password.p, password.n);
    if (code == ARGON2_MEMORY_ALLOCATION_ERROR) /* no verdict: not one on the password either */
        cw_fatal("argon2id: %s", argon2_error_message(code));
    if (code != ARGON2_OK && code != ARGON2_VERIFY_MISMATCH && encoded.n) /* a damaged hash */
        (void)argon2id_verify(NOBODY, password.p, password.n);
    if (is_one)
        cw_wipe((void *)(uintptr_t)password.p, password.n);
    cw_arena_free(&scratch);
    return is_one && encoded.n && code == ARGON2_OK;
}

bool cw_password_is_current(struct cw_str encoded)
{
    return cw_str_starts(encoded, CW_S(PARAMETERS));
}

/* --- a first one ------------------------------------------------------------------------------*/

struct cw_str cw_password_generate(struct cw_arena *arena)
{
    static const char alphabet[] = "abcdefghjkmnpqrstuvwxyz23456789";
    enum { GROUPS = 5, OF = 4, N = sizeof(alphabet) - 1 };
    char text[GROUPS * (OF + 1)];
    size_t n = 0;
    while (n < sizeof text - 1) {
        unsigned char random;
        if (n % (OF + 1) == OF)
            text[n++] = '-';
        cw_random(&random, 1);
        if (random < 256 / N * N) /* all letters are as likely */
            text[n++] = alphabet[random % N];
    }
    struct cw_str out = cw_arena_dup(arena, (struct cw_str){text, n});
    cw_wipe(text, sizeof text);
    return out;
}
