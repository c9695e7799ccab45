#include "problem.h"

#include <math.h>
#include <string.h>

void multiply_mass(mass *m, double by) {
    int exponent, more;
    m->value = frexp(m->value * frexp(by, &exponent), &more);
    m->exponent += exponent + more;
}

double log_of_mass(mass m) {
    static const double log_2 = 0.693147180559945309417232121458176568;
    return m.value > 0.0 ? log(m.value) + (double)m.exponent * log_2 : -INFINITY;
}

/* Which state a likelihood leaves, or -1 where it leaves several. */
static int32_t only_state(const double *likelihood, int32_t states) {
    int32_t found = -1;
    for (int32_t s = 0; s < states; s++)
        if (likelihood[s] > 0.0) {
            if (found >= 0) return -1;
            found = s;
        }
    return found;
}

static bool is_flat(const double *likelihood, int32_t states) {
    for (int32_t s = 1; s < states; s++)
        if (likelihood[s] != likelihood[0]) return false;
    return true;
}

static void observe(problem *p, int32_t x, const double *likelihood) {
    int32_t states = p->net->nodes[x].states, certain = only_state(likelihood, states);
    if (certain >= 0) {
        p->state[x] = certain;
        multiply_mass(&p->constant, likelihood[certain]);
    } else if (is_flat(likelihood, states)) {
        multiply_mass(&p->constant, likelihood[0]);
    } else {
        p->soft[x] = likelihood;
    }
}

static void join_bits(uint64_t *into, const uint64_t *bits, int32_t words) {
    for (int32_t w = 0; w < words; w++) into[w] |= bits[w];
}

static void read_evidence(problem *p, const core_rows *rows, int64_t row) {
    for (int32_t x = 0; x < p->net->n; x++) p->state[x] = -1;
    for (int64_t v = 0; v < rows->n_variables; v++) {
        int32_t x = rows->variables[v], code = rows->codes[row * rows->n_variables + v];
        if (code == CORE_UNOBSERVED) continue;
        if (code >= 0)
            p->state[x] = code;
        else
            observe(p, x, rows->likelihoods[v] + (int64_t)(CORE_UNOBSERVED - 1 - code) * p->net->nodes[x].states);
        if (p->state[x] < 0 && !p->soft[x]) continue;
        p->observed = true;
        join_bits(p->relevant, p->net->nodes[x].above, p->net->words);
    }
}

static int32_t new_unknown(problem *p, int32_t size) {
    p->size[p->n] = size;
    return p->n++;
}

static void new_variable(problem *p, int32_t x) {
    int32_t states = p->net->nodes[x].states, id = p->variable[x] = new_unknown(p, states);
    table *own = p->unary[id] = new_table(p->memory, 1);
    own->axes[0] = (axis){id, states, 0, false, false};
    lay_out(p->memory, own);
    for (int32_t s = 0; s < states; s++) own->values[s] = p->soft[x] ? p->soft[x][s] : 1.0;
    if (p->soft[x]) own->exponent = least_exponent(own->values, states);
}

/* Set the powers of two of a vector aside, each value by itself: a long product of small numbers loses none. */
static void set_powers_aside(problem *p, table *own) {
    int32_t id = own->axes[0].id;
    if (!p->powers[id]) p->powers[id] = ZEROS(p->memory, int64_t, own->cells);
    for (int64_t s = 0; s < own->cells; s++) {
        int exponent;
        own->values[s] = frexp(own->values[s], &exponent);
        p->powers[id][s] += exponent;
    }
    own->exponent = -1;
}

/* Put them back, relative to the greatest value. */
static void put_powers_back(problem *p, table *own, const int64_t *powers) {
    set_powers_aside(p, own);
    int64_t greatest = INT64_MIN;
    for (int64_t s = 0; s < own->cells; s++)
        if (own->values[s] > 0.0 && powers[s] > greatest) greatest = powers[s];
    if (greatest == INT64_MIN) return; /* impossible, whatever the powers */
    for (int64_t s = 0; s < own->cells; s++) {
        int64_t power = powers[s] - greatest;
        own->values[s] = power < -2000 ? 0.0 : ldexp(own->values[s], (int)power);
    }
    own->exponent = least_exponent(own->values, own->cells);
    p->constant.exponent += greatest;
}

/* Multiply a table in: into the constant, into the vector of a variable, or beside the others. */
static void add(problem *p, table *t) {
    if (t->n == 0) {
        multiply_mass(&p->constant, t->values[0]);
    } else if (t->n == 1 && !t->axes[0].hub) {
        table *own = p->unary[t->axes[0].id];
        if (own->exponent + t->exponent < SMALL) set_powers_aside(p, own);
        for (int32_t s = 0; s < own->axes[0].size; s++) own->values[s] *= t->values[s * t->axes[0].stride];
        own->exponent += t->exponent;
    } else {
        p->tables[p->n_tables++] = t;
    }
}

