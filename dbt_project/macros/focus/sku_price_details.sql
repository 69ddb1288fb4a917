{#- FOCUS SkuPriceDetails of a machine's price: those of its properties that the bill tells, as a JSON object. -#}
{% macro sku_price_details(instance_type, core_count) -%}
    case
        when {{ instance_type }} is not null or {{ core_count }} is not null
        -- A merge leaves out what is null.
        then
            cast(
                json_merge_patch(
                    '{}',
                    json_object(
                        'InstanceType',
                        {{ instance_type }},
                        'CoreCount',
                        try_cast({{ core_count }} as integer)
                    )
                ) as varchar
            )
    end
{%- endmacro %}
