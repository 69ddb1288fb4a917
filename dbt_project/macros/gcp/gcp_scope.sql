{#-
    What a GCP commitment is shared within: one invoice of one billing account in one currency, as one export has it. Every
    step that spreads fees groups and joins by these columns, so that a build reads the bill of one month only.
-#}
{% macro gcp_scope() -%}
    provider, billing_period, source_format, source, billing_account_id, currency
{%- endmacro %}
