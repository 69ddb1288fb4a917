{#-
    What a spend-based commitment is good for, from the SKU of its fee or from the name of a credit: "gce" of both
    "Commitment - dollar based v1: GCE flexible for 1 year" and "Committed Usage Discount - Dollar Based: GCE G2",
    "cloud sql" of "Commitment - dollar based v1: Cloud SQL database in Americas for 1 Year".
-#}
{% macro gcp_commitment_topic(description) -%}
    lower(regexp_extract({{ description }}, '(?i): *(gce\b|\S+(?: \S+)?)', 1))
{%- endmacro %}
