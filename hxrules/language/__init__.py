"""Text → `Ruleset`. Pure: source with places → shape (JSON Schema) → meaning (names and types against the catalogue)."""
