#include "CMPFR.h"

#include <mpfr.h>

/* Digits of intermediate results. They are cut off towards zero, and whether anything was cut is kept: with more than two digits beyond any
   format's that is enough to round rightly, in any mode and at any place. */
enum { digits = 320 };

/* A result before it is rounded: `value` towards zero, and whether there is more behind it. */
typedef struct {
    mpfr_t value;
    bool isCut;
} Exact;

typedef struct {
    mpfr_t value;
    bool isNaN, isSignalling;
    long scale;
} Operand;

static int bias(MPFRFormat f) { return (1 << (f.exponentBits - 1)) - 1; }
static int topExponent(MPFRFormat f) { return (1 << f.exponentBits) - 1; }
static int precision(MPFRFormat f) { return f.fractionBits + 1; }
static int exponentShift(MPFRFormat f) { return f.fractionBits + (f.hasIntegerBit ? 1 : 0); }

typedef unsigned __int128 Wide;

static Wide wide(MPFRBits bits) { return (Wide)bits.high << 64 | bits.low; }
static MPFRBits narrow(Wide value) { return (MPFRBits){(uint64_t)value, (uint64_t)(value >> 64)}; }

static void setWide(mpfr_t x, Wide value) {
    mpfr_set_ui_2exp(x, (uint64_t)(value >> 64), 64, MPFR_RNDZ);
    mpfr_add_ui(x, x, (uint64_t)value, MPFR_RNDZ);
}

/* An integral magnitude below 2^128. */
static Wide getWide(mpfr_t x) {
    mpfr_t part;
    mpfr_init2(part, digits);
    mpfr_div_2ui(part, x, 64, MPFR_RNDZ);
    mpfr_trunc(part, part);
    Wide high = mpfr_get_ui(part, MPFR_RNDZ);
    mpfr_mul_2ui(part, part, 64, MPFR_RNDZ);
    mpfr_sub(part, x, part, MPFR_RNDZ);
    Wide low = mpfr_get_ui(part, MPFR_RNDZ);
    mpfr_clear(part);
    return high << 64 | low;
}

static Operand decode(MPFRFormat f, MPFRBits bits) {
    Wide value = wide(bits);
    bool isNegative = value >> (exponentShift(f) + f.exponentBits) & 1;
    int biased = (int)(value >> exponentShift(f)) & topExponent(f);
    Wide fraction = value & (((Wide)1 << f.fractionBits) - 1);
    Wide integer = f.hasIntegerBit ? value >> f.fractionBits & 1 : biased != 0;
    Operand x = {.isNaN = false, .isSignalling = false, .scale = 0};
    mpfr_init2(x.value, digits);
    if (biased != 0 && integer == 0 && f.lowestExponent != 0) {
        x.isNaN = x.isSignalling = true;
    } else if (biased == topExponent(f)) {
        mpfr_set_inf(x.value, 1);
        x.isNaN = fraction != 0;
        x.isSignalling = x.isNaN && !(fraction >> (f.fractionBits - 1));
    } else {
        setWide(x.value, fraction | integer << f.fractionBits);
        mpfr_mul_2si(x.value, x.value, (biased ? biased : f.lowestExponent) - bias(f) - f.fractionBits, MPFR_RNDZ);
    }
    if (isNegative) mpfr_neg(x.value, x.value, MPFR_RNDZ);
    return x;
}

static MPFRBits assemble(MPFRFormat f, bool isNegative, int biased, Wide significand) {
    Wide stored = f.hasIntegerBit ? significand : significand & (((Wide)1 << f.fractionBits) - 1);
    return narrow((Wide)isNegative << (exponentShift(f) + f.exponentBits) | (Wide)biased << exponentShift(f) | stored);
}

static MPFRBits infinity(MPFRFormat f, bool isNegative) {
    return assemble(f, isNegative, topExponent(f), f.lowestExponent ? (Wide)1 << f.fractionBits : 0);
}
static MPFRBits defaultNaN(MPFRFormat f) { return assemble(f, false, topExponent(f), (Wide)3 << (f.fractionBits - 1)); }

