/* cli/hint_words.c - hints that name a verb or an option of ours. */
#include "cli/hint_words.h"

#include "base/span.h"

static const char *const words[] = {
    [CPROV_HINT_NAME_A_FILE] = "name a file, or - for standard output",
    [CPROV_HINT_REPLACE_FILE] = "--force replaces it",
    [CPROV_HINT_ACCEPT_OLDER] = "set-source NAME --verify-key KEY accepts the older catalog",
    [CPROV_HINT_SEARCHABLE_SOURCE] =
        "try 'find-image nginx', or register a source that can be searched",
    [CPROV_HINT_REPAIR_LAYOUT] =
        "cprov test-image --repair --root % restores the list of its images",
    [CPROV_HINT_REPAIR_LIST] = "run cprov test-image --repair --root % to restore the list",
    [CPROV_HINT_REPAIR_STORE] = "run cprov test-image --repair --root % to restore it",
    [CPROV_HINT_REPAIR_BLOBS] = "run test-image --repair to download them again",
    [CPROV_HINT_SAY_TYPE] = "give the kind with --type",
    [CPROV_HINT_CHANGE_SOURCE] = "'set-source %' changes it, --force replaces it",
    [CPROV_HINT_KEEP_LOGIN] = "'cprov login HOST' stores logins",
    [CPROV_HINT_MORE_TIME] = "on a slow connection use a longer --stall-timeout",
    [CPROV_HINT_CA_FILE] = "for a private authority use --ca-file FILE (register-source remembers "
                           "it), or save its certificate as /etc/containers/certs.d/%/ca.crt",
    [CPROV_HINT_CLIENT_CERTIFICATE] = "use --cert and --key",
    [CPROV_HINT_MAYBE_CLIENT_CERTIFICATE] =
        "if % requires a client certificate, use --cert and --key",
    [CPROV_HINT_ALLOW_HTTP] =
        "to use plain HTTP give --allow-http, which register-source remembers",
    [CPROV_HINT_ALLOW_HTTP_OR_HTTPS] = "use https, or --allow-http (register-source remembers it)",
    [CPROV_HINT_ALLOW_HTTP_HOST] = "use --allow-http, here or with register-source, or put hosts: "
                                   "%: {allow-http: true} into the configuration",
    [CPROV_HINT_REFRESH] = "run 'cprov refresh' first",
    [CPROV_HINT_NOBODY_TO_ASK] = "no terminal to ask the question; --yes answers it",
    [CPROV_HINT_REGISTER_OR_REFERENCE] = "add one with register-source NAME LOCATION, or use a "
                                         "reference such as registry.example/team/app",
    [CPROV_HINT_SAVE_INSTEAD] = "use save-image to download the file",
    [CPROV_HINT_SAY_VERSION] = "choose one with NAME:VERSION or --version",
    [CPROV_HINT_LIST_INSTALLED] = "'get-image' lists the installed images",
    [CPROV_HINT_MAKE_BUNDLE] = "'cprov new-container NAME --image IMAGE --path DIR' makes them",
    [CPROV_HINT_NOTHING_INSTALLED] = "install it with 'install-image %'",
    [CPROV_HINT_INSTALL_IMAGE] = "install-image %",
    [CPROV_HINT_INSTALL_OR_SERVE] =
        "create one with 'install-image NAME', or serve a layout with 'cprov serve DIR'",
    [CPROV_HINT_ONE_LOGIN] = "name one of them, or store the logins: cprov login %",
    [CPROV_HINT_LIST_OR_REGISTER_SOURCES] =
        "get-source lists the registered sources; register-source adds one",
    [CPROV_HINT_LIST_SOURCES] = "get-source lists the registered sources",
    [CPROV_HINT_LOGIN_OF_ONE] = "name the registry in the reference, or give one --source, or "
                                "store the login: cprov login REGISTRY",
    [CPROV_HINT_REGISTER_SOURCE] = "add one with register-source NAME LOCATION",
    [CPROV_HINT_SAY_WHICH_SOURCE] = "give one --source, or the full reference",
    [CPROV_HINT_TRUST_SOURCE] =
        "install it with --trust, or make it permanent: set-source % --trusted",
    [CPROV_HINT_MAKE_FOLDER] = "--force creates it",
    [CPROV_HINT_ALLOW_UNVERIFIED] = "--allow-unverified downloads it and prints its hash",
    [CPROV_HINT_OWN_STORE] = "the machine's store needs root; --scope currentuser uses your own",
    [CPROV_HINT_OTHER_STORE] = "--root DIR chooses another store",
    [CPROV_HINT_NO_CHECK] = "--no-check registers it without contacting it",
    [CPROV_HINT_LOGIN] = "log in first: cprov login %",
    [CPROV_HINT_LOGIN_AGAIN] = "log in again: cprov login %",
    [CPROV_HINT_LIST_FILES] = "'cprov ls' shows what is in it",
    [CPROV_HINT_OTHER_FOLDER] = "use another folder, or --force to unpack over existing files",
    [CPROV_HINT_RAISE_SIZE] = "if you trust the image, --max-size allows more",
    [CPROV_HINT_RAISE_ENTRIES] = "if you trust the image, --max-entries allows more",
    [CPROV_HINT_RAISE_RATIO] = "if you trust the image, --max-ratio allows more",
};

const char *cprov_cli_hint(const struct cprov_failure *failure, char out[CPROV_HINT_SENTENCE_MAX])
{
    enum cprov_hint_id id = cprov_hint_named(failure->hint_id);

    if (id < CPROV_COUNT(words) && words[id])
        return cprov_hint_sentence(id, words[id], failure->hint_about, out);
    return failure->hint;
}
