/* mirror/ui.h - pages about the images, for people with a browser. */
#ifndef CPROV_MIRROR_UI_H
#define CPROV_MIRROR_UI_H

#include <stdbool.h>

#include "mirror/answer.h"
#include "mirror/site.h"

/*
 * Answers GET or HEAD of "/" and of what is below "/ui/"; false, with *out as it was, for every
 * other path. out is what cprov_answer_make() has begun. Pages are whole without a script.
 */
bool cprov_ui_answer(const struct cprov_site *site, const struct cprov_question *q,
                     struct cprov_answer *out);

#endif
