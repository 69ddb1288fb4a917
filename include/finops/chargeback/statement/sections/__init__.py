"""What a statement shows of one currency, a file for each.

``of(scope)`` gives a part of the ``Section``; ``tables(scope, section)`` yields small tables beside the parts. A new
section is a file of its own and a line in ``compose``.
"""