static axis variable_axis(const problem *p, int32_t x, int64_t stride) {
    return (axis){p->variable[x], p->net->nodes[x].states, stride, false, false};
}

static void fold_table(problem *p, int32_t index) {
    const node *x = &p->net->nodes[index];
    table *t = new_table(p->memory, x->n_parents + 1);
    const double *values = x->table.values;
    t->n = 0;
    t->cells = 1;
    for (int32_t k = 0; k <= x->n_parents; k++) {
        int32_t each = k < x->n_parents ? x->parents[k] : index;
        int64_t stride = k < x->n_parents ? x->strides[k] : 1;
        if (p->state[each] >= 0) {
            values += p->state[each] * stride;
        } else {
            t->axes[t->n++] = variable_axis(p, each, stride);
            t->cells *= p->net->nodes[each].states;
        }
    }
    t->values = (double *)values; /* read only: no leaf of this kind is ever written to */
    t->exponent = x->table.exponent;
    add(p, t);
}

void take_in(const double *part, double *cap, int32_t classes, int32_t outcomes) {
    double below = 0.0; /* part[0] + ... + part[i] */
    for (int32_t i = 0; i < classes; i++) {
        below += part[i];
        for (int32_t o = 0; o < outcomes; o++) {
            double sum = below * cap[i * outcomes + o];
            for (int32_t j = i + 1; j < classes; j++) sum += part[j] * cap[j * outcomes + o];
            cap[i * outcomes + o] = sum; /* what is still to be read lies above i */
        }
    }
}

uint64_t allowed_of(const problem *p, int32_t index, int32_t k) {
    uint64_t allowed = ~UINT64_C(0);
    for (int64_t r = 0; r < p->n_restrictions; r++)
        if (p->restrictions[r].node == index && p->restrictions[r].parent == k) allowed &= p->restrictions[r].allowed;
    return allowed;
}

numbers part_of(const problem *p, const view *v, int32_t index, int32_t k) {
    const node *x = &p->net->nodes[index];
    numbers part = v->parts[k];
    uint64_t allowed = allowed_of(p, index, k);
    if (!~allowed) return part;
    int32_t rows = p->net->nodes[x->parents[k]].states, classes = x->full.classes;
    double *left = ZEROS(p->memory, double, (int64_t)rows *v->classes);
    for (int32_t s = 0; s < rows; s++)
        for (int32_t c = 0; c < classes; c++)
            if ((allowed >> c & 1) && v->class_of[c] >= 0)
                left[s * v->classes + v->class_of[c]] += x->full.part[k][s * classes + c];
    part.values = left;
    part.exponent = least_exponent(left, (int64_t)rows * v->classes);
    return part;
}

static table *part_table(problem *p, const view *v, int32_t parent, numbers part, int32_t hub) {
    bool several = hub >= 0;
    table *t = new_table(p->memory, 1 + several);
    t->axes[0] = variable_axis(p, parent, v->classes);
    if (several) t->axes[1] = (axis){hub, v->classes, 1, true, false};
    t->cells = (int64_t)t->axes[0].size * (several ? v->classes : 1);
    t->values = (double *)part.values; /* read only */
    t->exponent = part.exponent;
    return t;
}

/* P(outcome | parent) where the only unknown contribution is that of one parent. */
static table *single_part(problem *p, const view *v, int32_t parent, const double *part, const double *cap,
                          int32_t index) {
    bool unknown = v->outcomes > 1;
    table *t = new_table(p->memory, 1 + unknown);
    t->axes[0] = variable_axis(p, parent, 0);
    if (unknown) t->axes[1] = variable_axis(p, index, 0);
    lay_out(p->memory, t);
    for (int32_t s = 0; s < t->axes[0].size; s++)
        for (int32_t c = 0; c < v->classes; c++)
            for (int32_t o = 0; o < v->outcomes; o++)
                t->values[s * v->outcomes + o] += part[s * v->classes + c] * cap[c * v->outcomes + o];
    t->exponent = least_exponent(t->values, t->cells);
    return t;
}

static table *cap_table(problem *p, const view *v, int32_t index, int32_t hub, double *cap) {
    bool several = hub >= 0, unknown = v->outcomes > 1;
    table *t = new_table(p->memory, several + unknown);
    if (several) t->axes[0] = (axis){hub, v->classes, v->outcomes, true, true};
    if (unknown) t->axes[several] = variable_axis(p, index, 1);
    t->cells = (int64_t)(several ? v->classes : 1) * v->outcomes;
    t->values = cap;
    t->exponent = least_exponent(cap, t->cells);
    return t;
}

