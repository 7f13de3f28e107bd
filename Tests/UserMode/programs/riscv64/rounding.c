// Rounding modes that instructions name, under each mode that frm may hold (RISC-V unprivileged specification, section 11.2):
// what an instruction names must not depend on frm, nor the other way round, and flags are raised all the same.
#include <stdio.h>

#define UNDER(name, rm)                                                                                                        \
    static void name(double a, double b, double *sum, double *ratio, long *whole, float *narrow) {                             \
        __asm__ volatile("fadd.d %0, %4, %5, " rm "\n\tfdiv.d %1, %4, %5, " rm "\n\tfcvt.l.d %2, %4, " rm "\n\tfcvt.s.d %3, %4, " rm \
                         : "=&f"(*sum), "=&f"(*ratio), "=&r"(*whole), "=&f"(*narrow)                                           \
                         : "f"(a), "f"(b));                                                                                    \
    }
UNDER(nearest, "rne")
UNDER(zero, "rtz")
UNDER(down, "rdn")
UNDER(up, "rup")
UNDER(away, "rmm")
UNDER(dynamic, "dyn")

int main(void) {
    void (*const modes[])(double, double, double *, double *, long *, float *) = {nearest, zero, down, up, away, dynamic};
    // The sums are ties; the conversions are, too, or lie beside one.
    const double pairs[][2] = {{1, 0x1p-53}, {-1, -0x1p-53}, {2.5, 3}, {-3.5, 0x1.8p-52}, {0x1.000001p0, 3}, {1e300, 1e-300}};
    for (int frm = 0; frm < 5; frm++)
        for (int mode = 0; mode < 6; mode++)
            for (int pair = 0; pair < 6; pair++) {
                double sum = 0, ratio = 0;
                long whole = 0, flags = 0;
                float narrow = 0;
                // Often enough for a loop to become one block, and with frm set anew, so that blocks of another mode lie beside it.
                for (int round = 0; round < 40; round++) {
                    __asm__ volatile("fsrm %0\n\tfsflags zero" ::"r"(frm));
                    modes[mode](pairs[pair][0], pairs[pair][1], &sum, &ratio, &whole, &narrow);
                    __asm__ volatile("frflags %0\n\tfsrm zero" : "=r"(flags));
                }
                printf("%d %d: %a %a %ld %a %lx\n", frm, mode, sum, ratio, whole, narrow, flags);
            }
    return 0;
}
