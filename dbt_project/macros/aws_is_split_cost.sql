{#-
    Whether a line is a container's share of an instance (split cost allocation data). Such a line repeats what the
    instance's own line carries, so it is no charge: `fct_container_costs` keeps it. Ingestion leaves it out of
    `billed_cost` by the same operations.
-#}
{% macro aws_is_split_cost() -%}
    coalesce(line_item_operation, '') in ({{ aws_split_cost_operations() }})
{%- endmacro %}

{#- Their operations. A bare `in` finds them by the statistics of Parquet, without reading the other lines. -#}
{% macro aws_split_cost_operations() -%} 'EKSPod-EC2', 'ECSTask-EC2' {%- endmacro %}
