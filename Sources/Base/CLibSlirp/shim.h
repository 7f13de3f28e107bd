#include <libslirp.h>
