/* Forward through an order of elimination to P(evidence), and back to the slopes of every vector. */
#ifndef TWITCHDX_PASS_H
#define TWITCHDX_PASS_H

#include "order.h"

typedef struct {
    arena *memory;
    int32_t n;
    table **own;     /* of each unknown of the problem: its vector; NULL for a hub */
    table **waiting; /* for each place in the order: tables of which it comes first, by rising size */
    product **made;  /* in the order in which they were made; NULL on paper */
    int32_t n_made;
    mass evidence;
    table *one;
    double work, cells; /* on paper: products of numbers that it takes, and numbers that are kept */
    bool deep;   /* whether values had to be scaled, so that slopes need it as well */
} pass;

/* Eliminate everything; on paper, or with numbers. */
pass *go_forward(const problem *p, const order *chosen, bool on_paper);

/* Slopes of all that is wanted. */
void go_back(pass *run);

#endif
