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

/* A dense copy. */
static table *densify(arena *memory, const table *t) {
    table *dense = new_table(memory, t->n);
    memcpy(dense->axes, t->axes, (size_t)t->n * sizeof(axis));
    lay_out(memory, dense);
    dense->exponent = t->exponent;
    static const double one = 1.0;
    loop *loops = TAKE(memory, loop, t->n);
    for (int32_t k = 0; k < t->n; k++)
        loops[k] = regular(t->axes[k].size, t->axes[k].stride, 0, dense->axes[k].stride);
    nest ready = arrange(memory, loops, t->n, &one);
    run_nest(&ready, FORWARD, t->values, &one, dense->values);
    return dense;
}

/* How many numbers stand before one step of an axis of a dense table. */
static int64_t outer_cells(const table *t, int32_t k) { return t->cells / (t->axes[k].stride * t->axes[k].size); }

/* Axis k with its running sums S[1], ..., S[C - 1] behind its C values. */
static table *widen_axis(arena *memory, const table *t, int32_t k) {
    table *wide = new_table(memory, t->n);
    memcpy(wide->axes, t->axes, (size_t)t->n * sizeof(axis));
    int64_t size = t->axes[k].size, inner = t->axes[k].stride, outer = outer_cells(t, k);
    wide->axes[k].size = (int32_t)(2 * size - 1);
    lay_out(memory, wide);
    wide->exponent = t->exponent;
    const double *from = t->values;
    double *to = wide->values;
    for (int64_t o = 0; o < outer; o++, from += size * inner, to += (2 * size - 1) * inner) {
        memcpy(to, from, (size_t)(size * inner) * sizeof(double));
        double *sum = to + size * inner;
        for (int64_t g = 1; g < size; g++, sum += inner) {
            const double *before = g == 1 ? from : sum - inner, *here = from + g * inner;
            for (int64_t i = 0; i < inner; i++) sum[i] = before[i] + here[i];
        }
    }
    return wide;
}

/* The slope by the values of axis k from the slopes by them and by their running sums, over a wide table. */
static double *narrow_axis(arena *memory, const double *wide, int64_t outer, int64_t size, int64_t inner) {
    double *slope = TAKE(memory, double, outer *size *inner), *to = slope;
    const double *from = wide;
    for (int64_t o = 0; o < outer; o++, from += (2 * size - 1) * inner, to += size * inner)
        for (int64_t i = 0; i < inner; i++) {
            double later = 0.0;
            for (int64_t g = size - 1; g >= 0; g--) {
                if (g > 0) later += from[(size + g - 1) * inner + i];
                to[g * inner + i] = from[g * inner + i] + later;
            }
        }
    return slope;
}

static table *widen(arena *memory, table *t, const bool *wanted) {
    table *wide = t;
    for (int32_t k = 0; k < t->n; k++) {
        if (!wanted[k]) continue;
        if (wide == t) wide = densify(memory, t);
        wide = widen_axis(memory, wide, k);
    }
    return wide;
}

/* The slope of a table from that of its wide form. */
static void narrow(arena *memory, table *t, const table *wide, double *slope) {
    int64_t inner = 1;
    for (int32_t k = t->n - 1; k >= 0; k--) {
        int64_t size = t->axes[k].size;
        if (wide->axes[k].size != size) {
            int64_t outer = 1; /* axes before this one are still wide */
            for (int32_t before = 0; before < k; before++) outer *= wide->axes[before].size;
            slope = narrow_axis(memory, slope, outer, size, inner);
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

table *sketch(arena *memory, const table *left, const table *right, int32_t last, double *work) {
    meeting *met = TAKE(memory, meeting, left->n + right->n);
    int32_t n = meet(left, right, last, met);
    double products = 1.0 + left->wanted + right->wanted;
    for (int32_t m = 0; m < n; m++) {
        int32_t size = met[m].k[LEFT] < 0 ? right->axes[met[m].k[RIGHT]].size : left->axes[met[m].k[LEFT]].size;
        products *= met[m].joined ? 0.5 * size * (size + 1) : size;
    }
    *work += products;
    return shape_result(memory, left, right, met, n, last);
}

product *multiply(arena *memory, table *left, table *right, int32_t last) {
    product *made = ZEROS(memory, product, 1);
    if (left->cells < right->cells) { /* running sums stand beside the smaller one where there is a choice */
        table *smaller = left;
        left = right;
        right = smaller;
    }
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

void differentiate(arena *memory, const product *made) {
    const table *out = made->of[OUT];
    for (int32_t side = 0; side < 2; side++) {
        table *t = made->of[side];
        const table *wide = made->wide[side], *other = made->wide[1 - side];
        if (!t->wanted) continue;
        double *slope = ZEROS(memory, double, wide->cells);
        const int32_t backward[3] = {OUT, 1 - side, side};
        run_nest(&made->loops, backward, out->slope, other->values, slope);
        narrow(memory, t, wide, slope);
    }
}
