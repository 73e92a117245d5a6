"""From passages to hits: dense and lexical indices, their fusion, the index folder, the build and the search."""
