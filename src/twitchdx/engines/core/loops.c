#include "loops.h"

/* More offsets than this are not spelled out: they would take longer to read than to work out. */
enum { MIDDLE = 4096 };

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

loop regular(int32_t steps, int64_t left, int64_t right, int64_t out) {
    return (loop){steps, {left, right, out}, {0, 0, 0}};
}

static int can_merge(const loop *outer, const loop *inner) {
    if (outer->at[0] || inner->at[0]) return 0;
    for (int32_t k = 0; k < 3; k++)
        if (outer->stride[k] != inner->stride[k] * inner->steps) return 0;
    return 1;
}

/* Neighbours that are one loop in all three arrays become one. Gives the number of loops left. */
static int32_t merge(loop *loops, int32_t n) {
    int32_t kept = 0;
    for (int32_t k = 0; k < n; k++) {
        if (loops[k].steps == 1 && !loops[k].at[0]) continue;
        if (kept && can_merge(&loops[kept - 1], &loops[k])) loops[k].steps *= loops[--kept].steps;
        loops[kept++] = loops[k];
    }
    return kept;
}

static int moves(const loop *l, int32_t array) { return l->at[0] || l->stride[array]; }

static loop take(loop *loops, int32_t *n, int32_t k) {
    loop taken = loops[k];
    for (--*n; k < *n; k++) loops[k] = loops[k + 1];
    return taken;
}

/* Take the loop out that runs innermost: the longest regular one, if it can be one that leaves the right array
 * where it is. */
static loop take_inner(loop *loops, int32_t *n) {
    int32_t best = -1;
    for (int32_t k = 0; k < *n; k++) {
        if (loops[k].at[0]) continue;
        int stays = !moves(&loops[k], RIGHT), best_stays = best >= 0 && !moves(&loops[best], RIGHT);
        if (best < 0 || stays > best_stays || (stays == best_stays && loops[k].steps >= loops[best].steps)) best = k;
    }
    return best < 0 ? regular(1, 0, 0, 0) : take(loops, n, best);
}

/* Bring the loops that move the right array to the end, which is spelled out first. */
static void sort_loops(loop *loops, int32_t n) {
    int32_t left = n;
    for (int32_t k = 0; k < left;) {
        if (moves(&loops[k], RIGHT)) {
            int32_t rest = n;
            loop moved = take(loops, &rest, k);
            loops[rest] = moved;
            left--;
        } else {
            k++;
        }
    }
}

static int64_t offset(const loop *l, int32_t array, int32_t step) {
    return l->at[0] ? l->at[array][step] : step * l->stride[array];
}

/* Spell out one more loop: for each of its steps all the places that there are. */
static void spell_out(nest *made, const loop *l, int32_t *const at[3]) {
    for (int32_t array = 0; array < 3; array++) {
        int32_t *to = at[array] + made->n_middle, first = (int32_t)offset(l, array, 0);
        for (int32_t step = 1; step < l->steps; step++) {
            int32_t by = (int32_t)offset(l, array, step);
            for (int32_t i = 0; i < made->n_middle; i++) *to++ = at[array][i] + by;
        }
        for (int32_t i = 0; first && i < made->n_middle; i++) at[array][i] += first;
    }
    made->n_middle *= l->steps;
}

static void leave_out_zeros(nest *made, int32_t *const at[3], const double *right) {
    int32_t kept = 0;
    for (int32_t i = 0; i < made->n_middle; i++) {
        if (right[at[RIGHT][i]] == 0.0) continue;
        for (int32_t array = 0; array < 3; array++) at[array][kept] = at[array][i];
        kept++;
    }
    made->n_middle = kept;
}

nest arrange(arena *memory, loop *loops, int32_t n, const double *right) {
    n = merge(loops, n);
    nest made = {loops, 0, 1, {0, 0, 0}, take_inner(loops, &n)};
    sort_loops(loops, n);
    int64_t places = 1;
    made.n_outer = n;
    while (made.n_outer > 0 && places * loops[made.n_outer - 1].steps <= MIDDLE)
        places *= loops[--made.n_outer].steps;
    int32_t *const at[3] = {TAKE(memory, int32_t, places), TAKE(memory, int32_t, places), TAKE(memory, int32_t, places)};
    int told = !moves(&made.inner, RIGHT);
    for (int32_t k = 0; k < made.n_outer; k++) told = told && !moves(&loops[k], RIGHT);
    for (int32_t array = 0; array < 3; array++) at[array][0] = 0;
    for (int32_t k = n - 1; k >= made.n_outer; k--) {
        spell_out(&made, &loops[k], at);
        if (told && moves(&loops[k], RIGHT) && (k == made.n_outer || !moves(&loops[k - 1], RIGHT)))
            leave_out_zeros(&made, at, right);
    }
    for (int32_t array = 0; array < 3; array++) made.middle[array] = at[array];
    return made;
}

