"""What a person configures: tags, allocation, budgets, rates, accounts, sources, delivery."""
