/* Tables over unknown variables and hubs, and the one operation that there is on them.
 *
 * A hub stands for a noisy node whose contributions are not all joined yet; its axis counts classes. A table
 * holds a hub in one of two ways. As a *contribution*, the axis says what these parents have contributed so
 * far. As the *cap*, of which each hub has one, the axis says what the table was joined with from outside, and
 * the values what that is worth. Two contributions join to the higher class. A cap takes a contribution in:
 * cap'[i] = sum_j contribution[j] cap[max(i, j)]. Both are sums of positive products.
 *
 * With running sums S[g] = x[0] + ... + x[g] beside the values x[g] of one operand, a join of C classes takes
 * C (C + 1) / 2 products instead of C^2: out[g] = a[g] S[g] + sum_{i<g} a[i] x[g]. */
#ifndef TWITCHDX_TABLE_H
#define TWITCHDX_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "loops.h"

typedef struct {
    int32_t id;     /* which variable or hub: its place in the order of elimination */
    int32_t size;   /* states or classes */
    int64_t stride; /* from one to the next, in numbers */
    bool hub, cap;  /* whether it is a hub, and the table its cap */
} axis;

typedef struct table table;
struct table {
    int32_t n;
    axis *axes; /* by rising id */
    double *values;
    int64_t cells;
    int64_t exponent; /* no positive value is less than 2^exponent */
    int64_t power;    /* of two, that was taken out of the values when they were made */
    bool wanted;      /* the slope is; a table that is given is dense then */
    bool changed;     /* whether the values are others than in the first pass; see replay.h */
    double *slope;    /* derivative by each value up to one factor, dense in the order of the axes */
    table *next;      /* of those that wait to be multiplied */
};

/* out = left x right, kept for the way back. */
typedef struct {
    table *of[3];
    table *wide[2]; /* the operands, with running sums where they are needed */
    nest loops;
} product;

/* A table with n axes, of which sizes and ids are to be set before it is laid out. */
table *new_table(arena *memory, int32_t n);

/* Dense strides, the last axis running fastest, and zeros. */
void lay_out(arena *memory, table *t);

/* A dense copy in memory for some cells, perhaps more than it has. */
table *densify(arena *memory, const table *t, int64_t room);

/* What the product of two tables would look like, without values. Adds how many products of numbers it takes,
 * forward and back, and how many cells of 16 bytes: a value and its slope. */
table *sketch(arena *memory, table *left, table *right, int32_t last, double *work, double *cells);

/* The product of two tables, summed over the axis `last` if that is not negative. A hub that is summed over
 * is settled: nothing is left to be joined with it. */
product *multiply(arena *memory, table *left, table *right, int32_t last);

/* The same product of operands of which some have changed. No value may be positive that was 0 the first time. */
void multiply_again(arena *memory, product *made);

/* From the slope of the result to those of the operands, as far as they are wanted. */
void differentiate(arena *memory, const product *made);

#endif
