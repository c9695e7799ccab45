#include "table.h"

#include <string.h>

static const int32_t FORWARD[3] = {LEFT, RIGHT, OUT};

table *new_table(arena *memory, int32_t n) {
    table *t = ZEROS(memory, table, 1);
    t->n = n;
    t->axes = ZEROS(memory, axis, n);
    return t;
}

/* More cells than any memory holds; tables on paper may have more, and then all have as many. */
static const int64_t TOO_MANY = (int64_t)1 << 60;

static void set_strides(table *t) {
    int64_t cells = 1;
    for (int32_t k = t->n - 1; k >= 0; k--) {
        t->axes[k].stride = cells;
        cells = cells > TOO_MANY / t->axes[k].size ? TOO_MANY : cells * t->axes[k].size;
    }
    t->cells = cells;
}

void lay_out(arena *memory, table *t) {
    set_strides(t);
    t->values = ZEROS(memory, double, t->cells);
}

table *densify(arena *memory, const table *t, int64_t room) {
    table *dense = new_table(memory, t->n);
    memcpy(dense->axes, t->axes, (size_t)t->n * sizeof(axis));
    set_strides(dense);
    dense->values = ZEROS(memory, double, room);
    dense->exponent = t->exponent;
    dense->wanted = t->wanted;
    static const double one = 1.0;
    loop *loops = TAKE(memory, loop, t->n);
    for (int32_t k = 0; k < t->n; k++)
        loops[k] = regular(t->axes[k].size, t->axes[k].stride, 0, dense->axes[k].stride);
    nest ready = arrange(memory, loops, t->n, &one);
    run_nest(&ready, FORWARD, t->values, &one, dense->values);
    return dense;
}

/* Axis k of a dense table with its running sums S[1], ..., S[C - 1] behind its C values, in the same memory: from the
 * back, so that nothing is written over that is still to be read. */
static void widen_axis(table *t, int32_t k) {
    int64_t size = t->axes[k].size, inner = t->axes[k].stride, wide = 2 * size - 1;
    for (int64_t o = t->cells / (inner * size) - 1; o >= 0; o--) {
        double *to = t->values + o * wide * inner, *sum = to + size * inner;
        memmove(to, t->values + o * size * inner, (size_t)(size * inner) * sizeof(double));
        for (int64_t g = 1; g < size; g++, sum += inner) {
            const double *before = g == 1 ? to : sum - inner, *here = to + g * inner;
            for (int64_t i = 0; i < inner; i++) sum[i] = before[i] + here[i];
        }
    }
    t->axes[k].size = (int32_t)wide;
    set_strides(t);
}

/* The slope by the values of an axis from the slopes by them and by their running sums, in the same memory: from the
 * front. A value has part in its own sum and in all later ones; the first has none of its own. */
static void narrow_axis(double *slope, int64_t outer, int64_t size, int64_t inner) {
    for (int64_t o = 0; o < outer; o++) {
        double *from = slope + o * (2 * size - 1) * inner, *sums = from + size * inner, *to = slope + o * size * inner;
        for (int64_t g = (size - 2) * inner - 1; g >= 0; g--) sums[g] += sums[g + inner];
        for (int64_t i = 0; i < inner; i++) to[i] = from[i] + sums[i];
        for (int64_t i = inner; i < size * inner; i++) to[i] = from[i] + sums[i - inner];
    }
}

/* A dense copy with running sums at some axes; the table itself where there are none. */
static table *widen(arena *memory, table *t, const bool *wanted) {
    int64_t cells = t->cells;
    for (int32_t k = 0; k < t->n; k++)
        if (wanted[k]) cells = cells / t->axes[k].size * (2 * t->axes[k].size - 1);
    if (cells == t->cells) return t;
    table *wide = densify(memory, t, cells);
    for (int32_t k = 0; k < t->n; k++)
        if (wanted[k]) widen_axis(wide, k);
    return wide;
}

static bool is_wide(const table *wide, const table *t, int32_t k) { return wide->axes[k].size != t->axes[k].size; }

