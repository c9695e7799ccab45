/* A pass that is run again and again, each time with other numbers in a few of the tables that it began with.
 *
 * What these do not reach is kept from the first pass; so are all shapes and loops. */
#ifndef TWITCHDX_REPLAY_H
#define TWITCHDX_REPLAY_H

#include "pass.h"

typedef struct {
    const problem *first;
    const int32_t *place; /* the order of elimination */
    pass *run;            /* with the numbers of the last time */
    table *values;        /* of each table of the run: what it held the first time */
} replay;

/* Run forward for the first time. */
replay *begin_replay(const problem *p, const order *chosen);

/* Run forward with the numbers of another problem, of which P(evidence) is left in the run. It has the shape of the
 * first, and no number is positive that was 0 there. What is made lies in the memory of that problem, and is gone
 * with it. */
void run_again(replay *r, const problem *p);

#endif
