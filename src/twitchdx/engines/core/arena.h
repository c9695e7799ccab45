/* Memory that is taken piece by piece and given back all at once. */
#ifndef TWITCHDX_ARENA_H
#define TWITCHDX_ARENA_H

#include <setjmp.h>
#include <stddef.h>

typedef struct chunk chunk;

typedef struct {
    chunk *first, *current;
    jmp_buf *no_memory; /* where to go when the system has none left */
} arena;

/* Uninitialised memory for n items, aligned for any of them. */
void *arena_take(arena *memory, size_t n, size_t item);
/* The same, filled with zeros. */
void *arena_zeros(arena *memory, size_t n, size_t item);
/* Forget everything that was taken, and keep the chunks for what comes next. */
void arena_reset(arena *memory);
void arena_free(arena *memory);

#define TAKE(memory, type, n) ((type *)arena_take((memory), (size_t)(n), sizeof(type)))
#define ZEROS(memory, type, n) ((type *)arena_zeros((memory), (size_t)(n), sizeof(type)))

#endif