typedef struct {
    int32_t n;
    const int32_t *x, *y, *z;
} places;

/* The innermost loop at each place, where it is short: `steps` is a constant wherever this is inlined, and so are
 * the strides where they are told apart below. */
INLINE void run_strided(const places *p, int32_t steps, int64_t by_x, int64_t by_y, int64_t by_z,
                        const double *restrict x, const double *restrict y, double *restrict z) {
    if (by_z == 0) {
        for (int32_t i = 0; i < p->n; i++) {
            const double *from_x = x + p->x[i], *from_y = y + p->y[i];
            double sum = from_x[0] * from_y[0];
            for (int32_t k = 1; k < steps; k++) sum += from_x[k * by_x] * from_y[k * by_y];
            z[p->z[i]] += sum;
        }
    } else {
        for (int32_t i = 0; i < p->n; i++) {
            const double *from_x = x + p->x[i], *from_y = y + p->y[i];
            double *to = z + p->z[i];
            for (int32_t k = 0; k < steps; k++) to[k * by_z] += from_x[k * by_x] * from_y[k * by_y];
        }
    }
}

INLINE void run_short(const places *p, int32_t steps, const int64_t *by, const double *x, const double *y, double *z) {
    if (by[0] == 1 && by[1] == 0 && by[2] == 1)
        run_strided(p, steps, 1, 0, 1, x, y, z);
    else if (by[0] == 1 && by[1] == 1 && by[2] == 0)
        run_strided(p, steps, 1, 1, 0, x, y, z);
    else if (by[1] == 0)
        run_strided(p, steps, by[0], 0, by[2], x, y, z);
    else
        run_strided(p, steps, by[0], by[1], by[2], x, y, z);
}

/* Four sums side by side: quicker than one, and as fixed an order. */
INLINE double dot(int64_t n, const double *restrict x, const double *restrict y) {
    double sum[4] = {0.0, 0.0, 0.0, 0.0};
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int64_t k = 0; k < 4; k++) sum[k] += x[i + k] * y[i + k];
    for (; i < n; i++) sum[0] += x[i] * y[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

INLINE void scale(int64_t n, const double *restrict x, double y, double *restrict z) {
    for (int64_t i = 0; i < n; i++) z[i] += x[i] * y;
}

INLINE void pairwise(int64_t n, const double *restrict x, const double *restrict y, double *restrict z) {
    for (int64_t i = 0; i < n; i++) z[i] += x[i] * y[i];
}

static void run_long(const places *p, int32_t steps, const int64_t *by, const double *x, const double *y, double *z) {
    if (by[2] == 0 && by[0] == 1 && by[1] == 1) {
        for (int32_t i = 0; i < p->n; i++) z[p->z[i]] += dot(steps, x + p->x[i], y + p->y[i]);
    } else if (by[2] == 1 && by[0] == 1 && by[1] == 0) {
        for (int32_t i = 0; i < p->n; i++) scale(steps, x + p->x[i], y[p->y[i]], z + p->z[i]);
    } else if (by[2] == 1 && by[0] == 0 && by[1] == 1) {
        for (int32_t i = 0; i < p->n; i++) scale(steps, y + p->y[i], x[p->x[i]], z + p->z[i]);
    } else if (by[2] == 1 && by[0] == 1 && by[1] == 1) {
        for (int32_t i = 0; i < p->n; i++) pairwise(steps, x + p->x[i], y + p->y[i], z + p->z[i]);
    } else {
        run_short(p, steps, by, x, y, z);
    }
}

static void run_inner(const places *p, int32_t steps, const int64_t *by, const double *x, const double *y, double *z) {
    switch (steps) {
    case 1: run_short(p, 1, by, x, y, z); break;
    case 2: run_short(p, 2, by, x, y, z); break;
    case 3: run_short(p, 3, by, x, y, z); break;
    case 4: run_short(p, 4, by, x, y, z); break;
    default: run_long(p, steps, by, x, y, z);
    }
}

static void run_outer(const nest *l, int32_t depth, const places *p, const int64_t *by, const int32_t role[3],
                      const double *x, const double *y, double *z) {
    if (depth == l->n_outer) {
        run_inner(p, l->inner.steps, by, x, y, z);
        return;
    }
    const loop *here = &l->outer[depth];
    for (int32_t step = 0; step < here->steps; step++)
        run_outer(l, depth + 1, p, by, role, x + offset(here, role[0], step), y + offset(here, role[1], step),
                  z + offset(here, role[2], step));
}

void run_nest(const nest *l, const int32_t role[3], const double *x, const double *y, double *z) {
    places p = {l->n_middle, l->middle[role[0]], l->middle[role[1]], l->middle[role[2]]};
    int64_t by[3] = {l->inner.stride[role[0]], l->inner.stride[role[1]], l->inner.stride[role[2]]};
    run_outer(l, 0, &p, by, role, x, y, z);
}
