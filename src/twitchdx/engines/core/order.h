/* In which order the unknowns are eliminated. */
#ifndef TWITCHDX_ORDER_H
#define TWITCHDX_ORDER_H

#include "problem.h"

typedef struct {
    int32_t *place;  /* of each unknown in the order */
    double in_total; /* cells of all cliques together */
} order;

/* How the next to go is chosen: by the cells of the clique that its elimination makes, or by the cells of the
 * pairs that it ties together. Ties go to the unknown that came first. Logs of the sizes of hubs are multiplied
 * by `hub`: joins cost more than their cells say. */
typedef enum { BY_CLIQUE, BY_FILL } rule;

order find_order(const problem *p, rule by, double hub);

#endif
