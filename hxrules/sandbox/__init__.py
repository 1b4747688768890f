"""A local HubSpot and a local Xero over real HTTP, as strict as the vendors and stricter where those are silent.

What: two ASGI apps in one process. `server` runs them, `environment` is what both share (clock, quirks, randomness),
`seeds` makes their records, `faults` and `request_log` stand between the network and either app; `hubspot` and `xero`
hold each vendor's own rules and know nothing of each other.
Why: hxrules is developed, tested and demonstrated against what the two APIs really do (the fact pages of the project),
never against a mock that says yes.
Invariant: imports nothing of hxrules but `hxrules.values`; connectors share no code with it, so that one mistake can't
hide in both.
"""
