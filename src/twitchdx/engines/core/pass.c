#include "pass.h"

#include <math.h>

/* Values whose greatest is above this power of two are left as they are. */
enum { NEAR_ONE = -100 };

table *by_place(arena *memory, const table *t, const int32_t *place) {
    table *moved = new_table(memory, t->n);
    axis *axes = moved->axes;
    *moved = *t;
    moved->axes = axes;
    for (int32_t k = 0; k < t->n; k++) {
        axis here = t->axes[k];
        here.id = place[here.id];
        int32_t to = k;
        for (; to > 0 && axes[to - 1].id > here.id; to--) axes[to] = axes[to - 1];
        axes[to] = here;
    }
    return moved;
}

static void wait(pass *run, table *t) {
    table **at = &run->waiting[t->axes[0].id];
    while (*at && (*at)->cells <= t->cells) at = &(*at)->next;
    t->next = *at;
    *at = t;
}

static pass *begin(const problem *p, const int32_t *place, bool on_paper) {
    pass *run = ZEROS(p->memory, pass, 1);
    run->memory = p->memory;
    run->n = p->n;
    run->own = ZEROS(p->memory, table *, p->n);
    run->others = TAKE(p->memory, table *, p->n_tables);
    run->waiting = ZEROS(p->memory, table *, p->n);
    run->made = on_paper ? NULL : TAKE(p->memory, product *, 2 * p->n + p->n_tables);
    run->evidence = p->constant;
    run->one = new_table(p->memory, 0);
    lay_out(p->memory, run->one);
    run->one->values[0] = 1.0;
    for (int32_t u = 0; u < p->n; u++)
        if (p->unary[u]) wait(run, run->own[u] = by_place(p->memory, p->unary[u], place));
    for (int32_t t = 0; t < p->n_tables; t++) {
        table *moved = by_place(p->memory, p->tables[t], place);
        if (moved->wanted && !on_paper) moved = densify(p->memory, moved, moved->cells);
        wait(run, run->others[t] = moved);
    }
    return run;
}

/* Scale values so that the greatest is about 1; the power of two that was taken out. */
static int scale_up(double *values, int64_t n) {
    /* Four side by side: each comparison would wait for the one before it. */
    double most[4] = {0.0, 0.0, 0.0, 0.0};
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int64_t k = 0; k < 4; k++) most[k] = values[i + k] > most[k] ? values[i + k] : most[k];
    for (; i < n; i++) most[0] = values[i] > most[0] ? values[i] : most[0];
    double greatest = 0.0;
    for (int32_t k = 0; k < 4; k++) greatest = most[k] > greatest ? most[k] : greatest;
    int exponent;
    frexp(greatest, &exponent);
    if (greatest == 0.0 || exponent > NEAR_ONE) return 0;
    /* In two steps: the whole power may be too large for a number. */
    double half = ldexp(1.0, -exponent / 2), rest = ldexp(1.0, -exponent - -exponent / 2);
    for (i = 0; i < n; i++) values[i] = values[i] * half * rest;
    return exponent;
}

void lift(pass *run, table *made) {
    made->power = 0;
    if (made->exponent >= SMALL) return;
    made->power = scale_up(made->values, made->cells);
    made->exponent -= made->power;
    run->deep = true;
}

static table *make(pass *run, table *left, table *right, int32_t last) {
    if (!run->made) return sketch(run->memory, left, right, last, &run->work, &run->cells);
    product *made = multiply(run->memory, left, right, last);
    run->made[run->n_made++] = made;
    lift(run, made->of[OUT]);
    run->evidence.exponent += made->of[OUT]->power;
    return made->of[OUT];
}

/* Multiply everything that an unknown stands in, and sum it out. */
static table *eliminate(pass *run, int32_t place) {
    table *so_far = run->waiting[place], *next = so_far->next;
    if (!next) return make(run, run->one, so_far, place);
    for (; next; next = next->next) so_far = make(run, so_far, next, next->next ? -1 : place);
    return so_far;
}

static void take_message(pass *run, table *message) {
    if (message->n)
        wait(run, message);
    else if (run->made)
        multiply_mass(&run->evidence, message->values[0]);
}

pass *go_forward(const problem *p, const order *chosen) {
    pass *run = begin(p, chosen->place, false);
    for (int32_t place = 0; place < p->n; place++) take_message(run, eliminate(run, place));
    return run;
}

cost sketch_forward(const problem *p, const order *chosen, arena *paper, double budget) {
    problem on_paper = *p;
    on_paper.memory = paper;
    pass *run = begin(&on_paper, chosen->place, true);
    for (int32_t place = 0; place < p->n && run->cells <= budget; place++)
        take_message(run, eliminate(run, place));
    cost found = {run->work, run->cells};
    arena_reset(paper);
    return found;
}

void go_back(pass *run) {
    static double certain = 1.0;
    for (int32_t k = run->n_made - 1; k >= 0; k--) {
        product *made = run->made[k];
        table *out = made->of[OUT];
        if (!out->wanted) continue;
        if (out->n == 0) out->slope = &certain;
        if (run->deep && out->n) scale_up(out->slope, out->cells);
        differentiate(run->memory, made);
    }
}

