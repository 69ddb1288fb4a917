{#- The SELECT of what the lines of bills in these formats say of themselves: one row per distinct description. -#}
{% macro charge_details_of(formats) %}
    {% for format in formats %}
        {% if format in star_formats() %}
            select
                provider,
                billing_period,
                x_details_id,
                {{ detail_columns() | join(", ") }},
            from {{ ref("int_" ~ format ~ "__charge_details") }}
        {% else %}
            select distinct
                provider,
                billing_period,
                {{ hash_of(detail_columns()) }} as x_details_id,
                {{ detail_columns() | join(", ") }},
            from {{ ref("int_" ~ format ~ "__mapped_to_focus") }}
        {% endif %}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
{% endmacro %}
