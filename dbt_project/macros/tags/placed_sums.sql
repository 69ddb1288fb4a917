{#-
    `sums` with all that decides what tags their charges are given, and its key, `resolution_id`. `detail_rules`, `tag_set_parents` and
    `rules` are in scope of it. A charge whose tags name its own resource (`self` among its rules) inherits nothing.
-#}
{% macro placed_sums(sums) %}
    select
        *,
        {{
            hash_of(
                [
                    "tag_set_id",
                    "rule_orders",
                    "resource_rules",
                    "required_keys",
                    "rule_era",
                    "parents",
                ]
            )
        }} as resolution_id,
    from
        (
            select
                sums.*,
                detail_rules.rule_orders,
                detail_rules.required_keys,
                eras.rule_era,
                case
                    when
                        list_contains({{ list_of_text("sums.resource_rules") }}, 'self')
                    then ''
                    else coalesce(parents.parents, '')
                end as parents,
            from {{ sums }} as sums
            inner join
                detail_rules
                on detail_rules.provider = sums.provider
                and detail_rules.billing_period = sums.billing_period
                and detail_rules.x_details_id = sums.x_details_id
            inner join
                ({{ rule_eras(sums) }}) as eras on eras.charge_date = sums.charge_date
            left join
                ({{ parents_of(sums) }}) as parents
                on parents.provider = sums.provider
                and parents.billing_period = sums.billing_period
                and parents.tag_set_id = sums.tag_set_id
                and parents.sub_account_id
                is not distinct from detail_rules.sub_account_id
                and parents.region_id is not distinct from detail_rules.region_id
        )
{% endmacro %}
