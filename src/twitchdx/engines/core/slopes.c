/* How P(evidence) depends on the numbers of the network.
 *
 * P(evidence) is linear in every number by itself. After a pass forward and back, value times slope of one cell of a
 * table is the part of P(evidence) that runs through this cell, up to one factor for the whole table; and all of
 * P(evidence) runs through the table. So
 *
 *     d ln P / d cell = slope / sum over the table of value x slope,
 *
 * for a cell of a vector that was multiplied into that of a variable, P(state | evidence) / value. From the cells that
 * the problem was folded into, the chain rule leads to the numbers: folding is read once more, node after node in the
 * order in which it was done. */
#include <math.h>
#include <string.h>

#include "choice.h"
#include "replay.h"

/* One pass that is read. */
typedef struct {
    problem *p;
    const pass *run;
    const order *chosen;
    double *slopes; /* of the numbers of the network */
    int32_t next;   /* table of the problem that is read next */
} reading;

/* Derivatives by the cells of a vector that was multiplied into that of a variable. */
static void read_vector(const reading *r, int32_t variable, const double *values, int64_t stride, double *to) {
    const table *own = r->run->own[variable];
    double total = 0.0;
    for (int64_t s = 0; s < own->cells; s++) total += own->values[s] * own->slope[s];
    for (int64_t s = 0; s < own->cells; s++)
        if (values[s * stride] > 0.0) to[s * stride] = own->values[s] * own->slope[s] / total / values[s * stride];
}

/* From one step along an axis of a table in a pass to the next where the problem has it. */
static int64_t given_stride(const reading *r, const table *given, int32_t place) {
    int32_t k = 0;
    while (r->chosen->place[given->axes[k].id] != place) k++;
    return given->axes[k].stride;
}

/* Derivatives by the cells of the next table, laid out as the problem has it. */
static void read_table(reading *r, double *to) {
    const table *given = r->p->tables[r->next], *t = r->run->others[r->next];
    r->next++;
    int32_t *at = ZEROS(r->run->memory, int32_t, t->n);
    int64_t *stride = TAKE(r->run->memory, int64_t, t->n);
    for (int32_t k = 0; k < t->n; k++) stride[k] = given_stride(r, given, t->axes[k].id);
    double total = 0.0;
    for (int64_t c = 0; c < t->cells; c++) total += t->values[c] * t->slope[c];
    for (int64_t c = 0, here = 0; c < t->cells; c++) {
        if (t->values[c] > 0.0) to[here] = t->slope[c] / total;
        for (int32_t k = t->n - 1; k >= 0; k--) { /* the last axis runs fastest */
            here += stride[k];
            if (++at[k] < t->axes[k].size) break;
            here -= at[k] * stride[k];
            at[k] = 0;
        }
    }
}

static void read_plain(reading *r, int32_t index) {
    const node *x = &r->p->net->nodes[index];
    int64_t base = 0, stride = 0;
    int32_t unknown = 0, one = -1;
    for (int32_t k = 0; k <= x->n_parents; k++) {
        int32_t each = k < x->n_parents ? x->parents[k] : index;
        int64_t by = k < x->n_parents ? x->strides[k] : 1;
        if (r->p->state[each] >= 0) {
            base += r->p->state[each] * by;
        } else {
            unknown++;
            one = each;
            stride = by;
        }
    }
    const double *values = x->table.values + base;
    double *to = r->slopes + x->first + base;
    if (!unknown)
        *to = 1.0 / *values;
    else if (unknown == 1)
        read_vector(r, r->p->variable[one], values, stride, to);
    else
        read_table(r, to);
}

/* A noisy node that is read: what it was folded to, and the derivatives by that. */
typedef struct {
    const node *x;
    int32_t index;
    const view *v;
    double *cap, *by_cap; /* classes x outcomes */
    double *by_leak;      /* classes */
    double **by_part;     /* for each parent: states of the parent x classes */
} noisy;

static int32_t known_state(const reading *r, const noisy *n, int32_t k) { return r->p->state[n->x->parents[k]]; }

