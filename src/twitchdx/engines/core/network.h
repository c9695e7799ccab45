/* A network, with everything that does not depend on a patient worked out beforehand. */
#ifndef TWITCHDX_NETWORK_H
#define TWITCHDX_NETWORK_H

#include <stdbool.h>

#include "arena.h"
#include "core.h"

/* Numbers with a lower bound on the least of them that is positive: 2^exponent. */
typedef struct {
    const double *values;
    int32_t exponent;
} numbers;

/* What a noisy node becomes once it is known which of its states are possible.
 *
 * Its contributions fall into classes, 0 (none) first, and join to the highest of them. Classes that evidence
 * does not tell apart are one, and those that it excludes are gone. */
typedef struct {
    int32_t classes;
    int32_t outcomes;        /* states where all are possible, else 1 */
    const int32_t *class_of; /* of each class of the chain in full: its class here, or -1 */
    const double *leak;      /* classes: P(the leak contributes this class) */
    const double *cap;       /* classes x outcomes: 1 where this class of the join gives this outcome */
    const numbers *parts;    /* for each parent: states of the parent x classes, P(it contributes this class) */
} view;

/* Contributions to a noisy node before anything is known of it. */
typedef struct {
    int32_t classes;     /* its states, and one above them for "suppressed" where there are inhibitors */
    double *leak;        /* classes */
    const double **part; /* for each parent: states of the parent x classes */
} chain;

typedef struct {
    int32_t states;
    int32_t n_parents; /* a parent that both produces and inhibits stands twice */
    int32_t producers; /* how many of them produce, in a noisy node: these stand first */
    const int32_t *parents;
    int64_t first;          /* of its numbers among those that describe the network */
    numbers table;          /* parents x states; values are NULL for a noisy node */
    const int64_t *strides; /* of each parent in the table */
    chain full;
    const view *views;      /* of a noisy node: nothing observed, then each state observed */
    const uint64_t *above;  /* bits of the node and of everything upstream of it */
} node;

struct core_network {
    arena memory;
    int32_t n, words;  /* nodes, and words of 64 bits that hold one bit for each */
    int64_t n_numbers; /* that describe it */
    node *nodes;      /* parents before children */
};

/* What a noisy node becomes where only some of its states are possible; `observed` is the one state that is, or -1. */
view see(arena *memory, const core_network *net, const node *x, const bool *possible, int32_t observed);

/* Exponent of 2 below the least positive number; 0 where there is none. */
int32_t least_exponent(const double *values, int64_t n);

#endif
