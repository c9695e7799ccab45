#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 16, FIRST_CHUNK = 1 << 16 };

/* Under the address sanitizer every piece is a chunk by itself, so that it sees where each of them ends. */
#ifdef __SANITIZE_ADDRESS__
enum { SHARED = 0 };
#else
enum { SHARED = 1 };
#endif

struct chunk {
    chunk *next;
    size_t size, used;
};

/* The header of a chunk, rounded up so that what follows it is aligned as malloc aligns. */
static const size_t HEADER = (sizeof(chunk) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

static chunk *new_chunk(arena *memory, size_t bytes) {
    size_t size = memory->current ? memory->current->size * 2 : FIRST_CHUNK;
    while (SHARED && size < bytes) size *= 2;
    if (!SHARED) size = bytes;
    chunk *made = malloc(HEADER + size);
    if (!made) {
        size = bytes;
        made = malloc(HEADER + size);
    }
    if (!made) longjmp(*memory->no_memory, 1);
    made->size = size;
    made->used = 0;
    made->next = NULL;
    if (memory->current)
        memory->current->next = made;
    else
        memory->first = made;
    return memory->current = made;
}

void *arena_take(arena *memory, size_t n, size_t item) {
    if (n > (SIZE_MAX / 4) / item) longjmp(*memory->no_memory, 1);
    size_t bytes = SHARED ? (n * item + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : n * item;
    chunk *here = SHARED ? memory->current : NULL;
    while (here && here->size - here->used < bytes) {
        if (!here->next) {
            here = NULL;
            break;
        }
        here = memory->current = here->next;
        here->used = 0;
    }
    if (!here) here = new_chunk(memory, bytes);
    char *taken = (char *)here + HEADER + here->used;
    here->used += bytes;
    return taken;
}

void *arena_zeros(arena *memory, size_t n, size_t item) {
    return memset(arena_take(memory, n, item), 0, n * item);
}

void arena_reset(arena *memory) {
    if (!SHARED) arena_free(memory);
    memory->current = memory->first;
    if (memory->current) memory->current->used = 0;
}

void arena_free(arena *memory) {
    for (chunk *each = memory->first; each;) {
        chunk *next = each->next;
        free(each);
        each = next;
    }
    memory->first = memory->current = NULL;
}
