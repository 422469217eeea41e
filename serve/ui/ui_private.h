/* serve/ui/ui_private.h - pages about the images, for people with a browser. */
#ifndef CPROV_SERVE_UI_UI_PRIVATE_H
#define CPROV_SERVE_UI_UI_PRIVATE_H

#include <stdbool.h>

#include "serve/answer_private.h"
#include "serve/service_private.h"

/*
 * Answers GET or HEAD of "/" and of what is below "/ui/"; false, with *out as it was, for every
 * other path. out is what cprov_answer_make() has begun. Pages are whole without a script.
 */
bool cprov_ui_answer(const struct cprov_service *service, const struct cprov_serve_request *q,
                     struct cprov_serve_answer *out);

#endif
