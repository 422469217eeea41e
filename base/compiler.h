/* base/compiler.h - the only place that knows compiler extensions. */
#ifndef CPROV_BASE_COMPILER_H
#define CPROV_BASE_COMPILER_H

#define CPROV_MUST_CHECK          __attribute__((warn_unused_result))
#define CPROV_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define CPROV_CLEANUP(function)   __attribute__((cleanup(function)))
#define CPROV_UNUSED              __attribute__((unused))

#define CPROV_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Moves a pointer out of a variable that would free it: `*out = cprov_steal(&p); return 0;` */
#define cprov_steal(pp)                                                                            \
    __extension__({                                                                                \
        __typeof__(*(pp)) stolen_ = *(pp);                                                         \
        *(pp) = NULL;                                                                              \
        stolen_;                                                                                   \
    })

/*
 * Declares `static inline void NAME_cleanup(TYPE **p)` that calls FREE(*p); put the matching
 * `#define auto_noun CPROV_CLEANUP(NAME_cleanup)` beside it.
 */
#define CPROV_DEFINE_CLEANUP(type, name, free_function)                                            \
    CPROV_UNUSED static inline void name##_cleanup(type **p)                                       \
    {                                                                                              \
        free_function(*p);                                                                         \
    }

#endif
