/* tests/torture/torture.h - one operation, run once for every allocation that can fail in it. */
#ifndef CPROV_TESTS_TORTURE_TORTURE_H
#define CPROV_TESTS_TORTURE_TORTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/span.h"

struct torture {
    const char *name;
    /* Brings the world into the state from which run() starts; memory is plentiful. May be NULL. */
    void (*before)(void *arg);
    /*
     * The operation: frees all it was given, and returns its code. It checks what it got on success
     * and that outputs are untouched on failure.
     */
    int (*run)(void *arg, struct cprov_error *err);
    /* What must hold whatever run() returned; memory is plentiful. May be NULL. */
    void (*after)(void *arg, int code);
    void *arg;
    int other_code; /* beside CPROV_ENOMEM: of a foreign library that does not say what it lacks */
};

/*
 * Lets the first allocation fail, then the second and so on until the operation needs no more; once
 * alone, once with all that follow. Fails the test on a crash, a leak, or a code that is none.
 */
void torture(const struct torture *t);

/* A folder for the test, with everything in the environment that names places pointing into it. */
int torture_setup(void **state);
int torture_teardown(void **state);
/* "DIR/name"; turns over after eight. */
const char *torture_path(const char *name);
void torture_write(const char *name, const char *text);

extern const struct CMUnitTest torture_documents[], torture_settings[], torture_store[];
extern const size_t torture_documents_count, torture_settings_count, torture_store_count;

#endif
