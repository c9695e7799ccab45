#include "replay.h"

#include <string.h>

/* All tables of a run one after another: vectors, further tables, then what each product made and what its operands
 * became. NULL where there is none, or where it has been told before. */
static int64_t count_tables(const pass *run, const problem *p) {
    return (int64_t)run->n + p->n_tables + 3 * (int64_t)run->n_made;
}

static table *table_at(const replay *r, int64_t k) {
    const pass *run = r->run;
    if (k < run->n) return run->own[k];
    k -= run->n;
    if (k < r->first->n_tables) return run->others[k];
    k -= r->first->n_tables;
    const product *made = run->made[k / 3];
    if (k % 3 == OUT) return made->of[OUT];
    return made->wide[k % 3] == made->of[k % 3] ? NULL : made->wide[k % 3];
}

replay *begin_replay(const problem *p, const order *chosen) {
    replay *r = ZEROS(p->memory, replay, 1);
    r->first = p;
    r->place = chosen->place;
    r->run = go_forward(p, chosen);
    int64_t n = count_tables(r->run, p);
    r->values = TAKE(p->memory, table, n);
    for (int64_t k = 0; k < n; k++)
        if (table_at(r, k)) r->values[k] = *table_at(r, k);
    return r;
}

static void restore(replay *r) {
    int64_t n = count_tables(r->run, r->first);
    for (int64_t k = 0; k < n; k++) {
        table *t = table_at(r, k);
        if (!t) continue;
        t->values = r->values[k].values;
        t->exponent = r->values[k].exponent;
        t->power = r->values[k].power;
        t->changed = false;
    }
}

/* Tables whose values lie elsewhere were made for this problem, and then they are dense. */
static bool differs(const table *t, const table *first) {
    return t->values != first->values && memcmp(t->values, first->values, (size_t)t->cells * sizeof(double));
}

static void change(replay *r, const problem *p) {
    for (int32_t u = 0; u < p->n; u++) {
        if (!p->unary[u] || !differs(p->unary[u], r->first->unary[u])) continue;
        table *own = r->run->own[u];
        own->values = p->unary[u]->values;
        own->exponent = p->unary[u]->exponent;
        own->changed = true;
    }
    for (int32_t t = 0; t < p->n_tables; t++) {
        if (!differs(p->tables[t], r->first->tables[t])) continue;
        table *moved = by_place(p->memory, p->tables[t], r->place), *other = r->run->others[t];
        other->values = densify(p->memory, moved, moved->cells)->values;
        other->exponent = moved->exponent;
        other->changed = true;
    }
}

void run_again(replay *r, const problem *p) {
    pass *run = r->run;
    restore(r);
    change(r, p);
    run->memory = p->memory;
    run->evidence = p->constant;
    for (int32_t k = 0; k < run->n_made; k++) {
        product *made = run->made[k];
        if (made->of[LEFT]->changed || made->of[RIGHT]->changed) {
            multiply_again(run->memory, made);
            lift(run, made->of[OUT]);
        }
        run->evidence.exponent += made->of[OUT]->power;
        if (made->of[OUT]->n == 0) multiply_mass(&run->evidence, made->of[OUT]->values[0]);
    }
}
