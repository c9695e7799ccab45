/* From rows of evidence to rows of answers. */
#include <math.h>
#include <string.h>

#include "pass.h"

/* Up to this many cells a better order would not pay for the search. */
static const double LARGE = 1 << 14;
/* Up to this many products two candidates are enough. */
static const double WORTHWHILE = 1e6;

#ifndef CORE_DIGEST
#define CORE_DIGEST ""
#endif

static void write_marginal(const problem *p, const pass *run, int32_t x, double *to) {
    int32_t states = p->net->nodes[x].states;
    if (p->state[x] >= 0) {
        to[p->state[x]] = 1.0;
        return;
    }
    const table *own = run->own[p->variable[x]];
    double total = 0.0;
    for (int32_t s = 0; s < states; s++) total += to[s] = own->values[s] * own->slope[s];
    for (int32_t s = 0; s < states; s++) to[s] /= total;
}

/* Orders that are compared on paper, where the first one makes large tables. */
static const struct {
    rule by;
    double hub;
} CANDIDATES[] = {{BY_CLIQUE, 1.0}, {BY_FILL, 1.0}, {BY_FILL, 1.3}, {BY_FILL, 0.7}, {BY_CLIQUE, 0.8}, {BY_FILL, 1.7}};

typedef struct {
    order order;
    double cells; /* of all its tables, where that was worth knowing */
} choice;

static choice choose_order(const problem *p, double budget) {
    choice best = {find_order(p, CANDIDATES[0].by, CANDIDATES[0].hub), 0.0};
    if (best.order.in_total <= LARGE && LARGE <= budget) return best;
    double least = INFINITY;
    for (size_t k = 0; k < sizeof CANDIDATES / sizeof *CANDIDATES; k++) {
        if (least <= WORTHWHILE && k > 1) break;
        order tried = k ? find_order(p, CANDIDATES[k].by, CANDIDATES[k].hub) : best.order;
        const pass *sketched = go_forward(p, &tried, true);
        if (sketched->work < least) {
            least = sketched->work;
            best = (choice){tried, sketched->cells};
        }
    }
    return best;
}

static void answer_row(arena *memory, const core_network *net, const core_rows *rows, int64_t r,
                       const core_answers *out) {
    double *marginals = out->marginals + r * out->width;
    memset(marginals, 0, (size_t)out->width * sizeof(double));
    out->log_evidence[r] = -INFINITY;
    out->cells[r] = 0.0;
    problem *p = fold(memory, net, rows, r, out);
    if (p->constant.value == 0.0) return;
    choice chosen = choose_order(p, out->budget);
    if (chosen.cells > out->budget) {
        out->cells[r] = chosen.cells;
        return;
    }
    pass *run = go_forward(p, &chosen.order, false);
    if (run->evidence.value == 0.0) return;
    /* Without evidence the sums are 1, up to their rounding. */
    out->log_evidence[r] = log_of_mass(p->observed ? run->evidence : p->constant);
    go_back(run);
    for (int64_t t = 0; t < out->n_targets; t++) {
        write_marginal(p, run, out->targets[t], marginals);
        marginals += net->nodes[out->targets[t]].states;
    }
}

static int32_t answer_rows(arena *memory, const core_network *net, const core_rows *rows, const core_answers *out) {
    jmp_buf no_memory;
    memory->no_memory = &no_memory;
    if (setjmp(no_memory)) return CORE_NO_MEMORY;
    for (int64_t r = 0; r < rows->count; r++) {
        arena_reset(memory);
        answer_row(memory, net, rows, r, out);
    }
    return CORE_DONE;
}

int32_t core_answer(const core_network *net, const core_rows *rows, const core_answers *out) {
    arena memory = {0};
    int32_t done = answer_rows(&memory, net, rows, out);
    arena_free(&memory);
    return done;
}

const char *core_digest(void) { return CORE_DIGEST; }
