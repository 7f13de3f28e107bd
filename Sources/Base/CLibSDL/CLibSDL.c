#include "CLibSDL.h"
#include <dlfcn.h>

const char *apus_sdl_load(struct apus_sdl *table) {
    void *library = dlopen("libSDL2-2.0.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library) return dlerror();
#define APUS_SDL_FIND(name)                                                                                            \
    table->name = (__typeof__(SDL_##name) *)dlsym(library, "SDL_" #name);                                              \
    if (!table->name) return dlerror();
    APUS_SDL_FUNCTIONS(APUS_SDL_FIND)
    return 0;
}