static const double *part_values(const reading *r, const noisy *n, int32_t k) {
    return part_of(r->p, n->v, n->index, k).values;
}

static const double *known_part(const reading *r, const noisy *n, int32_t k) {
    return part_values(r, n, k) + (int64_t)known_state(r, n, k) * n->v->classes;
}

/* The cap with everything that is known of the contributions, but for one of them: parent `but`, or -1 for the leak. */
static void close_cap(const reading *r, const noisy *n, int32_t but, double *cap) {
    const view *v = n->v;
    memcpy(cap, v->cap, (size_t)(v->classes * v->outcomes) * sizeof(double));
    if (but != -1) take_in(v->leak, cap, v->classes, v->outcomes);
    for (int32_t k = 0; k < n->x->n_parents; k++)
        if (k != but && known_state(r, n, k) >= 0) take_in(known_part(r, n, k), cap, v->classes, v->outcomes);
}

enum { NO_PARENT = -2 };

static noisy open_noisy(const reading *r, int32_t index) {
    arena *memory = r->run->memory;
    noisy n = {.x = &r->p->net->nodes[index], .index = index, .v = view_of(r->p, index)};
    int64_t cells = (int64_t)n.v->classes * n.v->outcomes;
    n.cap = TAKE(memory, double, cells);
    n.by_cap = ZEROS(memory, double, cells);
    n.by_leak = ZEROS(memory, double, n.v->classes);
    n.by_part = TAKE(memory, double *, n.x->n_parents);
    for (int32_t k = 0; k < n.x->n_parents; k++)
        n.by_part[k] = ZEROS(memory, double, (int64_t)r->p->net->nodes[n.x->parents[k]].states *n.v->classes);
    close_cap(r, &n, NO_PARENT, n.cap);
    return n;
}

/* The one unknown contribution and the cap had become one table. */
static void read_single(reading *r, noisy *n, int32_t k) {
    const view *v = n->v;
    int32_t states = r->p->net->nodes[n->x->parents[k]].states, classes = v->classes, outcomes = v->outcomes;
    const double *part = part_values(r, n, k);
    double *values = ZEROS(r->run->memory, double, (int64_t)states *outcomes);
    double *by = ZEROS(r->run->memory, double, (int64_t)states *outcomes);
    for (int32_t s = 0; s < states; s++)
        for (int32_t c = 0; c < classes; c++)
            for (int32_t o = 0; o < outcomes; o++)
                values[s * outcomes + o] += part[s * classes + c] * n->cap[c * outcomes + o];
    if (outcomes > 1)
        read_table(r, by);
    else
        read_vector(r, r->p->variable[n->x->parents[k]], values, 1, by);
    for (int32_t s = 0; s < states; s++)
        for (int32_t c = 0; c < classes; c++)
            for (int32_t o = 0; o < outcomes; o++) {
                n->by_part[k][s * classes + c] += by[s * outcomes + o] * n->cap[c * outcomes + o];
                n->by_cap[c * outcomes + o] += by[s * outcomes + o] * part[s * classes + c];
            }
}

/* The cap, and a table for each unknown contribution. */
static void read_several(reading *r, noisy *n, int32_t unknown) {
    const view *v = n->v;
    bool hub = unknown && v->classes > 1;
    if (hub)
        read_table(r, n->by_cap);
    else if (v->outcomes > 1)
        read_vector(r, r->p->variable[n->index], n->cap, 1, n->by_cap);
    else
        n->by_cap[0] = 1.0 / n->cap[0];
    for (int32_t k = 0; unknown && k < n->x->n_parents; k++) {
        if (known_state(r, n, k) >= 0) continue;
        if (hub)
            read_table(r, n->by_part[k]);
        else
            read_vector(r, r->p->variable[n->x->parents[k]], part_values(r, n, k), v->classes, n->by_part[k]);
    }
}

