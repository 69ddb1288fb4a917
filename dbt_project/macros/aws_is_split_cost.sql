{#-
    Whether a line is a container's share of an instance (split cost allocation data). Such a line repeats what the
    instance's own line carries, so it is no charge: `fct_container_costs` keeps it. Ingestion leaves it out of
    `billed_cost` by the same operations.
-#}
{% macro aws_is_split_cost() -%}
    coalesce(line_item_operation, '') in ('EKSPod-EC2', 'ECSTask-EC2')
{%- endmacro %}
