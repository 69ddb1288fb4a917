{#-
    The columns of one kind of entry of `mart_allocated_costs`, from rows that have the bill's key and `cost_center`. What
    is not given is absent.
-#}
{% macro allocation_entry(
    kind,
    rule=none,
    billed_cost="billed_cost",
    effective_cost="effective_cost",
    cost_center="cost_center",
    counterpart="'(none)'",
    share="null",
    weight="null",
    service_category="'(none)'",
    service_name="'(none)'"
) -%}
    billing_period,
    provider,
    billing_currency,
    {{ cost_center }} as cost_center,
    '{{ kind }}' as entry_kind,
    {{ text_literal(rule.id) if rule else "'(none)'" }} as rule_id,
    {{ rule.version if rule else 0 }} as rule_version,
    {{ text_literal(rule.digest) if rule else "'(none)'" }} as rule_digest,
    {{ counterpart }} as counterpart,
    {{ service_category }} as service_category,
    {{ service_name }} as service_name,
    cast({{ share }} as decimal(13, 12)) as share,
    cast({{ weight }} as {{ var("money_type") }}) as weight,
    cast({{ billed_cost }} as {{ var("money_type") }}) as billed_cost,
    cast({{ effective_cost }} as {{ var("money_type") }}) as effective_cost,
{%- endmacro %}