static MPFRResult invalid(MPFRFormat f) { return (MPFRResult){.bits = defaultNaN(f), .flags = MPFRInvalid}; }

/* Makes the magnitude of `x` integral; true if that changed it. */
static bool roundMagnitude(Exact *x, MPFRMode mode) {
    bool isNegative = mpfr_signbit(x->value);
    mpfr_t whole, rest;
    mpfr_inits2(digits, whole, rest, (mpfr_ptr)0);
    mpfr_abs(x->value, x->value, MPFR_RNDZ);
    mpfr_trunc(whole, x->value);
    mpfr_sub(rest, x->value, whole, MPFR_RNDZ);
    bool isInexact = x->isCut || !mpfr_zero_p(rest);
    int half = mpfr_cmp_ui_2exp(rest, 1, -1);
    if (half == 0 && x->isCut) half = 1;
    mpfr_div_2ui(rest, whole, 1, MPFR_RNDZ);
    bool isOdd = !mpfr_integer_p(rest);
    bool goesUp = false;
    switch (mode) {
        case MPFRNearestEven: goesUp = half > 0 || (half == 0 && isOdd); break;
        case MPFRNearestAway: goesUp = half >= 0; break;
        case MPFRTowardZero: break;
        case MPFRDown: goesUp = isInexact && isNegative; break;
        case MPFRUp: goesUp = isInexact && !isNegative; break;
        case MPFROdd: goesUp = isInexact && !isOdd; break;
    }
    mpfr_add_ui(x->value, whole, goesUp, MPFR_RNDZ);
    mpfr_setsign(x->value, x->value, isNegative, MPFR_RNDZ);
    x->isCut = false;
    mpfr_clears(whole, rest, (mpfr_ptr)0);
    return isInexact;
}

/* Rounds to multiples of 2^place; true if that changed the value. */
static bool roundAt(Exact *x, long place, MPFRMode mode) {
    mpfr_mul_2si(x->value, x->value, -place, MPFR_RNDZ);
    bool isInexact = roundMagnitude(x, mode);
    mpfr_mul_2si(x->value, x->value, place, MPFR_RNDZ);
    return isInexact;
}

/* The exponent e of a value in 2^e ..< 2^(e+1). */
static long exponentOf(mpfr_t x) { return mpfr_get_exp(x) - 1; }

static bool isTiny(MPFRFormat f, const Exact *x, MPFRMode mode, bool before) {
    Exact trial = {.isCut = x->isCut};
    mpfr_init2(trial.value, digits);
    mpfr_set(trial.value, x->value, MPFR_RNDZ);
    if (!before) roundAt(&trial, exponentOf(trial.value) - f.fractionBits, mode);
    bool result = exponentOf(trial.value) < f.lowestExponent - bias(f);
    mpfr_clear(trial.value);
    return result;
}

static MPFRResult overflow(MPFRFormat f, bool isNegative, MPFRMode mode) {
    bool isInfinite = mode == MPFRNearestEven || mode == MPFRNearestAway || (mode == MPFRDown && isNegative) || (mode == MPFRUp && !isNegative);
    MPFRBits largest = assemble(f, isNegative, topExponent(f) - 1, ((Wide)1 << precision(f)) - 1);
    return (MPFRResult){.bits = isInfinite ? infinity(f, isNegative) : largest, .flags = MPFROverflow | MPFRInexact};
}

