/* From rows of evidence to rows of answers. */
#include <math.h>
#include <string.h>

#include "choice.h"

#ifndef CORE_DIGEST
#define CORE_DIGEST ""
#endif

/* False where the numbers have left the range of a float on the way. */
static bool write_marginal(const problem *p, const pass *run, int32_t x, double *to) {
    int32_t states = p->net->nodes[x].states;
    if (p->state[x] >= 0) {
        to[p->state[x]] = 1.0;
        return true;
    }
    const table *own = run->own[p->variable[x]];
    double total = 0.0;
    for (int32_t s = 0; s < states; s++) total += to[s] = own->values[s] * own->slope[s];
    if (!(total > 0.0) || isinf(total)) return false;
    for (int32_t s = 0; s < states; s++) to[s] /= total;
    return true;
}

/* Nothing is known; `cells` says why not. */
static void write_nothing(const core_answers *out, int64_t r, double cells) {
    memset(out->marginals + r * out->width, 0, (size_t)out->width * sizeof(double));
    out->log_evidence[r] = -INFINITY;
    out->cells[r] = cells;
}

/* What is needed for one patient, for sketches, and from one patient to the next. */
typedef struct {
    arena patient, paper, call;
    memory_of_choices *before;
} memories;

static void answer_row(memories *own, const core_network *net, const core_rows *rows, int64_t r,
                       const core_answers *out) {
    double *marginals = out->marginals + r * out->width;
    write_nothing(out, r, 0.0);
    problem *p = fold(&own->patient, net, rows, r, out);
    if (p->constant.value == 0.0) return;
    choice chosen = choose_order(p, out->budget, 1, own->before, &own->paper);
    if (chosen.cells > out->budget) {
        write_nothing(out, r, chosen.cells);
        return;
    }
    pass *run = go_forward(p, &chosen.order);
    if (run->evidence.value == 0.0) return;
    /* Without evidence the sums are 1, up to their rounding. */
    out->log_evidence[r] = log_of_mass(p->observed ? run->evidence : p->given);
    go_back(run);
    for (int64_t t = 0; t < out->n_targets; t++) {
        if (!write_marginal(p, run, out->targets[t], marginals)) {
            write_nothing(out, r, INFINITY);
            return;
        }
        marginals += net->nodes[out->targets[t]].states;
    }
}

static int32_t answer_rows(memories *own, const core_network *net, const core_rows *rows, const core_answers *out) {
    jmp_buf no_memory;
    own->patient.no_memory = own->paper.no_memory = own->call.no_memory = &no_memory;
    if (setjmp(no_memory)) return CORE_NO_MEMORY;
    own->before = rows->count > 1 ? new_memory_of_choices(&own->call) : NULL;
    for (int64_t r = 0; r < rows->count; r++) {
        arena_reset(&own->patient);
        answer_row(own, net, rows, r, out);
    }
    return CORE_DONE;
}

int32_t core_answer(const core_network *net, const core_rows *rows, const core_answers *out) {
    memories own = {{0}, {0}, {0}, NULL};
    int32_t done = answer_rows(&own, net, rows, out);
    arena_free(&own.patient);
    arena_free(&own.paper);
    arena_free(&own.call);
    return done;
}

const char *core_digest(void) { return CORE_DIGEST; }
