/* cli/question.c - talks to /dev/tty, never to a redirected stdout or stderr. */
#include "cli/question.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"
#include "cli/signals.h"
#include "cli/text.h"

#define TRIES_MAX  5
#define ANSWER_MAX 64
#define PROMPT_MAX (16 * CPROV_KIB)

/* A descriptor to read from and write to, or -1. */
static int open_terminal(bool stdin_taken)
{
    if (!stdin_taken && !isatty(STDIN_FILENO))
        return -1;
    return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

bool cprov_question_possible(bool stdin_taken)
{
    auto_fd int fd = open_terminal(stdin_taken);

    return fd >= 0;
}

/* Bytes up to the line end, which is dropped; -1 at the end of input or an interrupt. */
static int read_line(int fd, char *buf, size_t size)
{
    size_t len = 0;
    char c;

    for (;;) {
        ssize_t n = read(fd, &c, 1);

        if (n < 0 && errno == EINTR && !cprov_signals_asked_to_stop())
            continue;
        if (n < 0 || (n == 0 && len == 0))
            return -1;
        if (n == 0 || c == '\n')
            break;
        if (len + 1 >= size)
            return -1;
        buf[len++] = c;
    }
    if (len && buf[len - 1] == '\r')
        len--;
    buf[len] = '\0';
    return 0;
}

bool cprov_question_read(const char *line, enum cprov_answer *out)
{
    static const struct {
        const char *word, *letter;
        enum cprov_answer answer;
    } words[] = {
        { "yes", "y", CPROV_YES },
        { "yes to all", "a", CPROV_YES_TO_ALL },
        { "no", "n", CPROV_NO },
        { "no to all", "l", CPROV_NO_TO_ALL },
    };
    struct cprov_span said = cprov_span_trim(cprov_span_of(line));

    if (!said.len) {
        *out = CPROV_NO;
        return true;
    }
    for (size_t i = 0; i < CPROV_COUNT(words); i++) {
        if (cprov_span_is_nocase(said, words[i].word) ||
            cprov_span_is_nocase(said, words[i].letter)) {
            *out = words[i].answer;
            return true;
        }
    }
    return false;
}

enum cprov_answer cprov_question_ask(bool stdin_taken, const char *caption, const char *text)
{
    auto_fd int fd = open_terminal(stdin_taken);
    auto_buf struct cprov_buf prompt = { 0 };
    enum cprov_answer answer = CPROV_NO;
    struct cprov_error ignored;
    char line[ANSWER_MAX];

    cprov_buf_init(&prompt, PROMPT_MAX);
    if (fd < 0)
        return CPROV_NO;
    cprov_text_add_clean(&prompt, cprov_span_of(caption));
    cprov_buf_add_text(&prompt, *caption ? "\n" : "");
    cprov_text_add_clean(&prompt, cprov_span_of(text));
    cprov_buf_add_text(&prompt,
                       "\n[Y] Yes  [A] Yes to All  [N] No  [L] No to All (default is \"N\"): ");
    for (int i = 0; i < TRIES_MAX && !prompt.failed; i++) {
        if (cprov_fs_write_all(fd, prompt.ptr, prompt.len, -1, &ignored) < 0 ||
            read_line(fd, line, sizeof(line)) < 0)
            return CPROV_NO;
        if (cprov_question_read(line, &answer))
            return answer;
    }
    return CPROV_NO;
}

int cprov_question_line(bool stdin_taken, const char *prompt, bool echo, char *buf, size_t size,
                        struct cprov_error *err)
{
    auto_fd int fd = open_terminal(stdin_taken);
    struct termios before, silent;
    int r;

    if (fd < 0 || tcgetattr(fd, &before) < 0)
        return cprov_fail(err, CPROV_EREFUSED, "no terminal to ask the question");
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
    silent.c_lflag |= ECHONL;
    if (!echo && tcsetattr(fd, TCSAFLUSH, &silent) < 0)
        return cprov_fail_os(err, errno, "the terminal");
    r = cprov_fs_write_all(fd, prompt, strlen(prompt), -1, err);
    if (r == 0)
        r = read_line(fd, buf, size);
    if (!echo)
        (void)tcsetattr(fd, TCSAFLUSH, &before);
    if (cprov_signals_asked_to_stop())
        return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
    return r < 0 ? cprov_fail(err, CPROV_EINVAL, "no answer, or the answer is too long") : 0;
}
