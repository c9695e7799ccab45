/* Nested loops over three arrays: z += x * y, in an order that never depends on anything but the shapes. */
#ifndef TWITCHDX_LOOPS_H
#define TWITCHDX_LOOPS_H

#include "arena.h"

#include <stdint.h>

/* The three arrays of a product, as indices of what a loop knows of each. */
enum { LEFT = 0, RIGHT = 1, OUT = 2 };

typedef struct {
    int32_t steps;
    int64_t stride[3];    /* where each step adds the same ... */
    const int64_t *at[3]; /* ... and the offset of each step where it does not; else NULL */
} loop;

/* Loops made ready to run: the innermost one, offsets that stand for the middle ones, and what is outside. */
typedef struct {
    const loop *outer;
    int32_t n_outer;
    int32_t n_middle; /* how often the innermost loop is run for each step of the outer ones */
    const int32_t *middle[3];
    loop inner;
} nest;

/* A loop whose steps are all alike. */
loop regular(int32_t steps, int64_t left, int64_t right, int64_t out);

/* Make loops ready; they may be rearranged. Steps at which the right array is zero are left out, where the loops
 * that are spelled out tell them: a product with it adds nothing, and neither does the slope of what it is
 * multiplied with. Its own slope stays 0 there, which no marginal notices: it is multiplied by that zero. */
nest arrange(arena *memory, loop *loops, int32_t n, const double *right);

/* z[..] += x[..] * y[..] over all steps; role says which of the three arrays x, y and z are. */
void run_nest(const nest *loops, const int32_t role[3], const double *x, const double *y, double *z);

#endif
