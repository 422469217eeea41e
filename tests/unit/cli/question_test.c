/* tests/unit/cli/question_test.c - answers, and silence where nobody is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/question.h"

static void test_answers(void **state)
{
    static const struct {
        const char *line;
        bool known;
        enum cprov_answer answer;
    } cases[] = {
        { "", true, CPROV_NO },          { "  ", true, CPROV_NO },
        { "y", true, CPROV_YES },        { "Yes", true, CPROV_YES },
        { "A", true, CPROV_YES_TO_ALL }, { "yes to all", true, CPROV_YES_TO_ALL },
        { "n", true, CPROV_NO },         { "L", true, CPROV_NO_TO_ALL },
        { "maybe", false, CPROV_NO },    { "yy", false, CPROV_NO },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        enum cprov_answer answer = CPROV_NO;

        assert_int_equal(cprov_question_read(cases[i].line, &answer), cases[i].known);
        assert_int_equal(answer, cases[i].answer);
    }
}

static void test_nobody(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    char line[8] = "before";
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_true(null >= 0);
    assert_int_equal(dup2(null, STDIN_FILENO), STDIN_FILENO);
    close(null);
    assert_false(cprov_question_possible(false));
    assert_int_equal(cprov_question_ask(false, "", "?"), CPROV_NO);
    assert_int_equal(cprov_question_line(false, "? ", true, line, sizeof(line), &err),
                     CPROV_EREFUSED);
    assert_string_equal(line, "before");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
