{{ azure_cost_lines("azure_actual") }}
