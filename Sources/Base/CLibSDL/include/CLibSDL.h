#ifndef APUS_LIBSDL_H
#define APUS_LIBSDL_H
// SDL 2, which is looked for when a window is wanted: a machine without it runs everything else. Its headers give the types, so that what is loaded is called as it is meant.
#include <SDL2/SDL.h>

#define APUS_SDL_FUNCTIONS(each)                                                                                       \
    each(Init) each(Quit) each(GetError) each(SetHint) each(CreateWindow) each(DestroyWindow) each(SetWindowTitle)     \
    each(SetWindowSize) each(GetWindowSize) each(SetWindowFullscreen) each(SetWindowGrab) each(GetWindowFlags)         \
    each(CreateRenderer) each(DestroyRenderer) each(RenderSetLogicalSize) each(SetRenderDrawColor) each(RenderClear)   \
    each(RenderCopy) each(RenderPresent) each(CreateTexture) each(DestroyTexture) each(UpdateTexture)                  \
    each(SetRelativeMouseMode) each(ShowCursor) each(CreateRGBSurfaceFrom) each(FreeSurface) each(CreateColorCursor)   \
    each(SetCursor) each(GetDefaultCursor) each(FreeCursor) each(StartTextInput) each(WaitEventTimeout)                \
    each(PushEvent) each(PollEvent)

#define APUS_SDL_MEMBER(name) __typeof__(SDL_##name) *name;
struct apus_sdl {
    APUS_SDL_FUNCTIONS(APUS_SDL_MEMBER)
};
#undef APUS_SDL_MEMBER

// Fills the table in. Returns 0, or what is wrong, as text that stays.
const char *apus_sdl_load(struct apus_sdl *table);
#endif
