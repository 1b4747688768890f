"""Ruleset + snapshot + state → plan. Pure, deterministic, total: the same inputs give the same bytes.

`needs` says what must be read, `linking` which records belong together, `scope` who is in, `merge` what each field becomes,
`guards` what must be held back, `planner` puts the four in order; `plan` is the result as a value.
"""
