{#-
    The columns that GCP's standard and detailed usage exports share, renamed and cast. Credits stay the array they are;
    `cost` is before credits. Times are UTC. The invoice month decides the billing period: usage at a month's end may be
    invoiced with the next.
-#}
{% macro gcp_usage_lines() %}
    provider as provider,
    source as source,
    billing_period as billing_period,
    filename as file_name,
    file_row_number as line_number,
    billing_account_id,
    service.description as service_description,
    sku.id as sku_id,
    sku.description as sku_description,
    project.id as project_id,
    project.name as project_name,
    location.location as location,
    location.region as region,
    location.zone as zone,
    transaction_type,
    seller_name,
    currency,
    usage.unit as usage_unit,
    usage.pricing_unit as pricing_unit,
    invoice.publisher_type as publisher_type,
    cost_type,
    coalesce(
        adjustment_info.id,
        adjustment_info.type,
        adjustment_info.mode,
        adjustment_info.description
    ) as adjustment_id,
    adjustment_info.description as adjustment_description,
    subscription.instance_id as subscription_instance_id,
    {{ gcp_native_tags() }} as native_tags,
    [
        e.value for e
        in coalesce(system_labels, []) if e.key
        = 'compute.googleapis.com/machine_spec'
    ][1] as machine_spec,
    [
        e.value for e
        in coalesce(system_labels, []) if e.key
        = 'compute.googleapis.com/cores'
    ][1] as machine_cores,
    {{ money("cost") }} as cost,
    {{ money("cost_at_list") }} as cost_at_list,
    {{ money("currency_conversion_rate") }} as currency_conversion_rate,
    {{ money("usage.amount") }} as usage_amount,
    {{ money("usage.amount_in_pricing_units") }} as usage_amount_in_pricing_units,
    credits,
    strptime(invoice.month, '%Y%m') as invoice_month,
    cast(usage_start_time as timestamp) as usage_start_time,
    cast(usage_end_time as timestamp) as usage_end_time,
{% endmacro %}
