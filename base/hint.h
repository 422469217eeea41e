/* base/hint.h - what a person can do about a failure: an id, and what it is about. */
#ifndef CPROV_BASE_HINT_H
#define CPROV_BASE_HINT_H

#include <stddef.h>

/*
 * Id, stable name for other programs, and a sentence that names no option and no verb of any
 * program: whoever has some words it anew. '%' is what it is about: a host, a folder, a name.
 */
/* clang-format off */
#define CPROV_HINTS(X) \
    X(CPROV_HINT_BUILD_WITH_WIMLIB, "BuildWithWimlib", "build it again with the package libwim-dev installed; it then needs libwim15") \
    X(CPROV_HINT_UNMOUNT, "Unmount", "unmount it first") \
    X(CPROV_HINT_INSTALL_PACKAGE, "InstallPackage", "install the package %") \
    X(CPROV_HINT_UPDATE_PACKAGE, "UpdatePackage", "install a newer version of the package %") \
    X(CPROV_HINT_NAME_LINKED_FILE, "NameLinkedFile", "name the target of the symlink") \
    X(CPROV_HINT_NAME_LINKED_FOLDER, "NameLinkedFolder", "name the target of the symlink") \
    X(CPROV_HINT_NAME_A_FILE, "NameAFile", "name a file, or standard output") \
    X(CPROV_HINT_REPLACE_FILE, "ReplaceFile", "ask to replace it") \
    X(CPROV_HINT_VERSION_SYNTAX, "VersionSyntax", "use a version such as 10.0.10586.8, a tag, a prefix such as 10.0.*, or an interval such as [1.0,2.0), >=1.25, ^1.25 or ~1.25") \
    X(CPROV_HINT_ACCEPT_OLDER, "AcceptOlder", "give its key again to accept the older catalog") \
    X(CPROV_HINT_SEARCHABLE_SOURCE, "SearchableSource", "name an image, or register a source that can be searched") \
    X(CPROV_HINT_CATALOG_LOCATION, "CatalogLocation", "use HOST/REPOSITORY[:TAG] for a catalog") \
    X(CPROV_HINT_REPAIR_LAYOUT, "RepairLayout", "repair % to restore the list of its images") \
    X(CPROV_HINT_REPAIR_LIST, "RepairList", "repair the store % to restore the list") \
    X(CPROV_HINT_REPAIR_STORE, "RepairStore", "repair the store % to restore it") \
    X(CPROV_HINT_REPAIR_BLOBS, "RepairBlobs", "repair to download them again") \
    X(CPROV_HINT_SAY_TYPE, "SayType", "give its kind") \
    X(CPROV_HINT_DELETE_DATES, "DeleteDates", "delete it; the dates of signed catalogs are then recorded again from the start") \
    X(CPROV_HINT_CHANGE_SOURCE, "ChangeSource", "change the source %, or replace it") \
    X(CPROV_HINT_PROXY_IN_FILE, "ProxyInFile", "put the source into its own YAML file, or set HTTPS_PROXY") \
    X(CPROV_HINT_MOVE_KEYS, "MoveKeys", "move the other keys to another .yaml file in the same folder") \
    X(CPROV_HINT_CREDENTIAL_HELPER, "CredentialHelper", "install it, or remove it from credsStore and credHelpers in config.json") \
    X(CPROV_HINT_RUN_HELPER, "RunHelper", "run % to see why") \
    X(CPROV_HINT_KEEP_LOGIN, "KeepLogin", "logins are stored apart from sources") \
    X(CPROV_HINT_MORE_TIME, "MoreTime", "on a slow connection use a longer time-out") \
    X(CPROV_HINT_PROXY_LOGIN, "ProxyLogin", "put the proxy's login into its URL: http://USER:PASSWORD@HOST:PORT") \
    X(CPROV_HINT_CA_FILE, "CaFile", "for a private authority give its certificate, or save it as /etc/containers/certs.d/%/ca.crt") \
    X(CPROV_HINT_CLIENT_CERTIFICATE, "ClientCertificate", "give a certificate and its key") \
    X(CPROV_HINT_MAYBE_CLIENT_CERTIFICATE, "MaybeClientCertificate", "if % requires a client certificate, give one with its key") \
    X(CPROV_HINT_ALLOW_HTTP, "AllowHttp", "use https, or allow plain HTTP") \
    X(CPROV_HINT_ALLOW_HTTP_OR_HTTPS, "AllowHttpOrHttps", "use https, or allow plain HTTP") \
    X(CPROV_HINT_ALLOW_HTTP_HOST, "AllowHttpHost", "allow plain HTTP for this call, for the source, or in the configuration: hosts: %: {allow-http: true}") \
    X(CPROV_HINT_USE_HTTPS, "UseHttps", "the request used plain HTTP; use https:// if the server speaks TLS") \
    X(CPROV_HINT_IS_REGISTRY, "IsRegistry", "check that it is the address of a registry and whether it needs https") \
    X(CPROV_HINT_PEM_FILE, "PemFile", "it must be a file of certificates in PEM that this user may read") \
    X(CPROV_HINT_NAME_IT_DIRECTLY, "NameItDirectly", "if this is intended, name the host directly or register it as a source") \
    X(CPROV_HINT_NEWER_LIBCURL, "NewerLibcurl", "version % or newer is needed") \
    X(CPROV_HINT_RENAME_FILE, "RenameFile", "rename it to NAME-1-2-3.EXT") \
    X(CPROV_HINT_REFRESH, "Refresh", "run a refresh first") \
    X(CPROV_HINT_NOBODY_TO_ASK, "NobodyToAsk", "no terminal to ask the question; answer yes in advance") \
    X(CPROV_HINT_STOP_CONTAINER, "StopContainer", "stop it first: %") \
    X(CPROV_HINT_MAKE_BUNDLE, "MakeBundle", "make a container with a bundle") \
    X(CPROV_HINT_REGISTER_OR_REFERENCE, "RegisterOrReference", "register a source, or use a reference such as registry.example/team/app") \
    X(CPROV_HINT_SORT_KEYS, "SortKeys", "sort by name, version, created, size, source, publisher or relevance; -size has the largest first") \
    X(CPROV_HINT_SAVE_INSTEAD, "SaveInstead", "save the image to download the file") \
    X(CPROV_HINT_SAY_VERSION, "SayVersion", "choose one with NAME:VERSION") \
    X(CPROV_HINT_LIST_INSTALLED, "ListInstalled", "list the installed images") \
    X(CPROV_HINT_NOTHING_INSTALLED, "NothingInstalled", "install it: %") \
    X(CPROV_HINT_INSTALL_IMAGE, "InstallImage", "install %") \
    X(CPROV_HINT_INSTALL_OR_SERVE, "InstallOrServe", "install an image, or serve another layout") \
    X(CPROV_HINT_ONE_LOGIN, "OneLogin", "name one of them, or store the login of %") \
    X(CPROV_HINT_LIST_OR_REGISTER_SOURCES, "ListOrRegisterSources", "list the registered sources, or register one") \
    X(CPROV_HINT_LIST_SOURCES, "ListSources", "list the registered sources") \
    X(CPROV_HINT_LOGIN_OF_ONE, "LoginOfOne", "name the registry in the reference, or give one source, or store the login") \
    X(CPROV_HINT_REGISTER_SOURCE, "RegisterSource", "register a source") \
    X(CPROV_HINT_SAY_WHICH_OF_PLACE, "SayWhichOfPlace", "choose one with PATH:NAME:VERSION") \
    X(CPROV_HINT_SAY_WHICH_SOURCE, "SayWhichSource", "give one source, or the full reference") \
    X(CPROV_HINT_TRUST_SOURCE, "TrustSource", "trust it for this call, or mark the source % as trusted") \
    X(CPROV_HINT_MAKE_FOLDER, "MakeFolder", "ask to create it") \
    X(CPROV_HINT_ALLOW_UNVERIFIED, "AllowUnverified", "ask to download it without a check") \
    X(CPROV_HINT_OWN_STORE, "OwnStore", "the machine's store needs root; use your own") \
    X(CPROV_HINT_OTHER_STORE, "OtherStore", "choose another store") \
    X(CPROV_HINT_NO_CHECK, "NoCheck", "register it without contacting it") \
    X(CPROV_HINT_ALLOW_TOKEN_SERVER, "AllowTokenServer", "if that is its token server, put this into the configuration: %") \
    X(CPROV_HINT_LOGIN, "Login", "log in to % first") \
    X(CPROV_HINT_LOGIN_AGAIN, "LoginAgain", "log in to % again") \
    X(CPROV_HINT_OTHER_NETWORK, "OtherNetwork", "a proxy may be cutting it; try another network, or a source that supports Range") \
    X(CPROV_HINT_NAME_HOST, "NameHost", "if this is intended, put the host into the configuration: %") \
    X(CPROV_HINT_WAIT_OR_LOGIN, "WaitOrLogin", "wait a while, or log in: limits are higher for logged-in users") \
    X(CPROV_HINT_SMALLER_LIMIT, "SmallerLimit", "the registry or a proxy in front of it has a lower size limit") \
    X(CPROV_HINT_LIST_FILES, "ListFiles", "list its content") \
    X(CPROV_HINT_REMOVE_STAGE, "RemoveStage", "if no process is using it, remove %") \
    X(CPROV_HINT_OTHER_FOLDER, "OtherFolder", "use another folder, or ask to unpack over existing files") \
    X(CPROV_HINT_LOOK_INTO_STAGE, "LookIntoStage", "look into % in the folder, and remove it") \
    X(CPROV_HINT_RAISE_SIZE, "RaiseSize", "if you trust the image, raise the limit of bytes") \
    X(CPROV_HINT_RAISE_ENTRIES, "RaiseEntries", "if you trust the image, raise the limit of entries") \
    X(CPROV_HINT_RAISE_RATIO, "RaiseRatio", "if you trust the image, raise the limit of the ratio") \
    X(CPROV_HINT_REMOVE_OR_OTHER, "RemoveOrOther", "remove it, or save to another folder") \
    X(CPROV_HINT_WORDS, "", "%")
/* clang-format on */

enum cprov_hint_id {
    CPROV_HINT_NONE,
#define CPROV_HINT_ID(id, name, sentence) id,
    CPROV_HINTS(CPROV_HINT_ID)
#undef CPROV_HINT_ID
};

#define CPROV_HINT_SENTENCE_MAX 512

/* "" for none. */
const char *cprov_hint_name(enum cprov_hint_id id);
/* CPROV_HINT_NONE for an unknown name. */
enum cprov_hint_id cprov_hint_named(const char *name);

/* The sentence with what it is about in it; pattern NULL: the one of the table. Returns out. */
const char *cprov_hint_sentence(enum cprov_hint_id id, const char *pattern, const char *about,
                                char out[CPROV_HINT_SENTENCE_MAX]);

#endif
