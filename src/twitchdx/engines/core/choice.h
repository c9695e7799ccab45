/* Which order of elimination a patient gets: the best of several, and the same for all who are alike. */
#ifndef TWITCHDX_CHOICE_H
#define TWITCHDX_CHOICE_H

#include "pass.h"

typedef struct {
    order order;
    double cells; /* of all its tables, where there are many */
} choice;

/* Choices made before. Patients of whom the same is observed, with the same findings present, differ in numbers
 * only: they share one. */
typedef struct memory_of_choices memory_of_choices;

memory_of_choices *new_memory_of_choices(arena *memory);

/* For a number of passes through the order that is chosen. `before` may be NULL: then nothing is remembered. */
choice choose_order(const problem *p, double budget, int64_t passes, memory_of_choices *before, arena *paper);

#endif
