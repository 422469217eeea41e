/* base/error.h - what went wrong: a code to branch on and one line for a person. */
#ifndef CPROV_BASE_ERROR_H
#define CPROV_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/hint.h"

/*
 * One code per decision a caller can take. The first twelve are the exit codes of the command line
 * with the sign turned, so there is one table of meanings and not two.
 */
enum cprov_code {
    CPROV_OK = 0,
    CPROV_EFAIL = -1,         /* anything without a better code: I/O, a bug of the environment */
    CPROV_EINVAL = -2,        /* the caller's own input is wrong */
    CPROV_ENOTFOUND = -3,     /* no such image, tag, source, file */
    CPROV_EVERIFY = -4,       /* bytes from outside are not what they must be */
    CPROV_EINUSE = -5,        /* a container or an image depends on it */
    CPROV_ENETWORK = -6,      /* network or registry failure */
    CPROV_ENOSPACE = -7,      /* disk or quota full */
    CPROV_EREFUSED = -8,      /* untrusted, unconfirmed, not permitted */
    CPROV_EINCOMPATIBLE = -9, /* host or platform does not fit */
    CPROV_EEXISTS = -10,      /* is there already */
    CPROV_EAUTH = -11,        /* authentication or authorization */
    CPROV_EPARTIAL = -12,     /* some items failed, others are done */
    CPROV_ECANCELLED = -13,   /* interrupted (exit 130) */
    CPROV_ENOMEM = -14,       /* memory (exit 1) */
    CPROV_EUNSUPPORTED = -15, /* well formed, but of a kind we do not handle (exit 1) */
    CPROV_ELIMIT = -16,       /* larger than a cap in base/limits.h (exit 4) */
};

struct cprov_error {
    int code;                /* enum cprov_code; 0 when unset */
    int http;                /* HTTP status, or 0 */
    int os;                  /* errno, or 0 */
    bool versions;           /* CPROV_ENOTFOUND: the name is there, and its versions are others */
    char msg[320];           /* "pull alpine:3.20: layer 2: connection reset"; never secret */
    enum cprov_hint_id hint; /* what a person can do about it */
    char about[200];         /* whom, what: of the hint; or "" */
};

#define CPROV_ERROR_INIT                                                                           \
    {                                                                                              \
        .code = CPROV_OK                                                                           \
    }

/* A record for who asks no more than whether it went well. */
#define CPROV_IGNORED (&(struct cprov_error)CPROV_ERROR_INIT)

/*
 * Below the public API nobody passes a NULL record: callees read the code back from it. Sets *err
 * to the code and the formatted text, and returns the code: raise
 * with `return cprov_fail(err, CPROV_ENOTFOUND, "no tag %s", tag);`. Too long a text is cut and
 * ends in "...". Control characters in the text become '?', since parts of it come from outside.
 */
int cprov_fail(struct cprov_error *err, int code, const char *format, ...) CPROV_PRINTF(3, 4);

/* The same for a failed system call: ": " and the text of the errno are appended; ENOSPC and
 * EDQUOT become CPROV_ENOSPACE, ENOMEM CPROV_ENOMEM, EACCES, EPERM and EROFS CPROV_EREFUSED,
 * ENOENT CPROV_ENOTFOUND, everything else CPROV_EFAIL. */
int cprov_fail_os(struct cprov_error *err, int os, const char *format, ...) CPROV_PRINTF(3, 4);

/* Out of memory: needs none. */
int cprov_fail_memory(struct cprov_error *err);

/* Puts "context: " before the message that is there; returns the code that is there. */
int cprov_wrap(struct cprov_error *err, const char *format, ...) CPROV_PRINTF(2, 3);

/*
 * cprov_wrap() that also changes the code: what a parser calls wrong input (CPROV_EINVAL) is wrong
 * data (CPROV_EVERIFY) when the text came from outside. CPROV_ENOMEM is kept.
 */
int cprov_wrap_as(struct cprov_error *err, int code, const char *format, ...) CPROV_PRINTF(3, 4);

/* Sets the hint and what it is about, unless a deeper caller has set one. */
void cprov_hint(struct cprov_error *err, enum cprov_hint_id id);
void cprov_hint_about(struct cprov_error *err, enum cprov_hint_id id, const char *format, ...)
    CPROV_PRINTF(3, 4);
/* A sentence of the program itself, which knows its own verbs: cli/ alone. */
void cprov_hint_words(struct cprov_error *err, const char *format, ...) CPROV_PRINTF(2, 3);
/* Takes the hint of another record, in place of what is there. */
void cprov_hint_copy(struct cprov_error *err, const struct cprov_error *from);

/* vsnprintf() with the manners of cprov_fail(): a cut text ends in "...", control characters and
 * bytes that are not UTF-8 become '?'. size is at least 4. */
void cprov_text_vformat(char *buf, size_t size, const char *format, va_list args)
    CPROV_PRINTF(3, 0);

/* 0..12, 130; the table of docs and CLI. */
int cprov_exit_code(int code);

/* Stable words for scripts: "NoMatchFoundForCriteria", "ObjectNotFound". Never NULL. */
const char *cprov_code_id(int code);
const char *cprov_code_category(int code);

#endif
