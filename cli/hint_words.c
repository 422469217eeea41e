/* cli/hint_words.c - hints that name a verb or an option of ours. */
#include "cli/hint_words.h"

#include "base/span.h"

static const char *const words[] = {
    [CPROV_HINT_NAME_A_FILE] = "name a file, or - for standard output",
    [CPROV_HINT_REPLACE_FILE] = "--force replaces it",
    [CPROV_HINT_ACCEPT_OLDER] = "set-source NAME --verify-key KEY takes an older one all the same",
    [CPROV_HINT_SEARCHABLE_SOURCE] =
        "find-image nginx, or register-source NAME LOCATION for one that can be searched",
    [CPROV_HINT_REPAIR_LAYOUT] =
        "cprov test-image --repair --root % lists again what its blobs are",
    [CPROV_HINT_REPAIR_LIST] = "cprov test-image --repair --root % brings the list back",
    [CPROV_HINT_REPAIR_STORE] = "cprov test-image --repair --root % writes it again",
    [CPROV_HINT_REPAIR_BLOBS] = "test-image --repair fetches them again",
    [CPROV_HINT_SAY_TYPE] = "say it with --type",
    [CPROV_HINT_CHANGE_SOURCE] = "'set-source %' changes it, --force replaces it",
    [CPROV_HINT_KEEP_LOGIN] = "logins are kept by 'cprov login HOST'",
    [CPROV_HINT_MORE_TIME] = "on a slow connection --stall-timeout gives it more time",
    [CPROV_HINT_CA_FILE] =
        "if it has an authority of its own, give the certificate with --ca-file FILE "
        "(register-source remembers it), or keep it as /etc/containers/certs.d/%/ca.crt",
    [CPROV_HINT_CLIENT_CERTIFICATE] = "give it with --cert and --key",
    [CPROV_HINT_MAYBE_CLIENT_CERTIFICATE] =
        "if % wants a client certificate, give it with --cert and --key",
    [CPROV_HINT_ALLOW_HTTP] =
        "if plain HTTP is meant, allow it with --allow-http, which register-source remembers",
    [CPROV_HINT_ALLOW_HTTP_OR_HTTPS] =
        "allow it with --allow-http (register-source remembers it), or use https",
    [CPROV_HINT_ALLOW_HTTP_HOST] =
        "--allow-http permits it, here or for good with register-source; or hosts: %: {allow-http: "
        "true} in the configuration",
    [CPROV_HINT_REFRESH] = "cprov refresh asks them",
    [CPROV_HINT_NOBODY_TO_ASK] = "there is no terminal to ask on; --yes answers the question",
    [CPROV_HINT_REGISTER_OR_REFERENCE] = "register-source NAME LOCATION adds one; a reference such "
                                         "as registry.example/team/app needs none",
    [CPROV_HINT_SAVE_INSTEAD] = "save-image gets the file",
    [CPROV_HINT_SAY_VERSION] = "say which one: NAME:VERSION, or --version",
    [CPROV_HINT_LIST_INSTALLED] = "'get-image' lists what is installed",
    [CPROV_HINT_MAKE_BUNDLE] = "'cprov new-container NAME --image IMAGE --path DIR' makes them",
    [CPROV_HINT_NOTHING_INSTALLED] = "nothing is: 'install-image %' installs it",
    [CPROV_HINT_INSTALL_IMAGE] = "install-image %",
    [CPROV_HINT_INSTALL_OR_SERVE] =
        "'install-image NAME' makes one; 'cprov serve DIR' serves a layout",
    [CPROV_HINT_ONE_LOGIN] = "name one of them, or keep the logins: cprov login %",
    [CPROV_HINT_LIST_OR_REGISTER_SOURCES] =
        "get-source lists the registered ones; register-source adds one",
    [CPROV_HINT_LIST_SOURCES] = "get-source lists the registered ones",
    [CPROV_HINT_LOGIN_OF_ONE] = "name the registry in the reference, or give one --source; cprov "
                                "login REGISTRY keeps a login",
    [CPROV_HINT_REGISTER_SOURCE] = "register-source NAME LOCATION adds one",
    [CPROV_HINT_SAY_WHICH_SOURCE] = "name one --source, or write the reference in full",
    [CPROV_HINT_TRUST_SOURCE] = "--trust installs it anyway; set-source % --trusted remembers it",
    [CPROV_HINT_MAKE_FOLDER] = "--force makes it",
    [CPROV_HINT_ALLOW_UNVERIFIED] = "--allow-unverified gets it anyway and tells its hash",
    [CPROV_HINT_OWN_STORE] = "the machine's store needs root; --scope currentuser uses your own",
    [CPROV_HINT_OTHER_STORE] = "--root DIR chooses another store",
    [CPROV_HINT_NO_CHECK] = "--no-check registers it without asking whether it answers",
    [CPROV_HINT_LOGIN] = "log in first: cprov login %",
    [CPROV_HINT_LOGIN_AGAIN] = "log in again: cprov login %",
    [CPROV_HINT_LIST_FILES] = "'cprov ls' shows what is in it",
    [CPROV_HINT_OTHER_FOLDER] = "give another folder, or --force to unpack over what is there",
    [CPROV_HINT_RAISE_SIZE] = "--max-size allows more, where the image is known to be good",
    [CPROV_HINT_RAISE_ENTRIES] = "--max-entries allows more, where the image is known to be good",
    [CPROV_HINT_RAISE_RATIO] = "--max-ratio allows more, where the image is known to be good",
};

const char *cprov_cli_hint(const struct cprov_failure *failure, char out[CPROV_HINT_SENTENCE_MAX])
{
    enum cprov_hint_id id = cprov_hint_named(failure->hint_id);

    if (id < CPROV_COUNT(words) && words[id])
        return cprov_hint_sentence(id, words[id], failure->hint_about, out);
    return failure->hint;
}
