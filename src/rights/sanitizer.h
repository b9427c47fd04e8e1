/* Is this a build with a sanitizer?  Those reserve terabytes of addresses, look through their own
 * process when it ends, and read where the program itself has no business. */
#ifndef CW_RIGHTS_SANITIZER_H
#define CW_RIGHTS_SANITIZER_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define CW_HAS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#undef CW_HAS_SANITIZER
#define CW_HAS_SANITIZER 1
#endif
#ifndef CW_HAS_SANITIZER
#define CW_HAS_SANITIZER 0
#endif

#endif
