{#-
    What the fact says of a column that a mapping left null, over the columns of `focus_charges`. These are columns that
    most rows would repeat, or that follow from others; writing them costs more than the rest of the build. A price has no
    sign: where cost runs against quantity, the cost has it.
-#}
{% macro focus_defaults() %}
    {% set is_priced = "charge_category in ('Usage', 'Purchase') and charge_class is null and pricing_quantity <> 0" %}
    {% set unit_price = (
        "case when "
        ~ is_priced
        ~ " then "
        ~ quotient("abs({cost})", "abs(pricing_quantity)")
        ~ " end"
    ) %}
    {% set contracted_unit_price = (
        "coalesce(contracted_unit_price, "
        ~ unit_price.replace("{cost}", "contracted_cost")
        ~ ")"
    ) %}
    {% set list_unit_price = (
        "coalesce(list_unit_price, "
        ~ unit_price.replace("{cost}", "list_cost")
        ~ ")"
    ) %}
    {% set is_consumed = "charge_category = 'Usage' and commitment_discount_status is distinct from 'Unused'" %}
    {% set is_priced_as_billed = (
        "coalesce(pricing_currency, billing_currency) = billing_currency"
    ) %}
    {% set provider_name = "case provider when 'aws' then 'AWS' when 'azure' then 'Microsoft' else 'Google Cloud' end" %}
    {{
        return(
            {
                "billing_account_type": "case provider when 'aws' then 'Payer Account' else 'Billing Account' end",
                "consumed_quantity": "case when "
                ~ is_consumed
                ~ " then pricing_quantity end",
                "consumed_unit": "case when "
                ~ is_consumed
                ~ " then pricing_unit end",
                "contracted_unit_price": unit_price.replace(
                    "{cost}", "contracted_cost"
                ),
                "invoice_issuer_name": "case provider when 'aws' then 'Amazon Web Services, Inc.' else coalesce(provider_name, "
                ~ provider_name
                ~ ") end",
                "list_unit_price": unit_price.replace("{cost}", "list_cost"),
                "pricing_currency": "billing_currency",
                "pricing_currency_contracted_unit_price": "case when "
                ~ is_priced_as_billed
                ~ " then "
                ~ contracted_unit_price
                ~ " end",
                "pricing_currency_effective_cost": "case when "
                ~ is_priced_as_billed
                ~ " then effective_cost end",
                "pricing_currency_list_unit_price": "case when "
                ~ is_priced_as_billed
                ~ " then "
                ~ list_unit_price
                ~ " end",
                "provider_name": provider_name,
                "publisher_name": "coalesce(provider_name, " ~ provider_name ~ ")",
                "sku_price_details": "case when sku_price_id is not null then '{\"InstanceType\":\"' || x_instance_type || '\"}' end",
                "sub_account_type": "case when sub_account_id is not null then case provider when 'aws' then 'Account' when 'azure' then 'Subscription' else 'Project' end end",
            }
        )
    }}
{% endmacro %}
