/* One patient: the evidence folded into the part of the network that it bears on. */
#ifndef TWITCHDX_PROBLEM_H
#define TWITCHDX_PROBLEM_H

#include "network.h"
#include "table.h"

/* A positive number that may be too small for a double. */
typedef struct {
    double value;
    int64_t exponent;
} mass;

/* That a parent of a noisy node contributes one of some classes. */
typedef struct {
    int32_t node, parent; /* the k-th parent */
    uint64_t allowed;     /* bits of the classes of the chain in full */
} restriction;

typedef struct {
    arena *memory;
    const core_network *net;
    const restriction *restrictions;
    int64_t n_restrictions;
    bool observed;       /* whether anything is */
    int32_t *state;      /* of each node: the state that is certain, or -1 */
    const double **soft; /* of each node: its likelihood, or NULL */
    uint64_t *relevant;  /* bits of the nodes that the answer depends on */
    int32_t *variable;   /* of each node: which unknown it is, or -1 */
    int32_t n;           /* unknowns: variables and hubs */
    int32_t *size;       /* of each unknown: states or classes */
    table **unary;       /* of each variable: its own vector; NULL for a hub */
    int64_t **powers;    /* of each variable: powers of two set aside from its vector, or NULL */
    table **tables;      /* everything else; ids of axes count unknowns */
    int32_t n_tables;
    mass given;    /* likelihoods of what tells nothing but a number */
    mass constant; /* what depends on no unknown */
} problem;

/* Fold one row of evidence, where contributions may be restricted. */
problem *fold(arena *memory, const core_network *net, const core_rows *rows, int64_t row, const core_answers *out);
problem *fold_restricted(arena *memory, const core_network *net, const core_rows *rows, int64_t row,
                         const core_answers *out, const restriction *restrictions, int64_t n);

/* Bits of the classes that the k-th parent of a noisy node may contribute, and what it then contributes. */
uint64_t allowed_of(const problem *p, int32_t index, int32_t k);
numbers part_of(const problem *p, const view *v, int32_t index, int32_t k);

/* Below this power of two values are scaled up, so that none that counts can vanish. */
enum { SMALL = -500 };

/* What a noisy node is, given what is known of it. */
const view *view_of(problem *p, int32_t index);

/* One more contribution to a cap: cap'[i] = sum_j part[j] cap[max(i, j)], for each outcome. */
void take_in(const double *part, double *cap, int32_t classes, int32_t outcomes);

void multiply_mass(mass *m, double by);
double log_of_mass(mass m);

static inline bool has_bit(const uint64_t *bits, int32_t k) { return bits[k / 64] >> (k % 64) & 1; }

#endif
