{#-
    Whether a line is a container's share of an instance (split cost allocation data). Such a line repeats what the
    instance's own line carries, so it is no charge: `fct_container_costs` keeps it. Ingestion leaves it out of
    `billed_cost` by the same operations.
-#}
{% macro aws_is_split_cost() -%}
    coalesce(line_item_operation, '') in ({{ aws_split_cost_operations() }})
{%- endmacro %}

{#-
    The same as a condition on lines to keep. DuckDB tests a range while it reads a Parquet file and decodes the other
    columns of no line outside it; a list it tests only when all of them are decoded.
-#}
{% macro aws_keep_split_costs() -%}
    line_item_operation between 'ECSTask-EC2' and 'EKSPod-EC2'
    and line_item_operation in ({{ aws_split_cost_operations() }})
{%- endmacro %}

{% macro aws_split_cost_operations() -%} 'EKSPod-EC2', 'ECSTask-EC2' {%- endmacro %}
