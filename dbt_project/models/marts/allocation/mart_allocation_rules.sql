{% set rules = allocation_rules() %}

with
    applied as (
        select
            billing_period,
            provider,
            billing_currency,
            rule_id,
            rule_version,
            rule_digest,
            - sum(
                case when entry_kind = 'offset' then billed_cost else 0 end
            ) as billed_cost,
            - sum(
                case when entry_kind = 'offset' then effective_cost else 0 end
            ) as effective_cost,
        from {{ ref("mart_allocated_costs") }}
        where entry_kind <> 'direct' and {{ is_in_scope() }}
        group by all
    ),

    terms as (
        select *
        from
            (
                values
                    {%- for price in rules.prices %}
                        (
                            {{ text_literal(price.id) }},
                            {{ price.version }},
                            {{ loop.index }},
                            'price_list',
                            {{ text_literal(price.driver) }},
                            {{ text_literal(price.unit) }},
                            {{ text_literal(price.rate) }},
                            null
                        ),
                    {%- endfor %}
                    {%- for pool in rules.pools %}
                        (
                            {{ text_literal(pool.id) }},
                            {{ pool.version }},
                            {{ loop.index + rules.prices | length }},
                            '{{ "step_down" if pool.steps_down else "pool" }}',
                            null,
                            null,
                            null,
                            {{
                                (
                                    text_literal(pool.markup.rate)
                                    if pool.markup
                                    else "null"
                                )
                            }}
                        ),
                    {%- endfor %}
                    -- Of direct entries, which are not here: a build may have no rules.
                    ('(none)', 0, 0, 'none', '', '', '', '')
            ) as terms(
                rule_id,
                rule_version,
                rule_order,
                rule_kind,
                driver,
                unit,
                unit_price,
                markup_rate
            )
    )

select
    applied.billing_period,
    applied.provider,
    applied.billing_currency,
    applied.rule_id,
    applied.rule_version,
    applied.rule_digest,
    terms.rule_order,
    terms.rule_kind,
    terms.driver,
    terms.unit,
    cast(nullif(terms.unit_price, '') as decimal(21, 12)) as unit_price,
    cast(nullif(terms.markup_rate, '') as decimal(12, 8)) as markup_rate,
    cast(applied.billed_cost as {{ var("money_type") }}) as billed_cost,
    cast(applied.effective_cost as {{ var("money_type") }}) as effective_cost,
from applied
inner join
    terms
    on terms.rule_id = applied.rule_id
    and terms.rule_version = applied.rule_version
