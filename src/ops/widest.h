// Plain loops that one build runs at the width of each x86 processor: the loader picks the widest form of a function
// marked so. Sanitisers cannot instrument that choice.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define FREEACT_WIDEST __attribute__((optimize("O3"), target_clones("avx512f", "avx2", "default")))
#else
#define FREEACT_WIDEST
#endif
#define FREEACT_INLINE __attribute__((always_inline)) inline
