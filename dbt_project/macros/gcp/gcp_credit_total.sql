{#-
    The sum of a GCP row's credits for which `condition` holds (of a credit named `c`), at the platform's scale. It is
    summed inside the row: a join with the unnested credits would repeat the row's cost.
-#}
{% macro gcp_credit_total(condition="true") -%}
    cast(
        coalesce(
            list_sum(
                list_transform(
                    list_filter(credits, lambda c:{{ condition }}),
                    lambda c:{{ money("c.amount") }}
                )
            ),
            0
        ) as decimal(38, 12)
    )
{%- endmacro %}
