/* base/error.c - error records and the one table of what the codes mean. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/span.h"
#include "base/text.h"

/* code, exit code, id for scripts, category: the words PowerShell's package management uses. */
#define CODES(X)                                                                                   \
    X(CPROV_OK, 0, "Success", "NotSpecified")                                                      \
    X(CPROV_EFAIL, 1, "OperationFailed", "NotSpecified")                                           \
    X(CPROV_EINVAL, 2, "InvalidParameter", "InvalidArgument")                                      \
    X(CPROV_ENOTFOUND, 3, "NoMatchFoundForCriteria", "ObjectNotFound")                             \
    X(CPROV_EVERIFY, 4, "VerificationFailed", "SecurityError")                                     \
    X(CPROV_EINUSE, 5, "PackageInUse", "ResourceBusy")                                             \
    X(CPROV_ENETWORK, 6, "NetworkFailure", "ConnectionError")                                      \
    X(CPROV_ENOSPACE, 7, "InsufficientSpace", "ResourceUnavailable")                               \
    X(CPROV_EREFUSED, 8, "OperationRefused", "PermissionDenied")                                   \
    X(CPROV_EINCOMPATIBLE, 9, "PlatformIncompatible", "InvalidOperation")                          \
    X(CPROV_EEXISTS, 10, "AlreadyExists", "ResourceExists")                                        \
    X(CPROV_EAUTH, 11, "AuthenticationFailed", "AuthenticationError")                              \
    X(CPROV_EPARTIAL, 12, "PartiallyCompleted", "OperationStopped")                                \
    X(CPROV_ECANCELLED, 130, "OperationCancelled", "OperationStopped")                             \
    X(CPROV_ENOMEM, 1, "OutOfMemory", "ResourceUnavailable")                                       \
    X(CPROV_EUNSUPPORTED, 1, "NotSupported", "NotImplemented")                                     \
    X(CPROV_ELIMIT, 4, "LimitExceeded", "LimitsExceeded")

static const struct meaning {
    const char *id;
    const char *category;
    int exit_code;
} meanings[] = {
#define MEANING(code, exit_code, id, category) [-(code)] = { id, category, exit_code },
    CODES(MEANING)
#undef MEANING
};

static const struct meaning *meaning_of(int code)
{
    if (code > 0 || code <= -(int)CPROV_COUNT(meanings))
        return &meanings[-CPROV_EFAIL];
    return &meanings[-code];
}

/* Marks a text that filled buf as cut, without leaving half a character before the dots. */
static void mark_cut(char *buf, size_t size)
{
    size_t end = size - sizeof("...");

    while (end && ((unsigned char)buf[end] & 0xc0) == 0x80)
        end--;
    memcpy(buf + end, "...", sizeof("..."));
}

void cprov_text_vformat(char *buf, size_t size, const char *format, va_list args)
{
    int len = vsnprintf(buf, size, format, args);

    if (len < 0)
        buf[0] = '\0';
    else if ((size_t)len >= size)
        mark_cut(buf, size);
    cprov_text_clean(buf);
    cprov_text_hide_login(buf);
}

static CPROV_PRINTF(3, 4) void text_format(char *buf, size_t size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    cprov_text_vformat(buf, size, format, args);
    va_end(args);
}

/* The arguments may point into *err, hence the text is made elsewhere and then copied. */
static CPROV_PRINTF(4, 0) int set(struct cprov_error *err, int code, int os, const char *format,
                                  va_list args)
{
    if (!err)
        return code;

    struct cprov_error made = { .code = code, .os = os };
    cprov_text_vformat(made.msg, sizeof(made.msg), format, args);
    *err = made;
    return code;
}

int cprov_fail(struct cprov_error *err, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set(err, code, 0, format, args);
    va_end(args);
    return code;
}

static int code_of_os(int os)
{
    switch (os) {
    case ENOSPC:
    case EDQUOT:
        return CPROV_ENOSPACE;
    case ENOMEM:
        return CPROV_ENOMEM;
    case EACCES:
    case EPERM:
    case EROFS:
        return CPROV_EREFUSED;
    case ENOENT:
        return CPROV_ENOTFOUND;
    default:
        return CPROV_EFAIL;
    }
}

int cprov_fail_os(struct cprov_error *err, int os, const char *format, ...)
{
    int code = code_of_os(os);
    const char *reason = strerrordesc_np(os);
    char what[sizeof(err->msg)];
    va_list args;

    if (!err)
        return code;
    va_start(args, format);
    set(err, code, os, format, args);
    va_end(args);

    memcpy(what, err->msg, sizeof(what));
    if (reason)
        text_format(err->msg, sizeof(err->msg), "%s: %s", what, reason);
    else
        text_format(err->msg, sizeof(err->msg), "%s: error %d", what, os);
    return code;
}

int cprov_fail_memory(struct cprov_error *err)
{
    return cprov_fail(err, CPROV_ENOMEM, "out of memory");
}

static CPROV_PRINTF(3, 0) int wrap(struct cprov_error *err, int code, const char *format,
                                   va_list args)
{
    char context[sizeof(err->msg)];
    char inner[sizeof(err->msg)];

    cprov_text_vformat(context, sizeof(context), format, args);
    memcpy(inner, err->msg, sizeof(inner));
    text_format(err->msg, sizeof(err->msg), "%s: %s", context, inner);
    err->code = code;
    return code;
}

int cprov_wrap(struct cprov_error *err, const char *format, ...)
{
    va_list args;

    if (!err)
        return CPROV_EFAIL;
    va_start(args, format);
    int code = wrap(err, err->code < 0 ? err->code : CPROV_EFAIL, format, args);
    va_end(args);
    return code;
}

int cprov_wrap_as(struct cprov_error *err, int code, const char *format, ...)
{
    va_list args;

    if (!err)
        return code;
    va_start(args, format);
    code = wrap(err, err->code == CPROV_ENOMEM ? CPROV_ENOMEM : code, format, args);
    va_end(args);
    return code;
}

static CPROV_PRINTF(3, 0) void set_hint(struct cprov_error *err, enum cprov_hint_id id,
                                        const char *format, va_list args)
{
    if (!err || err->hint != CPROV_HINT_NONE)
        return;
    err->hint = id;
    cprov_text_vformat(err->about, sizeof(err->about), format, args);
}

void cprov_hint_about(struct cprov_error *err, enum cprov_hint_id id, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set_hint(err, id, format, args);
    va_end(args);
}

void cprov_hint_words(struct cprov_error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set_hint(err, CPROV_HINT_WORDS, format, args);
    va_end(args);
}

void cprov_hint(struct cprov_error *err, enum cprov_hint_id id)
{
    cprov_hint_about(err, id, "%s", "");
}

void cprov_hint_copy(struct cprov_error *err, const struct cprov_error *from)
{
    err->hint = from->hint;
    memcpy(err->about, from->about, sizeof(err->about));
}

int cprov_exit_code(int code)
{
    return meaning_of(code)->exit_code;
}

const char *cprov_code_id(int code)
{
    return meaning_of(code)->id;
}

const char *cprov_code_category(int code)
{
    return meaning_of(code)->category;
}
