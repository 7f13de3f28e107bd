// Objects of eight shapes with a table of methods each.
#include "bench.h"

struct shape;
struct methods {
    uint64_t (*area)(const struct shape *);
    void (*grow)(struct shape *, uint32_t);
};
struct shape {
    const struct methods *methods;
    uint32_t width, height;
};

#define SHAPE(name, area_value, growth)                                                       \
    static uint64_t name##_area(const struct shape *s) { (void)s; return area_value; }                 \
    static void name##_grow(struct shape *s, uint32_t by) { growth; }                         \
    static const struct methods name = {name##_area, name##_grow};
SHAPE(rectangle, (uint64_t)s->width * s->height, s->width += by)
SHAPE(triangle, (uint64_t)s->width * s->height / 2, s->height += by)
SHAPE(square, (uint64_t)s->width * s->width, s->width ^= by)
SHAPE(line, s->width, s->width += s->height & by)
SHAPE(cross, (uint64_t)s->width + s->height, s->height -= by)
SHAPE(frame, 2 * ((uint64_t)s->width + s->height), s->width = s->width * 3 + by)
SHAPE(ring, (uint64_t)s->width * 22 / 7, s->width = s->width >> 1 ^ by)
SHAPE(point, 1, s->height = by)

enum { N = 4096 };
static struct shape shapes[N];

static uint64_t work(void) {
    static const struct methods *const kinds[8] = {&rectangle, &triangle, &square, &line, &cross, &frame, &ring, &point};
    uint32_t state = 3;
    for (int i = 0; i < N; i++) shapes[i] = (struct shape){kinds[next_random(&state) % 8], next_random(&state) % 1000, next_random(&state) % 1000};
    uint64_t sum = 0;
    for (uint32_t round = 0; round < 5000; round++)
        for (int i = 0; i < N; i++) {
            sum += shapes[i].methods->area(&shapes[i]);
            shapes[i].methods->grow(&shapes[i], round);
        }
    return sum;
}
