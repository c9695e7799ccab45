#include "order.h"

#include <math.h>
#include <string.h>

/* Logs of sizes are kept as whole numbers, so that sums of them never depend on the order. */
static const double ONE_BIT = 1 << 20;

/* Which unknowns stand together in a table, as bits. */
typedef struct {
    int32_t n, words;
    uint64_t *near;  /* n x words */
    int64_t *weight; /* log of the size of each */
    int64_t *clique; /* log of the cells of each with its neighbours */
} graph;

static int32_t lowest_bit(uint64_t word) {
#if defined(__GNUC__)
    return __builtin_ctzll(word);
#else
    int32_t k = 0;
    while (!(word >> k & 1)) k++;
    return k;
#endif
}

static uint64_t *row(const graph *g, int32_t u) { return g->near + (int64_t)u * g->words; }

static void set_bit(uint64_t *bits, int32_t k) { bits[k / 64] |= (uint64_t)1 << (k % 64); }

static void clear_bit(uint64_t *bits, int32_t k) { bits[k / 64] &= ~((uint64_t)1 << (k % 64)); }

static int64_t weigh(const graph *g, int32_t w, uint64_t word) {
    int64_t sum = 0;
    for (; word; word &= word - 1) sum += g->weight[64 * w + lowest_bit(word)];
    return sum;
}

static graph draw(const problem *p, double hub) {
    graph g = {p->n, (p->n + 63) / 64, NULL, NULL, NULL};
    g.near = ZEROS(p->memory, uint64_t, (int64_t)g.n * g.words);
    g.weight = TAKE(p->memory, int64_t, g.n);
    g.clique = TAKE(p->memory, int64_t, g.n);
    for (int32_t u = 0; u < g.n; u++)
        g.weight[u] = llround(log2((double)p->size[u]) * (p->unary[u] ? 1.0 : hub) * ONE_BIT);
    for (int32_t t = 0; t < p->n_tables; t++) {
        const table *each = p->tables[t];
        for (int32_t i = 0; i < each->n; i++)
            for (int32_t j = 0; j < each->n; j++)
                if (i != j) set_bit(row(&g, each->axes[i].id), each->axes[j].id);
    }
    for (int32_t u = 0; u < g.n; u++) {
        g.clique[u] = g.weight[u];
        for (int32_t w = 0; w < g.words; w++) g.clique[u] += weigh(&g, w, row(&g, u)[w]);
    }
    return g;
}

/* Join the neighbours of an unknown to each other, and take it away. */
static void eliminate(graph *g, int32_t u) {
    const uint64_t *near_u = row(g, u);
    for (int32_t w = 0; w < g->words; w++)
        for (uint64_t left = near_u[w]; left; left &= left - 1) {
            int32_t each = 64 * w + lowest_bit(left);
            uint64_t *near = row(g, each);
            for (int32_t v = 0; v < g->words; v++) {
                uint64_t more = near_u[v] & ~near[v];
                if (v == each / 64) more &= ~((uint64_t)1 << (each % 64));
                if (more) g->clique[each] += weigh(g, v, more);
                near[v] |= more;
            }
            clear_bit(near, u);
            g->clique[each] -= g->weight[u];
        }
}

/* Log-weights of the pairs of neighbours of an unknown that are not yet joined. */
static int64_t fill_in(const graph *g, int32_t u) {
    int64_t sum = 0;
    const uint64_t *near_u = row(g, u);
    for (int32_t w = 0; w < g->words; w++)
        for (uint64_t left = near_u[w]; left; left &= left - 1) {
            int32_t each = 64 * w + lowest_bit(left);
            const uint64_t *near = row(g, each);
            int64_t missing = -g->weight[each];
            for (int32_t v = 0; v < g->words; v++) missing += weigh(g, v, near_u[v] & ~near[v]);
            sum += missing * (g->weight[each] >> 10); /* small enough that a product never overflows */
        }
    return sum;
}

static void take_away(order *made, graph *g, int32_t u, int32_t place) {
    made->in_total += exp2((double)g->clique[u] / ONE_BIT);
    eliminate(g, u);
    made->place[u] = place;
}

static order by_clique(const problem *p, graph g) {
    order made = {TAKE(p->memory, int32_t, p->n), 0.0};
    for (int32_t place = 0; place < p->n; place++) {
        int64_t least = INT64_MAX;
        for (int32_t u = 0; u < p->n; u++) least = g.clique[u] < least ? g.clique[u] : least;
        int32_t best = 0;
        while (g.clique[best] != least) best++;
        take_away(&made, &g, best, place);
        g.clique[best] = INT64_MAX; /* gone */
    }
    return made;
}

/* Whether two sets of bits have two members in common. */
static bool share_two(const uint64_t *a, const uint64_t *b, int32_t words) {
    int32_t shared = 0;
    for (int32_t w = 0; w < words && shared < 2; w++) {
        uint64_t both = a[w] & b[w];
        shared += both ? 1 + ((both & (both - 1)) != 0) : 0;
    }
    return shared > 1;
}

static order by_fill(const problem *p, graph g) {
    order made = {TAKE(p->memory, int32_t, p->n), 0.0};
    int64_t *fill = TAKE(p->memory, int64_t, p->n);
    bool *stale = TAKE(p->memory, bool, p->n);
    for (int32_t u = 0; u < p->n; u++) {
        stale[u] = true;
        made.place[u] = -1;
    }
    for (int32_t place = 0; place < p->n; place++) {
        int32_t best = -1;
        for (int32_t u = 0; u < p->n; u++) {
            if (made.place[u] >= 0) continue;
            if (stale[u]) fill[u] = fill_in(&g, u);
            stale[u] = false;
            bool better = best < 0 || fill[u] < fill[best];
            if (better || (fill[u] == fill[best] && g.clique[u] < g.clique[best])) best = u;
        }
        const uint64_t *near = row(&g, best);
        for (int32_t u = 0; u < p->n; u++) /* one who loses a neighbour, or two of whose neighbours are joined */
            stale[u] = stale[u] || has_bit(near, u) || (fill[best] > 0 && share_two(near, row(&g, u), g.words));
        take_away(&made, &g, best, place);
    }
    return made;
}

order find_order(const problem *p, rule by, double hub) {
    graph g = draw(p, hub);
    return by == BY_FILL ? by_fill(p, g) : by_clique(p, g);
}
