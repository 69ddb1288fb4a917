{#-
    Whether a billing period that starts at this timestamp is the month that the delivery's path names. The bounds are
    constant within a file, so this compares two timestamps a row and formats none. A month starts up to 14 hours before that
    of UTC where its time zone lies east: what starts within them is the month to come, as ingestion counts it.
-#}
{% macro is_of_billing_period(moment) -%}
    (
        {{ moment }} >= cast(billing_period || '-01' as timestamp) - interval 14 hours
        and {{ moment }}
        < cast(billing_period || '-01' as timestamp)
        + interval 1 month
        - interval 14 hours
    )
{%- endmacro %}
