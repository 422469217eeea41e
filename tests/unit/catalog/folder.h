/* A folder for the files of a test, and commands that make them. */
#ifndef CPROV_TESTS_FOLDER_H
#define CPROV_TESTS_FOLDER_H

void folder_open(void);
void folder_close(void);
/* A path in it; one of the last four. */
const char *folder_path(const char *name);
void folder_put(const char *name, const char *text);
/* Runs a line of the shell in it, which must succeed. */
void folder_run(const char *line);
/* key.pem and key.pub, and other.pem and other.pub: ECDSA on P-256. */
void folder_make_keys(void);

#endif
