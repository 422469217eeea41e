/* tests/unit/serve/unit.h - cmocka and what the tests of this folder share. */
#ifndef CPROV_TESTS_UNIT_SERVE_UNIT_H
#define CPROV_TESTS_UNIT_SERVE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/span.h"

#define S(text) CPROV_SPAN_LITERAL(text)

/* sha256 of "{}" and of nothing, sha512 of nothing */
#define SHA256_BRACES "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define SHA256_EMPTY  "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA512_EMPTY                                                                               \
    "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"                      \
    "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"

#endif
