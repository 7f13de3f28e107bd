/* Floating-point results and flags by MPFR: what SoftFloat is tested against. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int exponentBits, fractionBits;
    /* Whether the integer bit is stored. */
    bool hasIntegerBit;
    /* The biased exponent of which subnormals are multiples; 0 also lets unnormalized numbers be numbers. */
    int lowestExponent;
} MPFRFormat;

/* A bit pattern of up to 128 bits. */
typedef struct {
    uint64_t low, high;
} MPFRBits;

typedef enum { MPFRNearestEven, MPFRTowardZero, MPFRDown, MPFRUp, MPFRNearestAway, MPFROdd } MPFRMode;

/* The numbers are those of SoftFloat's flags. */
enum { MPFRInexact = 1, MPFRUnderflow = 2, MPFROverflow = 4, MPFRDivideByZero = 8, MPFRInvalid = 16 };

typedef enum {
    MPFRAdd, MPFRSubtract, MPFRMultiply, MPFRDivide, MPFRSquareRoot, MPFRMultiplyAdd, MPFRRemainder, MPFRModulo, MPFRScale, MPFRIntegral, MPFRConvert
} MPFROperation;

typedef struct {
    MPFRBits bits;
    unsigned flags;
    /* Of a remainder the low three bits of the quotient's magnitude. */
    unsigned quotient;
} MPFRResult;

/* A float operation, of which `MPFRScale` takes a 64-bit integer for b, whose NaN result is the positive one without payload. The result has the format `target`, operands have `source`. */
MPFRResult mpfrCompute(
    MPFROperation operation, MPFRFormat source, MPFRFormat target, MPFRMode mode, bool isTinyBeforeRounding, MPFRBits a, MPFRBits b, MPFRBits c);

/* An integer of `width` bits; what does not fit becomes the nearest one, a NaN the largest. */
MPFRResult mpfrToInteger(MPFRFormat source, MPFRMode mode, int width, bool isSigned, MPFRBits a);

MPFRResult mpfrFromInteger(MPFRFormat target, MPFRMode mode, int width, bool isSigned, MPFRBits value);

/* -1, 0, 1, or 2 for unordered. `flags` receives invalid for signalling NaNs, or all if asked. */
int mpfrCompare(MPFRFormat source, bool isSignalling, MPFRBits a, MPFRBits b, unsigned *flags);