/* The slope of a table from that of its wide form, in whose memory it stays. */
static void narrow(table *t, const table *wide, double *slope) {
    int64_t inner = 1;
    for (int32_t k = t->n - 1; k >= 0; k--) {
        int64_t size = t->axes[k].size;
        if (is_wide(wide, t, k)) {
            int64_t outer = 1; /* axes before this one are still wide */
            for (int32_t before = 0; before < k; before++) outer *= wide->axes[before].size;
            narrow_axis(slope, outer, size, inner);
        }
        inner *= size;
    }
    t->slope = slope;
}

/* One axis of a product: where it stands in each operand, or -1. */
typedef struct {
    int32_t k[2];
    bool joined;     /* contributions meet here, or a contribution and the cap */
    int32_t widened; /* the operand that needs running sums */
} meeting;

static int32_t meet(const table *left, const table *right, int32_t last, meeting *met) {
    int32_t n = 0, i = 0, j = 0;
    while (i < left->n || j < right->n) {
        meeting *m = &met[n++];
        int32_t a = i < left->n ? left->axes[i].id : INT32_MAX, b = j < right->n ? right->axes[j].id : INT32_MAX;
        m->k[LEFT] = a <= b ? i++ : -1;
        m->k[RIGHT] = b <= a ? j++ : -1;
        m->joined = a == b && a != last && left->axes[m->k[LEFT]].hub;
        m->widened = m->joined && right->axes[m->k[RIGHT]].cap ? LEFT : RIGHT;
    }
    return n;
}

static const axis *axis_of(const product *made, int32_t side, const meeting *m) {
    return m->k[side] < 0 ? NULL : &made->wide[side]->axes[m->k[side]];
}

/* The loop over an axis at which nothing is joined. */
static loop plain_loop(const product *made, const meeting *m, const axis *out) {
    const axis *a = axis_of(made, LEFT, m), *b = axis_of(made, RIGHT, m), *any = a ? a : b;
    /* A cap that meets no contribution any more is worth what it says of class 0. */
    int32_t steps = !out && any->hub && !(a && b) ? 1 : any->size;
    return regular(steps, a ? a->stride : 0, b ? b->stride : 0, out ? out->stride : 0);
}

/* The loop over a hub at which two contributions are joined, or a cap takes in a contribution. */
static loop join_loop(arena *memory, const product *made, const meeting *m, const axis *out) {
    int32_t classes = out->size, steps = classes * (classes + 1) / 2, step = 0;
    int32_t wide_side = m->widened, side = 1 - wide_side;
    int64_t narrow_by = axis_of(made, side, m)->stride, wide_by = axis_of(made, wide_side, m)->stride;
    int64_t *at[3] = {TAKE(memory, int64_t, steps), TAKE(memory, int64_t, steps), TAKE(memory, int64_t, steps)};
    for (int32_t g = 0; g < classes; g++) {
        at[side][step] = g * narrow_by;
        at[wide_side][step] = (g ? classes + g - 1 : 0) * wide_by;
        at[OUT][step++] = g * out->stride;
        for (int32_t i = 0; i < g; i++) {
            at[side][step] = (out->cap ? g : i) * narrow_by;
            at[wide_side][step] = g * wide_by;
            at[OUT][step++] = (out->cap ? i : g) * out->stride;
        }
    }
    return (loop){steps, {0, 0, 0}, {at[0], at[1], at[2]}};
}

static table *shape_result(arena *memory, const table *left, const table *right, const meeting *met, int32_t n,
                           int32_t last) {
    table *out = new_table(memory, n);
    out->n = 0;
    for (int32_t m = 0; m < n; m++) {
        const axis *a = met[m].k[LEFT] < 0 ? NULL : &left->axes[met[m].k[LEFT]];
        const axis *b = met[m].k[RIGHT] < 0 ? NULL : &right->axes[met[m].k[RIGHT]];
        axis here = a ? *a : *b;
        here.cap = (a && a->cap) || (b && b->cap);
        if (here.id != last) out->axes[out->n++] = here;
    }
    set_strides(out);
    out->exponent = left->exponent + right->exponent;
    out->wanted = left->wanted || right->wanted;
    return out;
}

