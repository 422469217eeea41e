/* cli/signals.c - handlers without SA_RESTART, so that a question at the terminal ends, too. */
#include "cli/signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t asked;

static void stop(int number)
{
    if (asked) {
        (void)signal(number, SIG_DFL);
        (void)raise(number);
    }
    asked = 1;
}

void cprov_signals_install(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction action = { .sa_handler = stop }, old;

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (numbers[i] != SIGHUP ||
            (sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler != SIG_IGN))
            (void)sigaction(numbers[i], &action, NULL);
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &action, NULL);
}

bool cprov_signals_asked_to_stop(void)
{
    return asked;
}
