{#-
    The columns of `focus_columns()` that differ from line to line; `focus_charges` stores them. The others describe the
    charge and repeat: `focus_charge_details` stores each combination once, and `x_details_id` joins the two.
-#}
{% macro charge_columns() %}
    {{
        return(
            [
                "allocated_resource_id",
                "allocated_resource_name",
                "allocated_tags",
                "billed_cost",
                "charge_period_end",
                "charge_period_start",
                "commitment_discount_quantity",
                "consumed_quantity",
                "contract_applied",
                "contracted_cost",
                "contracted_unit_price",
                "effective_cost",
                "list_cost",
                "list_unit_price",
                "pricing_currency_contracted_unit_price",
                "pricing_currency_effective_cost",
                "pricing_currency_list_unit_price",
                "pricing_quantity",
                "resource_id",
                "resource_name",
                "tags",
            ]
        )
    }}
{% endmacro %}

{#- The columns of `focus_columns()` that describe a charge, in their order. -#}
{% macro detail_columns() %}
    {% set found = [] %}
    {% for name, type in focus_columns() %}
        {% if name not in charge_columns() and name not in (
            "provider",
            "billing_period",
        ) %}
            {% do found.append(name) %}
        {% endif %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}