/* From the cap to a contribution that it had taken in. */
static void read_contribution(const reading *r, const noisy *n, int32_t but, double *cap, double *to) {
    int32_t classes = n->v->classes, outcomes = n->v->outcomes;
    close_cap(r, n, but, cap);
    for (int32_t j = 0; j < classes; j++)
        for (int32_t i = 0; i < classes; i++)
            for (int32_t o = 0; o < outcomes; o++)
                to[j] += n->by_cap[i * outcomes + o] * cap[(i > j ? i : j) * outcomes + o];
}

/* The derivative by a class of the chain in full: classes that are one share it. */
static double by_class(const noisy *n, const double *merged, int32_t c) {
    int32_t here = n->v->class_of[c];
    return here < 0 ? 0.0 : merged[here];
}

/* At the edge of what a number can be nothing is written: there zeros have been left out on the way. */
static void write_noisy(const reading *r, const noisy *n) {
    double *to = r->slopes + n->x->first;
    const chain *full = &n->x->full;
    for (int32_t k = 0; k < n->x->n_parents; k++) {
        int32_t states = r->p->net->nodes[n->x->parents[k]].states;
        uint64_t allowed = allowed_of(r->p, n->index, k);
        for (int32_t s = 0; s < states; s++) {
            const double *merged = n->by_part[k] + (int64_t)s * n->v->classes;
            const double *part = full->part[k] + (int64_t)s * full->classes;
            if (k < n->x->producers)
                for (int32_t c = 0; c < n->x->states; c++)
                    *to++ = (allowed >> c & 1) && part[c] > 0.0 ? by_class(n, merged, c) : 0.0;
            else /* what does not let pass suppresses */
                *to++ = part[0] > 0.0 && part[full->classes - 1] > 0.0
                            ? by_class(n, merged, 0) - by_class(n, merged, full->classes - 1)
                            : 0.0;
        }
    }
    for (int32_t c = 0; c < n->x->states; c++) *to++ = full->leak[c] > 0.0 ? by_class(n, n->by_leak, c) : 0.0;
}

static void read_noisy(reading *r, int32_t index) {
    noisy n = open_noisy(r, index);
    int32_t unknown = 0, one = -1;
    for (int32_t k = 0; k < n.x->n_parents; k++)
        if (known_state(r, &n, k) < 0) {
            unknown++;
            one = k;
        }
    if (unknown == 1 && n.v->classes > 1)
        read_single(r, &n, one);
    else
        read_several(r, &n, unknown);
    double *cap = TAKE(r->run->memory, double, (int64_t)n.v->classes *n.v->outcomes);
    read_contribution(r, &n, -1, cap, n.by_leak);
    for (int32_t k = 0; k < n.x->n_parents; k++)
        if (known_state(r, &n, k) >= 0)
            read_contribution(r, &n, k, cap, n.by_part[k] + (int64_t)known_state(r, &n, k) * n.v->classes);
    write_noisy(r, &n);
}

static void read_pass(problem *p, const pass *run, const order *chosen, double *slopes) {
    reading r = {p, run, chosen, slopes, 0};
    for (int32_t x = 0; x < p->net->n; x++) {
        if (!has_bit(p->relevant, x)) continue;
        if (p->net->nodes[x].views)
            read_noisy(&r, x);
        else
            read_plain(&r, x);
    }
}

/* What is needed from one hypothesis to the next, for sketches, and for one hypothesis. */
typedef struct {
    arena call, paper, patient;
} memories;

/* One patient and the question about it. */
typedef struct {
    memories *own;
    const core_network *net;
    const core_rows *row;
    core_answers asked;
    const core_derivatives *out;
    choice chosen; /* the order is the same for every hypothesis */
    replay *passes;
    restriction *restrictions; /* of the hypothesis at hand */
} inquiry;

/* The likelihood of a state is 0 where a condition excludes it. */
static void exclude(problem *p, int32_t x, uint64_t allowed) {
    if (p->state[x] >= 0) {
        if (!(allowed >> p->state[x] & 1)) p->constant.value = 0.0;
        return;
    }
    table *vector = p->unary[p->variable[x]];
    for (int64_t s = 0; s < vector->cells; s++)
        if (!(allowed >> s & 1)) vector->values[s] = 0.0;
}

