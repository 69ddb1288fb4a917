{#- The stored lines of the periods in scope, each with the rules that ask for its resource; '' where none does. -#}
{% macro lines_with_resource_rules() %}
    {% if has_resource_rules() %}
        select lines.*, coalesce(resource_rules.resource_rules, '') as resource_rules,
        from {{ ref("focus_charges") }} as lines
        left join
            {{ ref("resource_rules") }} as resource_rules
            on resource_rules.provider = lines.provider
            and resource_rules.billing_period = lines.billing_period
            and resource_rules.resource_id = lines.resource_id
        where {{ is_in_scope("lines") }}
    {% else %}
        select *, '' as resource_rules,
        from {{ ref("focus_charges") }}
        where {{ is_in_scope() }}
    {% endif %}
{% endmacro %}
