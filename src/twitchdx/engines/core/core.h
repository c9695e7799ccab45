/* The exact engine's inner loops: what the library exports.
 *
 * Everything is plain C99 on top of libc and libm. A network is built once and never changes, so that threads
 * may share it. While an answer is computed no number is subtracted from another: every product and every sum is
 * of numbers that are not negative, so a rare cause keeps its digits.
 */
#ifndef TWITCHDX_CORE_H
#define TWITCHDX_CORE_H

#include <stdint.h>

#if defined(_WIN32)
#define CORE_API __declspec(dllexport)
#elif defined(__GNUC__)
#define CORE_API __attribute__((visibility("default")))
#else
#define CORE_API
#endif

/* What core_network_new and core_answer say. */
enum { CORE_DONE = 0, CORE_NO_MEMORY = 1 };

/* Code of a variable that was not observed; from -2 down, codes count rows of likelihoods. */
enum { CORE_UNOBSERVED = -1 };

typedef struct core_network core_network;

/* The evidence of many patients. */
typedef struct {
    int64_t count;                    /* patients */
    int64_t n_variables;              /* columns */
    const int32_t *variables;         /* node of each column */
    const int32_t *codes;             /* count x n_variables, row after row */
    const double *const *likelihoods; /* for each column: rows of soft evidence */
} core_rows;

/* What is wanted, and where it is written. */
typedef struct {
    int64_t n_targets;
    const int32_t *targets; /* nodes */
    int64_t width;          /* states of all targets together */
    double budget;          /* cells that all tables of a patient may have together */
    double *log_evidence;   /* count */
    double *marginals;      /* count x width, target after target in a row */
    double *cells;          /* count: cells of all tables where they exceed the budget; infinite where numbers left
                             * the range of a float; else 0 */
} core_answers;

/* Hypotheses about one patient. Each holds where all of its conditions do. */
typedef struct {
    int64_t count;
    const int64_t *first;   /* count + 1: the conditions of each */
    const int32_t *nodes;   /* of each condition: the node that it is about */
    const int32_t *parents; /* -1: the state of the node; else what it says of the contribution of its k-th parent */
    const uint64_t *allowed; /* bits of the states, or of the classes, for which the condition holds */
} core_hypotheses;

/* What is written of P(evidence), and then of P(evidence and hypothesis) for each hypothesis. */
typedef struct {
    double budget;    /* as in core_answers */
    double *log_mass; /* 1 + count: natural logs */
    double *slopes;   /* (1 + count) x numbers of the network: derivative of the log by each number, the others held
                       * fixed; 0 where the number is 0, or is what an inhibitor lets pass and is 1, or
                       * nothing was computed */
    double *cells;    /* 1: as in core_answers */
} core_derivatives;

/* A sparse matrix: what stands in some places, each of them once. */
typedef struct {
    int64_t count, width; /* entries, columns */
    const int32_t *rows, *columns;
    const double *values;
} core_sparse;

/* SHA-256 of the sources that the library was compiled from, in hexadecimal. */
CORE_API const char *core_digest(void);

/* A network from two flat arrays, laid out as `_flatten` in engines/exact.py does. NULL without memory. */
CORE_API core_network *core_network_new(const int32_t *shape, const double *numbers);
CORE_API void core_network_free(core_network *network);

/* Answer for each row by itself; what stands in other rows changes no bit of it. */
CORE_API int32_t core_answer(const core_network *network, const core_rows *rows, const core_answers *out);

/* How the evidence of one patient, and each hypothesis together with it, depends on the numbers of the network. */
CORE_API int32_t core_differentiate(const core_network *network, const core_rows *row,
                                    const core_hypotheses *hypotheses, const core_derivatives *out);

/* to += left x right, for dense matrices left and to, row after row. */
CORE_API void core_multiply_sparse(const core_sparse *right, int64_t rows, const double *left, int64_t left_width,
                                   double *to);

#endif
