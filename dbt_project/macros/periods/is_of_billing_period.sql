{#-
    Whether a timestamp lies in the month that the delivery's path names. The bounds are constant within a file, so this
    compares two timestamps a row and formats none.
-#}
{% macro is_of_billing_period(moment) -%}
    (
        {{ moment }} >= cast(billing_period || '-01' as timestamp)
        and {{ moment }} < cast(billing_period || '-01' as timestamp) + interval 1 month
    )
{%- endmacro %}
