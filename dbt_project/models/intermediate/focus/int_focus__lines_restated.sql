with
    -- What FOCUS 1.0-preview says otherwise than 1.0.
    said as (
        select
            * replace (
                case
                    when lower(charge_category) <> 'adjustment'
                    then charge_category
                    when lower(charge_subcategory) = 'refund'
                    then 'Purchase'
                    when lower(charge_subcategory) = 'credit'
                    then 'Credit'
                    else charge_category
                end as charge_category,
                if(
                    lower(charge_subcategory) = 'refund', 'Correction', charge_class
                ) as charge_class,
                case
                    lower(charge_subcategory)
                    when 'used commitment'
                    then 'Used'
                    when 'unused commitment'
                    then 'Unused'
                    else commitment_discount_status
                end as commitment_discount_status,
                case
                    lower(pricing_category)
                    when 'on-demand'
                    then 'Standard'
                    when 'commitment-based'
                    then 'Committed'
                    else pricing_category
                end as pricing_category
            ),
            coalesce(
                lower(charge_subcategory)
                in ('refund', 'credit', 'used commitment', 'unused commitment')
                or lower(pricing_category) in ('on-demand', 'commitment-based'),
                false
            ) as is_said_as_in_preview,
            case
                when provider_name ilike '%aws%' or provider_name ilike '%amazon%'
                then 'aws'
                when provider_name ilike '%microsoft%' or provider_name ilike '%azure%'
                then 'azure'
                when provider_name ilike '%google%' or provider_name ilike '%gcp%'
                then 'gcp'
                else lower(provider_name)
            end as service_provider,
        from {{ ref("int_focus__lines") }}
    ),

    -- What a unit costs shows in which of the two currencies its price is. Microsoft
    -- gives the pricing currency's.
    converted as (
        select
            *,
            is_converted
            and coalesce(
                pricing_currency_contracted_unit_price, pricing_currency_list_unit_price
            )
            is null
            and coalesce(contracted_unit_price, list_unit_price) is not null
            and coalesce(
                abs(
                    unit_cost - cast(abs(unit_price) * exchange_rate as decimal(38, 12))
                )
                < abs(unit_cost - abs(unit_price)),
                service_provider = 'azure'
            ) as has_prices_in_pricing_currency,
        from
            (
                select
                    *,
                    coalesce(
                        pricing_currency <> billing_currency and exchange_rate > 0,
                        false
                    ) as is_converted,
                    coalesce(
                        nullif(contracted_unit_price, 0), list_unit_price
                    ) as unit_price,
                    {{
                        quotient(
                            "abs(if(contracted_unit_price <> 0, contracted_cost, list_cost))",
                            "abs(pricing_quantity)",
                        )
                    }}
                    as unit_cost,
                from said
            )
    )

select
    * replace (
        {%- for price in ["contracted_unit_price", "list_unit_price"] %}
            if(
                has_prices_in_pricing_currency,
                cast({{ price }} * exchange_rate as decimal(38, 12)),
                {{ price }}
            ) as {{ price }},
            case
                when pricing_currency_{{ price }} is not null or not is_converted
                then pricing_currency_{{ price }}
                when has_prices_in_pricing_currency
                then {{ price }}
                else {{ quotient(price, "exchange_rate") }}
            end as pricing_currency_{{ price }},
        {%- endfor %}
        if(
            pricing_currency_effective_cost is not null or not is_converted,
            pricing_currency_effective_cost,
            {{ quotient("coalesce(effective_cost, billed_cost)", "exchange_rate") }}
        ) as pricing_currency_effective_cost
    ),
    is_converted
    and (
        pricing_currency_effective_cost is null
        {%- for price in ["contracted_unit_price", "list_unit_price"] %}
            or ({{ price }} is not null and pricing_currency_{{ price }} is null)
        {%- endfor %}
    ) as has_amounts_by_rate,
from converted
