#include "choice.h"

#include <math.h>
#include <string.h>

/* Up to this many cells a better order would not pay for the search. */
static const double LARGE = 1 << 14;
/* For so many products in all passes it is worthwhile to try one more candidate than two. */
static const double WORTHWHILE = 1e6;
/* How many choices are remembered, and for how many unknowns at most. */
enum { REMEMBERED = 1024, LONGEST = 1024 };

typedef struct {
    uint64_t key;
    int32_t n;
    choice choice;
} remembered;

struct memory_of_choices {
    arena *memory; /* outlives every patient */
    remembered slots[REMEMBERED];
};

memory_of_choices *new_memory_of_choices(arena *memory) {
    memory_of_choices *made = ZEROS(memory, memory_of_choices, 1);
    made->memory = memory;
    return made;
}

/* Orders that are compared on paper, where the first one makes large tables. */
static const struct {
    rule by;
    double hub;
} CANDIDATES[] = {{BY_CLIQUE, 1.0}, {BY_FILL, 1.0}, {BY_FILL, 1.3}, {BY_FILL, 0.7}, {BY_CLIQUE, 0.8}, {BY_FILL, 1.7}, {BY_FILL, 0.85}, {BY_FILL, 0.5}};

static choice search(const problem *p, double budget, int64_t passes, arena *paper) {
    choice best = {find_order(p, CANDIDATES[0].by, CANDIDATES[0].hub), 0.0};
    if (best.order.in_total * (double)passes <= LARGE && LARGE <= budget) return best;
    double least = INFINITY; /* of those that fit */
    for (size_t k = 0; k < sizeof CANDIDATES / sizeof *CANDIDATES; k++) {
        if (k > 1 && least * (double)passes <= WORTHWHILE * (double)(k - 1)) break;
        order tried = k ? find_order(p, CANDIDATES[k].by, CANDIDATES[k].hub) : best.order;
        cost found = sketch_forward(p, &tried, paper, budget);
        if (found.cells <= budget && found.work < least) {
            least = found.work;
            best = (choice){tried, found.cells};
        } else if (least == INFINITY && (!k || found.cells < best.cells)) {
            best = (choice){tried, found.cells};
        }
    }
    return best;
}

/* FNV-1a, a word at a time. */
static uint64_t mix(uint64_t key, int64_t word) { return (key ^ (uint64_t)word) * UINT64_C(0x100000001b3); }

static uint64_t mix_axes(uint64_t key, const table *t) {
    key = mix(key, t->n);
    for (int32_t k = 0; k < t->n; k++) key = mix(key, 2 * (int64_t)t->axes[k].id + t->axes[k].cap);
    return key;
}

/* All that a choice depends on. Should two problems ever have one key, both get an order that is right, since any
 * order of as many unknowns is. */
static uint64_t key_of(const problem *p) {
    uint64_t key = UINT64_C(0xcbf29ce484222325);
    for (int32_t u = 0; u < p->n; u++) key = mix(key, 4 * (int64_t)p->size[u] + (p->unary[u] ? 1 + p->unary[u]->wanted : 0));
    for (int32_t t = 0; t < p->n_tables; t++) key = mix_axes(key, p->tables[t]);
    return key;
}

choice choose_order(const problem *p, double budget, int64_t passes, memory_of_choices *before, arena *paper) {
    if (!before || p->n > LONGEST) return search(p, budget, passes, paper);
    uint64_t key = key_of(p);
    remembered *slot = &before->slots[(key ^ key >> 32) % REMEMBERED];
    if (slot->key == key && slot->n == p->n && slot->choice.order.place) return slot->choice;
    choice found = search(p, budget, passes, paper);
    int32_t *kept = TAKE(before->memory, int32_t, p->n);
    memcpy(kept, found.order.place, (size_t)p->n * sizeof *kept);
    *slot = (remembered){key, p->n, found};
    slot->choice.order.place = kept;
    return found;
}