/* Hypotheses differ in numbers, not in shape. */
static problem *fold_hypothesis(inquiry *q, arena *memory, const core_hypotheses *all, int64_t from, int64_t to) {
    int64_t n = 0;
    for (int64_t c = from; c < to; c++)
        if (all->parents[c] >= 0)
            q->restrictions[n++] = (restriction){all->nodes[c], all->parents[c], all->allowed[c]};
    problem *p = fold_restricted(memory, q->net, q->row, 0, &q->asked, q->restrictions, n);
    for (int64_t c = from; c < to; c++)
        if (all->parents[c] < 0) exclude(p, all->nodes[c], all->allowed[c]);
    for (int32_t u = 0; u < p->n; u++)
        if (p->unary[u]) p->unary[u]->wanted = true;
    for (int32_t t = 0; t < p->n_tables; t++) p->tables[t]->wanted = true;
    return p;
}

/* The first pass, without a hypothesis. False where the tables exceed the budget, or the evidence is impossible. */
static bool begin_inquiry(inquiry *q, const core_hypotheses *all) {
    problem *p = fold_hypothesis(q, &q->own->call, all, 0, 0);
    if (p->constant.value == 0.0) return false;
    q->chosen = choose_order(p, q->out->budget, 1 + all->count, NULL, &q->own->paper);
    if (q->chosen.cells > q->out->budget) {
        *q->out->cells = q->chosen.cells;
        return false;
    }
    q->passes = begin_replay(p, &q->chosen.order);
    return q->passes->run->evidence.value > 0.0;
}

static void differentiate_hypothesis(inquiry *q, const core_hypotheses *all, int64_t from, int64_t to, double *log_mass,
                                     double *slopes) {
    arena_reset(&q->own->patient);
    problem *p = fold_hypothesis(q, &q->own->patient, all, from, to);
    if (p->constant.value == 0.0) return;
    pass *run = q->passes->run;
    run_again(q->passes, p);
    if (run->evidence.value == 0.0) return;
    *log_mass = log_of_mass(run->evidence);
    go_back(run);
    read_pass(p, run, &q->chosen.order, slopes);
}

static void differentiate_row(memories *own, const core_network *net, const core_rows *row,
                              const core_hypotheses *hypotheses, const core_derivatives *out) {
    int64_t conditions = hypotheses->first[hypotheses->count];
    inquiry q = {.own = own, .net = net, .row = row, .out = out};
    q.asked = (core_answers){.n_targets = conditions, .targets = hypotheses->nodes, .budget = out->budget};
    q.restrictions = TAKE(&own->call, restriction, conditions);
    if (!begin_inquiry(&q, hypotheses)) return;
    differentiate_hypothesis(&q, hypotheses, 0, 0, out->log_mass, out->slopes);
    for (int64_t h = 0; h < hypotheses->count; h++)
        differentiate_hypothesis(&q, hypotheses, hypotheses->first[h], hypotheses->first[h + 1],
                                 out->log_mass + h + 1, out->slopes + (h + 1) * net->n_numbers);
}

static int32_t differentiate_rows(memories *own, const core_network *net, const core_rows *row,
                                  const core_hypotheses *hypotheses, const core_derivatives *out) {
    jmp_buf no_memory;
    own->patient.no_memory = own->paper.no_memory = own->call.no_memory = &no_memory;
    if (setjmp(no_memory)) return CORE_NO_MEMORY;
    differentiate_row(own, net, row, hypotheses, out);
    return CORE_DONE;
}

int32_t core_differentiate(const core_network *net, const core_rows *row, const core_hypotheses *hypotheses,
                           const core_derivatives *out) {
    memories own = {{0}, {0}, {0}};
    *out->cells = 0.0;
    for (int64_t h = 0; h <= hypotheses->count; h++) out->log_mass[h] = -INFINITY;
    memset(out->slopes, 0, (size_t)((hypotheses->count + 1) * net->n_numbers) * sizeof(double));
    int32_t done = differentiate_rows(&own, net, row, hypotheses, out);
    arena_free(&own.patient);
    arena_free(&own.paper);
    arena_free(&own.call);
    return done;
}