static MPFRResult encode(MPFRFormat f, Exact *x, MPFRMode mode, bool before) {
    bool isNegative = mpfr_signbit(x->value);
    if (mpfr_inf_p(x->value)) return (MPFRResult){.bits = infinity(f, isNegative)};
    if (mpfr_zero_p(x->value)) return (MPFRResult){.bits = assemble(f, isNegative, 0, 0)};
    long lowest = f.lowestExponent - bias(f);
    bool tiny = isTiny(f, x, mode, before);
    long exponent = exponentOf(x->value);
    if (exponent < lowest) exponent = lowest;
    MPFRResult result = {.flags = 0};
    if (roundAt(x, exponent - f.fractionBits, mode)) result.flags = MPFRInexact | (tiny ? MPFRUnderflow : 0);
    if (!mpfr_zero_p(x->value) && exponentOf(x->value) > exponent) exponent += 1;
    if (exponent > bias(f)) return overflow(f, isNegative, mode);
    mpfr_abs(x->value, x->value, MPFR_RNDZ);
    mpfr_mul_2si(x->value, x->value, f.fractionBits - exponent, MPFR_RNDZ);
    Wide significand = getWide(x->value);
    bool isNormal = significand >> f.fractionBits != 0;
    result.bits = assemble(f, isNegative, isNormal ? (int)exponent + bias(f) : 0, significand);
    return result;
}

/* The operation with results cut off as `direction` says. */
static int apply(MPFROperation operation, mpfr_t r, Operand *x, Operand *y, Operand *z, long *quotient, mpfr_rnd_t direction) {
    switch (operation) {
        case MPFRAdd: return mpfr_add(r, x->value, y->value, direction);
        case MPFRSubtract: return mpfr_sub(r, x->value, y->value, direction);
        case MPFRMultiply: return mpfr_mul(r, x->value, y->value, direction);
        case MPFRDivide: return mpfr_div(r, x->value, y->value, direction);
        case MPFRSquareRoot: return mpfr_sqrt(r, x->value, direction);
        case MPFRMultiplyAdd: return mpfr_fma(r, x->value, y->value, z->value, direction);
        case MPFRRemainder: return mpfr_remquo(r, quotient, x->value, y->value, direction);
        case MPFRModulo: return mpfr_fmodquo(r, quotient, x->value, y->value, direction);
        case MPFRScale: return mpfr_mul_2si(r, x->value, y->scale, direction);
        case MPFRIntegral: case MPFRConvert: return mpfr_set(r, x->value, direction);
    }
    return 0;
}

static bool isInvalidProduct(Operand *x, Operand *y) {
    return (mpfr_inf_p(x->value) && !x->isNaN && mpfr_zero_p(y->value)) || (mpfr_zero_p(x->value) && mpfr_inf_p(y->value) && !y->isNaN);
}

static MPFRResult computeNumbers(
    MPFROperation operation, MPFRFormat target, MPFRMode mode, bool before, Operand *x, Operand *y, Operand *z
) {
    long quotient = 0;
    Exact exact;
    mpfr_init2(exact.value, digits);
    mpfr_clear_flags();
    exact.isCut = apply(operation, exact.value, x, y, z, &quotient, MPFR_RNDZ) != 0;
    bool dividesByZero = mpfr_divby0_p();
    /* The sign of a difference that is zero depends on the mode. */
    if (mode == MPFRDown && mpfr_zero_p(exact.value)) apply(operation, exact.value, x, y, z, &quotient, MPFR_RNDD);
    MPFRResult result;
    if (mpfr_nan_p(exact.value)) {
        result = invalid(target);
    } else {
        bool isInexact = operation == MPFRIntegral && mpfr_number_p(exact.value) && roundMagnitude(&exact, mode);
        result = encode(target, &exact, mode, before);
        if (isInexact) result.flags |= MPFRInexact;
        if (dividesByZero) result.flags |= MPFRDivideByZero;
        result.quotient = (quotient < 0 ? -quotient : quotient) & 7;
    }
    mpfr_clear(exact.value);
    return result;
}

static int operandCount(MPFROperation operation) {
    if (operation == MPFRMultiplyAdd) return 3;
    return operation == MPFRSquareRoot || operation == MPFRIntegral || operation == MPFRConvert ? 1 : 2;
}

