"""Test cases of a ruleset: given these records, and what was in step before, a run does exactly this. No network, the real planner.

`NAME_test.yaml` beside `NAME.yaml`:

    cases:
      - name: a customer with an e-mail goes to Xero
        hubspot:
          contacts: [{id: 101, email: ana@example.com, first-name: Ana, last-name: Lee}]
        expect:
          - create: xero contact from 101
            email: ana@example.com
            first-name: Ana
            last-name: Lee
            company-name: Ana Lee

The rule is strict and simple: every change, every exclusion and every held problem is expected, and so is every field of a change;
`only: true` lets a case speak of nothing but what it mentions. What a plan merely remarks (`notice`, `drift`) may be expected.

The way through: `nodes_reader` (shape), `vocabulary` (names), `records_reader` and `setting` (records, books), `world` (snapshot and
state), `rows` and `expectations` (what happens, what should), `run` (the comparison), `coverage`, `rewriting` (`--update`).
"""