/* A likelihood that excludes states leaves fewer classes to tell apart. */
const view *view_of(problem *p, int32_t index) {
    const node *x = &p->net->nodes[index];
    const double *soft = p->soft[index];
    bool excludes = false;
    for (int32_t s = 0; soft && s < x->states; s++) excludes = excludes || soft[s] == 0.0;
    if (!excludes) return &x->views[p->state[index] + 1];
    bool *possible = TAKE(p->memory, bool, x->states);
    for (int32_t s = 0; s < x->states; s++) possible[s] = soft[s] > 0.0;
    view *seen = TAKE(p->memory, view, 1);
    *seen = see(p->memory, p->net, x, possible, -1);
    return seen;
}

static void fold_noisy(problem *p, int32_t index) {
    const node *x = &p->net->nodes[index];
    const view *v = view_of(p, index);
    double *cap = TAKE(p->memory, double, (int64_t)v->classes *v->outcomes);
    memcpy(cap, v->cap, (size_t)(v->classes * v->outcomes) * sizeof(double));
    take_in(v->leak, cap, v->classes, v->outcomes);
    int32_t unknown = 0, one = -1;
    for (int32_t k = 0; k < x->n_parents; k++) {
        int32_t known = p->state[x->parents[k]];
        if (known >= 0) {
            const double *part = part_of(p, v, index, k).values;
            take_in(part + (int64_t)known * v->classes, cap, v->classes, v->outcomes);
        } else {
            unknown++;
            one = k;
        }
    }
    if (unknown == 1 && v->classes > 1) {
        add(p, single_part(p, v, x->parents[one], part_of(p, v, index, one).values, cap, index));
        return;
    }
    /* With a single class nothing can be contributed: every parent by itself, and none of them interact. */
    int32_t hub = unknown && v->classes > 1 ? new_unknown(p, v->classes) : -1;
    add(p, cap_table(p, v, index, hub, cap));
    for (int32_t k = 0; unknown && k < x->n_parents; k++)
        if (p->state[x->parents[k]] < 0) add(p, part_table(p, v, x->parents[k], part_of(p, v, index, k), hub));
}

static problem *new_problem(arena *memory, const core_network *net) {
    problem *p = ZEROS(memory, problem, 1);
    p->memory = memory;
    p->net = net;
    p->state = TAKE(memory, int32_t, net->n);
    p->soft = ZEROS(memory, const double *, net->n);
    p->relevant = ZEROS(memory, uint64_t, net->words);
    p->variable = TAKE(memory, int32_t, net->n);
    p->size = TAKE(memory, int32_t, 2 * net->n);
    p->unary = ZEROS(memory, table *, 2 * net->n);
    p->powers = ZEROS(memory, int64_t *, 2 * net->n);
    p->constant = (mass){1.0, 0};
    return p;
}

problem *fold(arena *memory, const core_network *net, const core_rows *rows, int64_t row, const core_answers *out) {
    return fold_restricted(memory, net, rows, row, out, NULL, 0);
}

problem *fold_restricted(arena *memory, const core_network *net, const core_rows *rows, int64_t row,
                         const core_answers *out, const restriction *restrictions, int64_t n) {
    problem *p = new_problem(memory, net);
    p->restrictions = restrictions;
    p->n_restrictions = n;
    read_evidence(p, rows, row);
    p->given = p->constant;
    for (int64_t t = 0; t < out->n_targets; t++) join_bits(p->relevant, net->nodes[out->targets[t]].above, net->words);
    int64_t room = 0;
    for (int32_t x = 0; x < net->n; x++) {
        p->variable[x] = -1;
        if (!has_bit(p->relevant, x)) continue;
        room += net->nodes[x].n_parents + 1;
        if (p->state[x] < 0) new_variable(p, x);
    }
    for (int64_t t = 0; t < out->n_targets; t++)
        if (p->variable[out->targets[t]] >= 0) p->unary[p->variable[out->targets[t]]]->wanted = true;
    p->tables = TAKE(memory, table *, room);
    for (int32_t x = 0; x < net->n; x++) {
        if (!has_bit(p->relevant, x)) continue;
        if (net->nodes[x].views)
            fold_noisy(p, x);
        else
            fold_table(p, x);
    }
    for (int32_t u = 0; u < p->n; u++)
        if (p->powers[u]) put_powers_back(p, p->unary[u], p->powers[u]);
    return p;
}
