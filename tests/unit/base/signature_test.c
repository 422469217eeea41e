/* tests/unit/base/signature_test.c - signatures of the openssl command verified, and ours by it. */
#include "base/signature.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"

static char folder[] = "/tmp/cprov-signature-XXXXXX";

/* Runs a line of the shell in the folder. */
static int shell(const char *line)
{
    pid_t pid = fork();
    int status = -1;

    assert_true(pid >= 0);
    if (pid == 0) {
        if (chdir(folder) == 0)
            execl("/bin/sh", "sh", "-ec", line, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *in_folder(const char *name)
{
    static char paths[4][128];
    static size_t turn;
    char *path = paths[turn++ % CPROV_COUNT(paths)];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static void read_file(const char *name, struct cprov_buf *out)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_buf_init(out, CPROV_MIB);
    assert_int_equal(cprov_fs_read(AT_FDCWD, in_folder(name), CPROV_MIB, out, &err), 0);
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    return shell("{\n"
                 "openssl ecparam -name prime256v1 -genkey -noout -out ec.pem\n"
                 "openssl ecparam -name prime256v1 -genkey -noout -out other.pem\n"
                 "openssl ecparam -name secp256k1 -genkey -noout -out coin.pem\n"
                 "openssl genrsa -out rsa.pem 2048\n"
                 "openssl genrsa -out weak.pem 1024\n"
                 "openssl genpkey -algorithm ed25519 -out ed.pem\n"
                 "openssl ec -in ec.pem -aes128 -passout pass:x -out locked.pem\n"
                 "for k in ec other coin rsa weak ed; do\n"
                 "  openssl pkey -in $k.pem -pubout -out $k.pub\n"
                 "done\n"
                 "printf 'a document\\n' >doc\n"
                 "for k in ec rsa; do\n"
                 "  openssl dgst -sha256 -sign $k.pem -out $k.der doc\n"
                 "  openssl base64 -in $k.der -out $k.wrapped\n"
                 "  openssl base64 -A -in $k.der -out $k.line\n"
                 "done\n"
                 "} 2>log || { cat log; exit 1; }");
}

static int tear_down(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    (void)state;
    return cprov_fs_remove_tree(AT_FDCWD, folder, &err);
}

static int check(const char *key, struct cprov_span doc, struct cprov_span signature)
{
    auto_signature struct cprov_signature *s = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;

    assert_int_equal(cprov_signature_verifier(in_folder(key), &s, &err), 0);
    for (size_t i = 0; i < doc.len; i++)
        assert_int_equal(cprov_signature_update(s, doc.ptr + i, 1, &err), 0);
    int code = cprov_signature_check(s, signature, &err);
    assert_int_equal(code, err.code);
    return code;
}

static const struct cprov_span document = { "a document\n", 11 };

static void test_openssl_signs(void **state)
{
    (void)state;
    static const struct {
        const char *key, *signature;
        int code;
    } cases[] = {
        { "ec.pub", "ec.der", 0 },
        { "ec.pub", "ec.wrapped", 0 },
        { "ec.pub", "ec.line", 0 },
        { "rsa.pub", "rsa.der", 0 },
        { "rsa.pub", "rsa.wrapped", 0 },
        { "rsa.pub", "rsa.line", 0 },
        { "other.pub", "ec.der", CPROV_EVERIFY },
        { "ec.pub", "rsa.der", CPROV_EVERIFY },
        { "rsa.pub", "ec.line", CPROV_EVERIFY },
        { "ec.pub", "doc", CPROV_EVERIFY },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        auto_buf struct cprov_buf signature = { 0 };

        print_message("%s %s\n", cases[i].key, cases[i].signature);
        read_file(cases[i].signature, &signature);
        assert_int_equal(check(cases[i].key, document, cprov_buf_span(&signature)), cases[i].code);
        assert_int_equal(
            check(cases[i].key, CPROV_SPAN_LITERAL("A document\n"), cprov_buf_span(&signature)),
            CPROV_EVERIFY);
    }
    assert_int_equal(check("ec.pub", document, (struct cprov_span){ 0 }), CPROV_EVERIFY);
    assert_int_equal(check("ec.pub", document, CPROV_SPAN_LITERAL(" \n")), CPROV_EVERIFY);
}

/* Any flipped bit of a signature spoils it. */
static void test_flipped(void **state)
{
    (void)state;
    auto_buf struct cprov_buf signature = { 0 };

    read_file("ec.der", &signature);
    for (size_t i = 0; i < signature.len; i++) {
        signature.ptr[i] ^= 1;
        assert_int_equal(check("ec.pub", document, cprov_buf_span(&signature)), CPROV_EVERIFY);
        signature.ptr[i] ^= 1;
    }
    assert_int_equal(check("ec.pub", document, cprov_buf_span(&signature)), 0);
}

static void test_openssl_verifies(void **state)
{
    (void)state;
    static const char *const keys[] = { "ec", "rsa" };

    for (size_t i = 0; i < CPROV_COUNT(keys); i++) {
        auto_signature struct cprov_signature *s = NULL;
        auto_buf struct cprov_buf made = { 0 };
        struct cprov_error err = CPROV_ERROR_INIT;
        char line[128];

        cprov_buf_init(&made, CPROV_SIGNATURE_MAX);
        snprintf(line, sizeof(line), "%s.pem", keys[i]);
        assert_int_equal(cprov_signature_signer(in_folder(line), &s, &err), 0);
        assert_int_equal(cprov_signature_update(s, document.ptr, 4, &err), 0);
        assert_int_equal(cprov_signature_update(s, document.ptr + 4, document.len - 4, &err), 0);
        assert_int_equal(cprov_signature_make(s, &made, &err), 0);
        assert_int_equal(
            cprov_fs_replace(AT_FDCWD, in_folder("made"), cprov_buf_span(&made), 0600, &err), 0);
        snprintf(line, sizeof(line), "openssl dgst -sha256 -verify %s.pub -signature made doc >log",
                 keys[i]);
        assert_int_equal(shell(line), 0);
    }
}

static void test_keys_refused(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        bool signer;
        int code;
    } cases[] = {
        { "none", false, CPROV_ENOTFOUND },
        { "doc", false, CPROV_EINVAL },
        { "doc", true, CPROV_EINVAL },
        { "ec.pub", true, CPROV_EINVAL },
        { "locked.pem", true, CPROV_EINVAL },
        { "ed.pub", false, CPROV_EUNSUPPORTED },
        { "ed.pem", true, CPROV_EUNSUPPORTED },
        { "weak.pub", false, CPROV_EUNSUPPORTED },
        { "coin.pub", false, CPROV_EUNSUPPORTED },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_signature *s = NULL;
        struct cprov_error err = CPROV_ERROR_INIT;

        int code = cases[i].signer ? cprov_signature_signer(in_folder(cases[i].file), &s, &err)
                                   : cprov_signature_verifier(in_folder(cases[i].file), &s, &err);
        print_message("%s: %s\n", cases[i].file, err.msg);
        assert_int_equal(code, cases[i].code);
        assert_null(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_openssl_signs),
        cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_openssl_verifies),
        cmocka_unit_test(test_keys_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
