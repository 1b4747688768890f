"""hxrules keeps a HubSpot portal and a Xero organisation in step, by rules that are reviewed like code.

The way through, in the order of the data: `language` (ruleset) → `running.fetch` (snapshot) → `planning` (plan) →
`running.execute` (effects, journaled in `state`) → `reports` (what a person reads). `cli` is the front door.
"""

__version__ = "0.1.0"
