"""A language server for rulesets (`hxrules lsp`): what `validate` finds, while one types; and what can be said at a place.

Keys and their values are the JSON Schema's business, which editors complete by themselves; this server knows the rest: the fields of
both apps, comparisons and values inside filters, and the base's default mappings.

See also: `cursor` (where is the cursor?), `filters` (what may come there?), `document` (the answers), `server` (the protocol; the
only one that needs pygls).
"""
