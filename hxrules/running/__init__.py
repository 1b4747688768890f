"""The only modules that do things in order in the world: `fetch` (requests → snapshot), `execute` (plan → effects), `recover`."""
