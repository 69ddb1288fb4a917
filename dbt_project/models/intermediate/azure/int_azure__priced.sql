with
    units as (select * from {{ ref("pricing_units") }}),

    costed as (
        select
            lines.*,
            case
                -- The actual export has nothing but fees here.
                when is_paid_by_commitment and source_format = 'azure_amortized'
                then 0
                else cost
            end as billed_cost,
            case when is_commitment_fee then 0 else cost end as effective_cost,
            charge_category in ('Usage', 'Purchase')
            and not is_refund
            and not is_unused
            and not is_commitment_fee
            and (coalesce(unit_price, 0) <> 0 or cost = 0) as has_unit_price,
            coalesce(pricing_currency <> billing_currency, false) as is_converted,
            coalesce(
                {{
                    focus_unit_of(
                        "coalesce(units.focus_unit, nullif(lines.native_unit, ''))"
                    )
                }},
                'Units'
            ) as unit,
        from {{ ref("int_azure__classified") }} as lines
        left join units on units.native_unit = lower(lines.native_unit)
    ),

    rated as (
        select
            *,
            case
                when is_commitment_fee
                then 0
                when has_unit_price
                then
                    cast(
                        coalesce(billing_unit_price, 0) * block_count as decimal(38, 12)
                    )
                else cost
            end as contracted_cost,
            -- FOCUS has blocks of plain units only: 100 GB/Month are GB-Months, a
            -- hundred times as many.
            if(regexp_matches(unit, '[-/]'), block_size, 1) as spread_block,
            -- Where the export has no cost in the pricing currency, its rate or its
            -- prices, which are in that currency, tell.
            case
                when cost_in_pricing_currency is not null
                then cost_in_pricing_currency
                when exchange_rate <> 0
                then {{ quotient("cost", "exchange_rate") }}
                when cost <> 0
                then cast(effective_price * block_count as decimal(38, 12))
            end as pricing_currency_cost,
            case
                when exchange_rate <> 0
                then {{ quotient("pay_as_you_go_cost", "exchange_rate") }}
                else
                    {{ portion("pay_as_you_go_cost", "pricing_currency_cost", "cost") }}
            end as pricing_currency_pay_as_you_go_cost,
            if(spread_block = 1, block_count, unit_count) as priced_quantity,
        from costed
    ),

    -- What has no price of its own, as a refund, costs so much a unit.
    unit_priced as (
        select
            *,
            case
                when has_unit_price
                then {{ quotient("unit_price", "spread_block") }}
                when
                    charge_category not in ('Usage', 'Purchase')
                    or charge_class is not null
                then null
                when is_commitment_fee
                then 0
                else
                    {{ quotient("abs(pricing_currency_cost)", "abs(priced_quantity)") }}
            end as pricing_currency_unit_price,
        from rated
    )

select
    *,
    case
        when is_commitment_fee
        then 0
        when not has_unit_price
        then contracted_cost
        when pay_as_you_go_cost <> 0
        then pay_as_you_go_cost
        -- EA names no list cost, and a list price of 0 where it has none to tell.
        when billing_list_price <> 0
        then cast(billing_list_price * block_count as decimal(38, 12))
        else contracted_cost
    end as list_cost,
    if(
        has_unit_price, {{ quotient("billing_unit_price", "spread_block") }}, null
    ) as contracted_unit_price,
    case
        when not is_converted
        then null
        when effective_cost = 0
        then 0
        else pricing_currency_cost
    end as pricing_currency_effective_cost,
    if(
        is_converted, pricing_currency_unit_price, null
    ) as pricing_currency_contracted_unit_price,
    case
        when not is_converted
        then null
        when not has_unit_price
        then pricing_currency_unit_price
        when pay_as_you_go_price <> 0
        then {{ quotient("pay_as_you_go_price", "spread_block") }}
        when pay_as_you_go_cost <> 0 and block_count <> 0
        then {{ quotient("pricing_currency_pay_as_you_go_cost", "priced_quantity") }}
        else pricing_currency_unit_price
    end as pricing_currency_list_unit_price,
    if(
        charge_category in ('Usage', 'Purchase'), priced_quantity, null
    ) as pricing_quantity,
    case
        when charge_category not in ('Usage', 'Purchase') or block_count is null
        then null
        when block_size = spread_block
        then unit
        else block_size || ' ' || unit
    end as pricing_unit,
from unit_priced
