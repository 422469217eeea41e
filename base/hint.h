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
    X(CPROV_HINT_BUILD_WITH_WIMLIB, "BuildWithWimlib", "build it again where the package libwim-dev is; it needs libwim15 then") \
    X(CPROV_HINT_UNMOUNT, "Unmount", "unmount it first") \
    X(CPROV_HINT_INSTALL_PACKAGE, "InstallPackage", "install the package %") \
    X(CPROV_HINT_UPDATE_PACKAGE, "UpdatePackage", "install a newer version of the package %") \
    X(CPROV_HINT_NAME_LINKED_FILE, "NameLinkedFile", "name the file that it leads to") \
    X(CPROV_HINT_NAME_LINKED_FOLDER, "NameLinkedFolder", "name the folder that it leads to") \
    X(CPROV_HINT_NAME_A_FILE, "NameAFile", "name a file, or standard output") \
    X(CPROV_HINT_REPLACE_FILE, "ReplaceFile", "replacing it has to be asked for") \
    X(CPROV_HINT_VERSION_SYNTAX, "VersionSyntax", "a version is 10.0.10586.8, a tag, a prefix such as 10.0.*, or an interval such as [1.0,2.0), >=1.25, ^1.25 or ~1.25") \
    X(CPROV_HINT_ACCEPT_OLDER, "AcceptOlder", "naming its key again takes an older one all the same") \
    X(CPROV_HINT_SEARCHABLE_SOURCE, "SearchableSource", "name an image, or register a source that can be searched") \
    X(CPROV_HINT_CATALOG_LOCATION, "CatalogLocation", "a catalog's is HOST/REPOSITORY[:TAG]") \
    X(CPROV_HINT_REPAIR_LAYOUT, "RepairLayout", "repairing % lists again what its blobs are") \
    X(CPROV_HINT_REPAIR_LIST, "RepairList", "repairing the store % brings the list back") \
    X(CPROV_HINT_REPAIR_STORE, "RepairStore", "repairing the store % writes it again") \
    X(CPROV_HINT_REPAIR_BLOBS, "RepairBlobs", "repairing fetches them again") \
    X(CPROV_HINT_SAY_TYPE, "SayType", "say of which type it is") \
    X(CPROV_HINT_DELETE_DATES, "DeleteDates", "delete it, and the dates of signed catalogs are learnt anew") \
    X(CPROV_HINT_CHANGE_SOURCE, "ChangeSource", "change the source %, or replace it") \
    X(CPROV_HINT_PROXY_IN_FILE, "ProxyInFile", "write the source into a YAML file of its own, or set HTTPS_PROXY") \
    X(CPROV_HINT_MOVE_KEYS, "MoveKeys", "move the other keys to another .yaml file in the same folder") \
    X(CPROV_HINT_CREDENTIAL_HELPER, "CredentialHelper", "install it, or take it out of credsStore and credHelpers in config.json") \
    X(CPROV_HINT_RUN_HELPER, "RunHelper", "% says why") \
    X(CPROV_HINT_KEEP_LOGIN, "KeepLogin", "logins are kept apart from sources") \
    X(CPROV_HINT_MORE_TIME, "MoreTime", "on a slow connection a longer time-out gives it more time") \
    X(CPROV_HINT_PROXY_LOGIN, "ProxyLogin", "give the login of the proxy in its URL: http://USER:PASSWORD@HOST:PORT") \
    X(CPROV_HINT_CA_FILE, "CaFile", "if it has an authority of its own, give that certificate, or keep it as /etc/containers/certs.d/%/ca.crt") \
    X(CPROV_HINT_CLIENT_CERTIFICATE, "ClientCertificate", "give a certificate and its key") \
    X(CPROV_HINT_MAYBE_CLIENT_CERTIFICATE, "MaybeClientCertificate", "if % wants a client certificate, give it with its key") \
    X(CPROV_HINT_ALLOW_HTTP, "AllowHttp", "allow plain HTTP if it is meant, or use https") \
    X(CPROV_HINT_ALLOW_HTTP_OR_HTTPS, "AllowHttpOrHttps", "allow plain HTTP, or use https") \
    X(CPROV_HINT_ALLOW_HTTP_HOST, "AllowHttpHost", "allow plain HTTP for this call, for the source, or in the configuration: hosts: %: {allow-http: true}") \
    X(CPROV_HINT_USE_HTTPS, "UseHttps", "it was asked in plain HTTP: use https:// if it speaks TLS") \
    X(CPROV_HINT_IS_REGISTRY, "IsRegistry", "is it the address of a registry, and does it speak TLS (https)?") \
    X(CPROV_HINT_PEM_FILE, "PemFile", "it must be a file of certificates in PEM that this user may read") \
    X(CPROV_HINT_NAME_IT_DIRECTLY, "NameItDirectly", "what is meant to be reached is named by its own name, or as a source") \
    X(CPROV_HINT_NEWER_LIBCURL, "NewerLibcurl", "version % or newer is needed") \
    X(CPROV_HINT_RENAME_FILE, "RenameFile", "rename it, so that name and version can be told") \
    X(CPROV_HINT_REFRESH, "Refresh", "a refresh asks them") \
    X(CPROV_HINT_NOBODY_TO_ASK, "NobodyToAsk", "nobody can be asked; say yes beforehand") \
    X(CPROV_HINT_STOP_CONTAINER, "StopContainer", "stop it first: %") \
    X(CPROV_HINT_MAKE_BUNDLE, "MakeBundle", "make a container with a bundle") \
    X(CPROV_HINT_REGISTER_OR_REFERENCE, "RegisterOrReference", "register a source; a reference such as registry.example/team/app needs none") \
    X(CPROV_HINT_SORT_KEYS, "SortKeys", "sort by name, version, created, size, source, publisher or relevance; -size has the largest first") \
    X(CPROV_HINT_SAVE_INSTEAD, "SaveInstead", "saving gets the file") \
    X(CPROV_HINT_SAY_VERSION, "SayVersion", "say which version: NAME:VERSION") \
    X(CPROV_HINT_LIST_INSTALLED, "ListInstalled", "list what is installed") \
    X(CPROV_HINT_NOTHING_INSTALLED, "NothingInstalled", "nothing is: install %") \
    X(CPROV_HINT_INSTALL_IMAGE, "InstallImage", "install %") \
    X(CPROV_HINT_INSTALL_OR_SERVE, "InstallOrServe", "install an image, or serve another layout") \
    X(CPROV_HINT_ONE_LOGIN, "OneLogin", "name one of them, or keep the login of %") \
    X(CPROV_HINT_LIST_OR_REGISTER_SOURCES, "ListOrRegisterSources", "list the registered sources, or register one") \
    X(CPROV_HINT_LIST_SOURCES, "ListSources", "list the registered sources") \
    X(CPROV_HINT_LOGIN_OF_ONE, "LoginOfOne", "name the registry in the reference, or ask one source; a login that is kept has its registry") \
    X(CPROV_HINT_REGISTER_SOURCE, "RegisterSource", "register a source") \
    X(CPROV_HINT_SAY_WHICH_OF_PLACE, "SayWhichOfPlace", "say which one: PATH:NAME:VERSION") \
    X(CPROV_HINT_SAY_WHICH_SOURCE, "SayWhichSource", "name one source, or write the reference in full") \
    X(CPROV_HINT_TRUST_SOURCE, "TrustSource", "trust it for this call, or mark the source % as trusted") \
    X(CPROV_HINT_MAKE_FOLDER, "MakeFolder", "making it has to be asked for") \
    X(CPROV_HINT_ALLOW_UNVERIFIED, "AllowUnverified", "getting it without a check has to be asked for") \
    X(CPROV_HINT_OWN_STORE, "OwnStore", "the machine's store needs root; use your own") \
    X(CPROV_HINT_OTHER_STORE, "OtherStore", "choose another store") \
    X(CPROV_HINT_NO_CHECK, "NoCheck", "it can be registered without asking whether it answers") \
    X(CPROV_HINT_ALLOW_TOKEN_SERVER, "AllowTokenServer", "if that is its token server, allow it in the configuration: %") \
    X(CPROV_HINT_LOGIN, "Login", "log in to % first") \
    X(CPROV_HINT_LOGIN_AGAIN, "LoginAgain", "log in to % again") \
    X(CPROV_HINT_OTHER_NETWORK, "OtherNetwork", "a proxy on the way may be what cuts it: try another network, or a source that knows Range") \
    X(CPROV_HINT_NAME_HOST, "NameHost", "if it is meant, name the host in the configuration: %") \
    X(CPROV_HINT_WAIT_OR_LOGIN, "WaitOrLogin", "wait a while, or log in: limits are higher for known users") \
    X(CPROV_HINT_SMALLER_LIMIT, "SmallerLimit", "a limit of the registry, or of a proxy in front of it, is smaller than this") \
    X(CPROV_HINT_LIST_FILES, "ListFiles", "list what is in it") \
    X(CPROV_HINT_REMOVE_STAGE, "RemoveStage", "if none does, remove %") \
    X(CPROV_HINT_OTHER_FOLDER, "OtherFolder", "give another folder, or ask to unpack over what is there") \
    X(CPROV_HINT_LOOK_INTO_STAGE, "LookIntoStage", "look into % in the folder, and remove it") \
    X(CPROV_HINT_RAISE_SIZE, "RaiseSize", "a higher cap of bytes allows more, where the image is known to be good") \
    X(CPROV_HINT_RAISE_ENTRIES, "RaiseEntries", "a higher cap of entries allows more, where the image is known to be good") \
    X(CPROV_HINT_RAISE_RATIO, "RaiseRatio", "a higher cap of the ratio allows more, where the image is known to be good") \
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
