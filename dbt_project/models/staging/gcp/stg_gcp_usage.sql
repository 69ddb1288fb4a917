-- The two exports have the same columns, but for the resource and the price of a row,
-- which the standard one lacks.
with
    renamed as (
        {%- for source_format in ["gcp_detailed", "gcp_standard"] %}
            select
                provider as provider,
                source as source,
                billing_period as billing_period,
                '{{ source_format }}' as source_format,
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
                {{ money("usage.amount_in_pricing_units") }}
                as usage_amount_in_pricing_units,
                credits,
                {%- if source_format == "gcp_detailed" %}
                    resource.name as resource_name,
                    resource.global_name as resource_global_name,
                    cast(
                        price.tier_start_amount as decimal(38, 12)
                    ) as price_tier_start_amount,
                {%- else %}
                    cast(null as varchar) as resource_name,
                    cast(null as varchar) as resource_global_name,
                    cast(null as decimal(38, 12)) as price_tier_start_amount,
                {%- endif %}
                strptime(invoice.month, '%Y%m') as invoice_month,
                {{ moment_of("usage_start_time") }} as usage_start_time,
                {{ moment_of("usage_end_time") }} as usage_end_time,

            from
                {{ source("landing_gcp", source_format ~ "_parquet") }}
                {{ "union all" if not loop.last }}
        {%- endfor %}
    )

select *
from renamed
where {{ is_of_billing_period("invoice_month") }}