MPFRResult mpfrCompute(
    MPFROperation operation, MPFRFormat source, MPFRFormat target, MPFRMode mode, bool isTinyBeforeRounding, MPFRBits a, MPFRBits b, MPFRBits c
) {
    int count = operandCount(operation);
    bool isScaling = operation == MPFRScale;
    Operand x = decode(source, a), y = decode(source, count > 1 && !isScaling ? b : a), z = decode(source, count > 2 ? c : a);
    /* MPFR's own exponents must not run out. */
    int64_t scale = (int64_t)b.low;
    y.scale = scale > 1 << 20 ? 1 << 20 : scale < -(1 << 20) ? -(1 << 20) : scale;
    MPFRResult result;
    if (x.isNaN || y.isNaN || z.isNaN) {
        result.bits = defaultNaN(target);
        bool isInvalid = x.isSignalling || y.isSignalling || z.isSignalling || (count == 3 && isInvalidProduct(&x, &y));
        result.flags = isInvalid ? MPFRInvalid : 0;
        result.quotient = 0;
    } else {
        result = computeNumbers(operation, target, mode, isTinyBeforeRounding, &x, &y, &z);
    }
    mpfr_clears(x.value, y.value, z.value, (mpfr_ptr)0);
    return result;
}

static Wide ones(int width) { return ~(Wide)0 >> (128 - width); }

/* Of a rounded value, or an infinity. */
static MPFRResult saturate(mpfr_t value, int width, bool isSigned) {
    bool isNegative = mpfr_signbit(value);
    Wide top = (Wide)1 << (width - 1);
    Wide limit = isNegative ? (isSigned ? top : 0) : (isSigned ? top - 1 : ones(width));
    mpfr_t bound;
    mpfr_init2(bound, digits);
    setWide(bound, limit);
    mpfr_abs(value, value, MPFR_RNDZ);
    bool fits = mpfr_lessequal_p(value, bound);
    Wide magnitude = fits ? getWide(value) : limit;
    mpfr_clear(bound);
    return (MPFRResult){.bits = narrow((isNegative ? -magnitude : magnitude) & ones(width)), .flags = fits ? 0 : MPFRInvalid};
}

MPFRResult mpfrToInteger(MPFRFormat source, MPFRMode mode, int width, bool isSigned, MPFRBits a) {
    Operand x = decode(source, a);
    MPFRResult result;
    if (x.isNaN) {
        result = (MPFRResult){.bits = narrow(isSigned ? ones(width) >> 1 : ones(width)), .flags = MPFRInvalid};
    } else {
        Exact exact = {.isCut = false};
        mpfr_init2(exact.value, digits);
        mpfr_set(exact.value, x.value, MPFR_RNDZ);
        bool isInexact = mpfr_number_p(exact.value) && roundMagnitude(&exact, mode);
        result = saturate(exact.value, width, isSigned);
        if (isInexact && result.flags == 0) result.flags = MPFRInexact;
        mpfr_clear(exact.value);
    }
    mpfr_clear(x.value);
    return result;
}

MPFRResult mpfrFromInteger(MPFRFormat target, MPFRMode mode, int width, bool isSigned, MPFRBits value) {
    Wide bits = wide(value) & ones(width);
    bool isNegative = isSigned && bits >> (width - 1) & 1;
    Exact exact = {.isCut = false};
    mpfr_init2(exact.value, digits);
    setWide(exact.value, isNegative ? -bits & ones(width) : bits);
    if (isNegative) mpfr_neg(exact.value, exact.value, MPFR_RNDZ);
    MPFRResult result = encode(target, &exact, mode, false);
    mpfr_clear(exact.value);
    return result;
}

int mpfrCompare(MPFRFormat source, bool isSignalling, MPFRBits a, MPFRBits b, unsigned *flags) {
    Operand x = decode(source, a), y = decode(source, b);
    int order = 2;
    *flags = 0;
    if (!x.isNaN && !y.isNaN) {
        order = mpfr_cmp(x.value, y.value);
        order = order < 0 ? -1 : order > 0;
    } else if (isSignalling || x.isSignalling || y.isSignalling) {
        *flags = MPFRInvalid;
    }
    mpfr_clears(x.value, y.value, (mpfr_ptr)0);
    return order;
}
