{#- Staged lines of a CUR with what the rules of the mapping ask of them; `lines` is the staging relation. -#}
{% macro aws_ruled(lines) %}
    select
        *,
        nullif(savings_plan_savings_plan_a_r_n, '') as savings_plan_id,
        nullif(reservation_reservation_a_r_n, '') as reservation_id,
        coalesce(line_item_resource_id <> '', false) as has_resource,
        -- Size-flexible reservations are counted in normalised units. A CASE, so that
        -- the amounts are cast for the few lines of reservations alone.
        case
            when reservation_reservation_a_r_n <> ''
            then
                coalesce(
                    line_item_normalized_usage_amount > 0
                    or reservation_total_reserved_normalized_units > 0
                    or reservation_unused_normalized_unit_quantity > 0,
                    false
                )
            else false
        end as is_normalized,
        coalesce(
            line_item_net_unblended_cost, line_item_unblended_cost
        ) as invoiced_cost,
        {{ aws_line_rule() }} as line_rule,
    from {{ lines }}
{% endmacro %}
