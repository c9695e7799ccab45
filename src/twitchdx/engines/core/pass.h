/* Forward through an order of elimination to P(evidence), and back to the slopes of every vector. */
#ifndef TWITCHDX_PASS_H
#define TWITCHDX_PASS_H

#include "order.h"

typedef struct {
    arena *memory;
    int32_t n;
    table **own;     /* of each unknown of the problem: its vector; NULL for a hub */
    table **others;  /* of each further table of the problem: as it stands here */
    table **waiting; /* for each place in the order: tables of which it comes first, by rising size */
    product **made;  /* in the order in which they were made; NULL on paper */
    int32_t n_made;
    mass evidence;
    table *one;
    double work, cells; /* on paper, as in `cost` */
    bool deep;   /* whether values had to be scaled, so that slopes need it as well */
} pass;

/* What a pass would take: products of numbers, and cells of 16 bytes. */
typedef struct {
    double work, cells;
} cost;

/* Eliminate everything. */
pass *go_forward(const problem *p, const order *chosen);

/* The same on paper, which is blank again afterwards; it stops once the cells exceed the budget. */
cost sketch_forward(const problem *p, const order *chosen, arena *paper, double budget);

/* Keep values that were just made away from the least that a double can hold. */
void lift(pass *run, table *made);

/* A table of a problem by the order of a pass: ids become places, and axes stand by rising place, so that what goes
 * first runs slowest. */
table *by_place(arena *memory, const table *t, const int32_t *place);

/* Slopes of all that is wanted. */
void go_back(pass *run);

#endif
