/* cli/confirm.c - what would be done, in words: told with --what-if, asked with --confirm. */
#include <inttypes.h>

#include "base/limits.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/question.h"

#define TEXT_MAX (16 * CPROV_KIB) /* bytes of a question */

static const char caption[] = "Are you sure you want to perform this action?";

/* Operation and target as PowerShell calls them; %n, %v, %p, %c are name, version, place and count,
 * %t the name and, where there is one, the version. */
static const struct change_words {
    const char *operation, *target;
} change_words[] = {
    [CPROV_CHANGE_INSTALL] = { "Install Package", "Package '%n' version '%v' from '%p'" },
    [CPROV_CHANGE_UNPACK] = { "Unpack Package", "'%t' to folder '%p'" },
    [CPROV_CHANGE_SAVE] = { "Save Package", "'%t' to location '%p'" },
    [CPROV_CHANGE_EXPORT] = { "Export Package", "'%t' to file '%p'" },
    [CPROV_CHANGE_REPAIR_BLOBS] = { "Repair", "%c damaged blobs" },
    [CPROV_CHANGE_REPAIR_LAYOUT] = { "Repair", "oci-layout of %p" },
    [CPROV_CHANGE_REPAIR_LIST] = { "Repair", "index.json of %p" },
    [CPROV_CHANGE_NEW_CONTAINER] = { "New Container", "Container '%n' from image '%p'" },
    [CPROV_CHANGE_REMOVE_CONTAINER] = { "Remove Container", "Container '%n'" },
    [CPROV_CHANGE_REGISTER_SOURCE] = { "Register Package Source", "Package Source '%n' (%p)" },
    [CPROV_CHANGE_SET_SOURCE] = { "Set Package Source", "Package Source '%n'" },
    [CPROV_CHANGE_UNREGISTER_SOURCE] = { "Unregister Package Source", "Package Source '%n'" },
    [CPROV_CHANGE_LOGIN] = { "Login", "%n" },
    [CPROV_CHANGE_LOGOUT] = { "Logout", "%n" },
    [CPROV_CHANGE_ADD_TO_CATALOG] = { "Add To Catalog", "%p" },
    [CPROV_CHANGE_EXPORT_CATALOG] = { "Export Catalog", "%p" },
    [CPROV_CHANGE_PUSH_CATALOG] = { "Push Catalog", "%n" },
    [CPROV_CHANGE_REMOVE_IMAGE] = { "Remove Image", "Image '%t'" },
    [CPROV_CHANGE_TAG_IMAGE] = { "Tag Image", "Image '%t' as '%p'" },
    [CPROV_CHANGE_NEW_IMAGE] = { "New Image", "Image '%t' from '%p'" },
};

static void add_field(struct cprov_buf *text, char field, const struct cprov_change *change)
{
    switch (field) {
    case 'n':
        cprov_buf_add_text(text, change->name);
        break;
    case 'v':
        cprov_buf_add_text(text, change->version);
        break;
    case 't':
        cprov_buf_addf(text, "%s%s%s", change->name, *change->version ? " " : "", change->version);
        break;
    case 'c':
        cprov_buf_addf(text, "%" PRIu64, change->count);
        break;
    default:
        cprov_buf_add_text(text, change->place);
    }
}

static void add_change(struct cprov_buf *text, const struct cprov_change *change)
{
    const struct change_words *words = &change_words[change->kind];
    char size[CPROV_SIZE_TEXT_MAX];

    cprov_buf_addf(text, "Performing the operation \"%s\" on target \"", words->operation);
    for (const char *p = words->target; *p; p++) {
        if (*p == '%')
            add_field(text, *++p, change);
        else
            cprov_buf_add_char(text, *p);
    }
    if (change->kind == CPROV_CHANGE_REMOVE_CONTAINER && *change->place)
        cprov_buf_addf(text, " and its files in %s", change->place);
    if (change->kind == CPROV_CHANGE_REMOVE_IMAGE && change->count)
        cprov_buf_addf(text, " (frees %s)", cprov_text_size(change->count, size));
    cprov_buf_add_text(text, "\".");
}

enum cprov_answer cprov_cli_on_change(void *arg, const struct cprov_change *change)
{
    struct cprov_cli *cli = arg;
    struct cprov_question question = CPROV_INIT(struct cprov_question);
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, TEXT_MAX);
    cprov_buf_add_text(&text, cli->settings.session.what_if ? "What if: " : "");
    add_change(&text, change);
    if (cli->settings.session.what_if) {
        cli->callbacks.message(cli, CPROV_MSG_RESULT, cprov_buf_text(&text));
        return CPROV_NO;
    }
    question.caption = caption;
    question.text = cprov_buf_text(&text);
    if (cli->answer != CPROV_YES_TO_ALL && cli->answer != CPROV_NO_TO_ALL)
        cli->answer = cli->callbacks.question(cli, &question);
    return cli->answer;
}

int cprov_cli_change(struct cprov_cli *cli, cprov_change_fn *change)
{
    struct cprov_words names = cprov_cli_names(cli);
    int r = cprov_cli_session(cli);

    return r < 0 ? r : change(cli, names.items, names.count);
}
