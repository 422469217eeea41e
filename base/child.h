/* base/child.h - what programs that we start are given. */
#ifndef CPROV_BASE_CHILD_H
#define CPROV_BASE_CHILD_H

/*
 * Our environment for a child: without the logins that are ours alone, and without what the
 * command line set for its own libraries. NULL without memory. Free the list alone: its texts are
 * the environment's.
 */
char **cprov_child_environment(void);

#endif
