#include "network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The two arrays that describe a network, read from front to back. */
typedef struct {
    const int32_t *shape;
    const double *numbers, *begin;
} reader;

int32_t least_exponent(const double *values, int64_t n) {
    double least = 1.0;
    for (int64_t i = 0; i < n; i++)
        if (values[i] > 0.0 && values[i] < least) least = values[i];
    int exponent;
    frexp(least, &exponent);
    return exponent - 1;
}

static const double *copy(arena *memory, reader *from, int64_t n) {
    double *values = TAKE(memory, double, n);
    memcpy(values, from->numbers, (size_t)n * sizeof(double));
    from->numbers += n;
    return values;
}

static void read_table(core_network *net, node *x, reader *from) {
    x->n_parents = *from->shape++;
    int32_t *parents = TAKE(&net->memory, int32_t, x->n_parents);
    int64_t *strides = TAKE(&net->memory, int64_t, x->n_parents);
    for (int32_t k = 0; k < x->n_parents; k++) parents[k] = *from->shape++;
    int64_t cells = x->states;
    for (int32_t k = x->n_parents - 1; k >= 0; k--) {
        strides[k] = cells;
        cells *= net->nodes[parents[k]].states;
    }
    x->parents = parents;
    x->strides = strides;
    x->table.values = copy(&net->memory, from, cells);
    x->table.exponent = least_exponent(x->table.values, cells);
}

/* Producers contribute over the states; an inhibitor contributes "suppressed" where it does not let pass. */
static chain read_chain(core_network *net, node *x, reader *from) {
    int32_t producers = *from->shape++;
    const int32_t *named = from->shape;
    from->shape += producers;
    int32_t inhibitors = *from->shape++;
    x->n_parents = producers + inhibitors;
    x->producers = producers;
    int32_t *parents = TAKE(&net->memory, int32_t, x->n_parents);
    for (int32_t k = 0; k < producers; k++) parents[k] = named[k];
    for (int32_t k = producers; k < x->n_parents; k++) parents[k] = *from->shape++;
    x->parents = parents;
    chain full = {x->states + (inhibitors > 0), NULL, TAKE(&net->memory, const double *, x->n_parents)};
    for (int32_t k = 0; k < x->n_parents; k++) {
        int32_t states = net->nodes[parents[k]].states;
        double *part = ZEROS(&net->memory, double, (int64_t)states * full.classes);
        full.part[k] = part;
        for (int32_t s = 0; s < states; s++, part += full.classes) {
            if (k < producers) {
                memcpy(part, from->numbers, (size_t)x->states * sizeof(double));
                from->numbers += x->states;
            } else {
                part[0] = *from->numbers++;
                part[full.classes - 1] = 1.0 - part[0];
            }
        }
    }
    full.leak = ZEROS(&net->memory, double, full.classes);
    memcpy(full.leak, from->numbers, (size_t)x->states * sizeof(double));
    from->numbers += x->states;
    return full;
}

/* Sum the columns of a full contribution that fall into one class; what is excluded (-1) loses its mass. */
static const double *merge(arena *memory, const double *full, int64_t rows, const chain *whole,
                           const int32_t *class_of, int32_t classes) {
    double *merged = ZEROS(memory, double, rows *classes);
    for (int64_t r = 0; r < rows; r++)
        for (int32_t c = 0; c < whole->classes; c++)
            if (class_of[c] >= 0) merged[r * classes + class_of[c]] += full[r * whole->classes + c];
    return merged;
}

/* Classes that can end in a possible outcome stay apart; neighbours that must be raised further are one. */
static int32_t classify(const node *x, const bool *possible, int32_t *class_of, int32_t *ends) {
    int32_t classes = 0, open = -1;
    for (int32_t c = 0; c < x->full.classes; c++) {
        int32_t outcome = c < x->states ? c : 0;
        ends[c] = possible[outcome] ? outcome : -1;
        if (ends[c] >= 0) {
            class_of[c] = classes++;
            open = -1;
        } else {
            if (open < 0) open = classes++;
            class_of[c] = open;
        }
    }
    if (open >= 0) { /* nothing possible lies above */
        for (int32_t c = 0; c < x->full.classes; c++)
            if (class_of[c] == open) class_of[c] = -1;
        classes--;
    }
    return classes;
}

view see(arena *memory, const core_network *net, const node *x, const bool *possible, int32_t observed) {
    const chain *full = &x->full;
    int32_t *class_of = TAKE(memory, int32_t, full->classes), *ends = TAKE(memory, int32_t, full->classes);
    view seen;
    seen.classes = classify(x, possible, class_of, ends);
    seen.class_of = class_of;
    seen.outcomes = observed < 0 ? x->states : 1;
    seen.leak = merge(memory, full->leak, 1, full, class_of, seen.classes);
    double *cap = ZEROS(memory, double, (int64_t)seen.classes *seen.outcomes);
    for (int32_t c = 0; c < full->classes; c++)
        if (ends[c] >= 0) cap[class_of[c] * seen.outcomes + (observed < 0 ? ends[c] : 0)] = 1.0;
    seen.cap = cap;
    numbers *parts = TAKE(memory, numbers, x->n_parents);
    for (int32_t k = 0; k < x->n_parents; k++) {
        int32_t rows = net->nodes[x->parents[k]].states;
        parts[k].values = merge(memory, full->part[k], rows, full, class_of, seen.classes);
        parts[k].exponent = least_exponent(parts[k].values, (int64_t)rows * seen.classes);
    }
    seen.parts = parts;
    return seen;
}

static void read_noisy(core_network *net, node *x, reader *from) {
    x->full = read_chain(net, x, from);
    view *views = TAKE(&net->memory, view, x->states + 1);
    bool *possible = TAKE(&net->memory, bool, x->states);
    for (int32_t observed = -1; observed < x->states; observed++) {
        for (int32_t s = 0; s < x->states; s++) possible[s] = observed < 0 || s == observed;
        views[observed + 1] = see(&net->memory, net, x, possible, observed);
    }
    x->views = views;
}

static void read_node(core_network *net, int32_t index, reader *from) {
    node *x = &net->nodes[index];
    memset(x, 0, sizeof *x);
    x->states = *from->shape++;
    x->first = from->numbers - from->begin;
    if (*from->shape++)
        read_noisy(net, x, from);
    else
        read_table(net, x, from);
    uint64_t *above = ZEROS(&net->memory, uint64_t, net->words);
    above[index / 64] |= (uint64_t)1 << (index % 64);
    for (int32_t k = 0; k < x->n_parents; k++)
        for (int32_t w = 0; w < net->words; w++) above[w] |= net->nodes[x->parents[k]].above[w];
    x->above = above;
}

static int32_t fill(core_network *net, reader from) {
    jmp_buf no_memory;
    net->memory.no_memory = &no_memory;
    if (setjmp(no_memory)) return CORE_NO_MEMORY;
    net->n = *from.shape++;
    net->words = (net->n + 63) / 64;
    net->nodes = TAKE(&net->memory, node, net->n);
    for (int32_t index = 0; index < net->n; index++) read_node(net, index, &from);
    net->n_numbers = from.numbers - from.begin;
    net->memory.no_memory = NULL; /* nothing is taken from now on */
    return CORE_DONE;
}

core_network *core_network_new(const int32_t *shape, const double *values) {
    core_network *net = calloc(1, sizeof *net);
    if (net && fill(net, (reader){shape, values, values}) != CORE_DONE) {
        core_network_free(net);
        net = NULL;
    }
    return net;
}

void core_network_free(core_network *net) {
    if (!net) return;
    arena_free(&net->memory);
    free(net);
}