/* Running sums stand beside the smaller one where there is a choice. */
static void put_smaller_right(table **left, table **right) {
    if ((*left)->cells >= (*right)->cells) return;
    table *smaller = *left;
    *left = *right;
    *right = smaller;
}

table *sketch(arena *memory, table *left, table *right, int32_t last, double *work, double *cells) {
    put_smaller_right(&left, &right);
    meeting *met = TAKE(memory, meeting, left->n + right->n);
    int32_t n = meet(left, right, last, met);
    double products = 1.0 + left->wanted + right->wanted, wide[2] = {(double)left->cells, (double)right->cells};
    bool widened[2] = {false, false};
    for (int32_t m = 0; m < n; m++) {
        int32_t size = met[m].k[LEFT] < 0 ? right->axes[met[m].k[RIGHT]].size : left->axes[met[m].k[LEFT]].size;
        products *= met[m].joined ? 0.5 * size * (size + 1) : size;
        if (!met[m].joined) continue;
        widened[met[m].widened] = true;
        wide[met[m].widened] *= (2.0 * size - 1.0) / size;
    }
    table *out = shape_result(memory, left, right, met, n, last);
    *work += products;
    *cells += (double)out->cells;
    for (int32_t side = 0; side < 2; side++)
        if (widened[side]) *cells += wide[side];
    return out;
}

product *multiply(arena *memory, table *left, table *right, int32_t last) {
    product *made = ZEROS(memory, product, 1);
    put_smaller_right(&left, &right);
    made->of[LEFT] = left;
    made->of[RIGHT] = right;
    meeting *met = TAKE(memory, meeting, left->n + right->n);
    int32_t n = meet(left, right, last, met);
    for (int32_t side = 0; side < 2; side++) {
        bool *wanted = ZEROS(memory, bool, made->of[side]->n);
        for (int32_t m = 0; m < n; m++)
            if (met[m].joined && met[m].widened == side) wanted[met[m].k[side]] = true;
        made->wide[side] = widen(memory, made->of[side], wanted);
    }
    table *out = made->of[OUT] = shape_result(memory, left, right, met, n, last);
    out->values = ZEROS(memory, double, out->cells);
    loop *loops = TAKE(memory, loop, n);
    for (int32_t m = 0, k = 0; m < n; m++) {
        const axis *any = met[m].k[LEFT] < 0 ? &right->axes[met[m].k[RIGHT]] : &left->axes[met[m].k[LEFT]];
        const axis *here = any->id == last ? NULL : &out->axes[k++];
        loops[m] = met[m].joined ? join_loop(memory, made, &met[m], here) : plain_loop(made, &met[m], here);
    }
    made->loops = arrange(memory, loops, n, made->wide[RIGHT]->values);
    run_nest(&made->loops, FORWARD, made->wide[LEFT]->values, made->wide[RIGHT]->values, out->values);
    return made;
}

void multiply_again(arena *memory, product *made) {
    for (int32_t side = 0; side < 2; side++) {
        table *t = made->of[side], *wide = made->wide[side];
        if (!t->changed || wide == t) continue;
        bool *wanted = TAKE(memory, bool, t->n);
        for (int32_t k = 0; k < t->n; k++) wanted[k] = is_wide(wide, t, k);
        wide->values = widen(memory, t, wanted)->values;
    }
    table *out = made->of[OUT];
    out->changed = true;
    out->exponent = made->of[LEFT]->exponent + made->of[RIGHT]->exponent;
    out->values = ZEROS(memory, double, out->cells);
    run_nest(&made->loops, FORWARD, made->wide[LEFT]->values, made->wide[RIGHT]->values, out->values);
}

void differentiate(arena *memory, const product *made) {
    const table *out = made->of[OUT];
    for (int32_t side = 0; side < 2; side++) {
        table *t = made->of[side];
        const table *wide = made->wide[side], *other = made->wide[1 - side];
        if (!t->wanted) continue;
        double *slope = ZEROS(memory, double, wide->cells);
        const int32_t backward[3] = {OUT, 1 - side, side};
        run_nest(&made->loops, backward, out->slope, other->values, slope);
        narrow(t, wide, slope);
    }
}
