//! Tests of what the macros of gort accept, and of what the compiler says of mistakes: `tests/ui`.
