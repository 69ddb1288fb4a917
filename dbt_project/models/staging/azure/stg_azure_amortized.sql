{{ azure_cost_lines("azure_amortized") }}
