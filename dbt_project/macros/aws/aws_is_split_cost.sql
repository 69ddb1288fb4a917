{#-
    Whether a line is no charge, but a container's share of an instance (split cost allocation data): it repeats what the
    instance's own line carries and bills nothing itself. One that does bill an amount is a charge as any other.
    `fct_container_costs` keeps both.
-#}
{% macro aws_is_split_cost() -%}
    (
        coalesce(line_item_operation, '') in ({{ aws_split_cost_operations() }})
        and coalesce(line_item_net_unblended_cost, line_item_unblended_cost, 0) = 0
    )
{%- endmacro %}

{#-
    Whether a line is split cost allocation data, as a condition on lines to keep. DuckDB tests a range while it reads a
    Parquet file and decodes the other columns of no line outside it; a list it tests only when all of them are decoded.
-#}
{% macro aws_keep_split_costs() -%}
    line_item_operation between 'ECSTask-EC2' and 'EKSPod-EC2'
    and line_item_operation in ({{ aws_split_cost_operations() }})
{%- endmacro %}

{% macro aws_split_cost_operations() -%} 'EKSPod-EC2', 'ECSTask-EC2' {%- endmacro %}
