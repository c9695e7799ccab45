#include "core.h"

void core_multiply_sparse(const core_sparse *right, int64_t rows, const double *left, int64_t left_width, double *to) {
    for (int64_t r = 0; r < rows; r++) {
        const double *from = left + r * left_width;
        double *out = to + r * right->width;
        for (int64_t k = 0; k < right->count; k++) out[right->columns[k]] += from[right->rows[k]] * right->values[k];
    }
}
