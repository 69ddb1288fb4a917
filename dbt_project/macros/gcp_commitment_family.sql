{#-
    What a resource-based commitment is good for, from the SKU of its fee or of the usage: "n2/cpu/americas" of both
    "Commitment v1: N2 Cpu in Americas for 1 Year" and "N2 Instance Core running in Americas". The first generation, N1,
    goes without its name in the SKU of a fee.
-#}
{% macro gcp_commitment_family(sku_description) -%}
    concat_ws(
        '/',
        regexp_replace(
            lower(
                regexp_extract(
                    {{ sku_description }},
                    '(?i)^(?:commitment v\d+: )?(?:nvidia |tesla )*([a-z]\d+[a-z]?|[ahlptvk]\d+)\b',
                    1
                )
            ),
            '^n1$',
            ''
        ),
        {{ gcp_commitment_resource(sku_description) }},
        lower(
            regexp_extract(
                {{ sku_description }}, '(?i)\bin (.+?)(?: for \d+ years?)?$', 1
            )
        )
    )
{%- endmacro %}
