"""What the kinds of entries in ``mart_allocated_costs`` mean, in the words that people read."""

MEANINGS = {
    "direct": "direct cost",
    "price": "internal price",
    "offset": "taken away",
    "pool": "share of a pool",
    "kept": "given back, nothing to divide by",
    "markup": "charged above cost",
    "markup_offset": "earned above cost",
}
"""``entry_kind`` to its meaning for the cost centre of the entry, in the order in which entries are listed."""
