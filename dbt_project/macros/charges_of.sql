{#- The SELECT of the fact's lines of bills in these formats: one row per FOCUS charge. -#}
{% macro charges_of(formats) %}
    {% for format in formats %}
        select
            provider,
            billing_period,
            {% if format in star_formats() %} x_details_id, x_cost_categories,
            {% else %}
                {{ hash_of(detail_columns()) }} as x_details_id,
                cast(null as varchar) as x_cost_categories,
            {% endif %}
            {{ charge_columns() | join(", ") }},
        from
            {{
                ref(
                    "int_"
                    ~ format
                    ~ (
                        "__charges"
                        if format in star_formats()
                        else "__mapped_to_focus"
                    )
                )
            }}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
{% endmacro %}
