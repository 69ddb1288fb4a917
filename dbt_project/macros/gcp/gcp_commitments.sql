{#- The resource of a machine that a GCP description names: gpu, ssd, ram, cpu, or an empty text. -#}
{% macro gcp_commitment_resource(description) -%}
    case
        when
            regexp_matches(
                {{ description }},
                '(?i)\b(gpus?|nvidia|tesla|a100|h100|h200|l4|t4|v100|p100|p4|k80)\b'
            )
        then 'gpu'
        when regexp_matches({{ description }}, '(?i)\bssd\b')
        then 'ssd'
        when regexp_matches({{ description }}, '(?i)\b(ram|memory)\b')
        then 'ram'
        when regexp_matches({{ description }}, '(?i)\b(v?cpus?|cores?)\b')
        then 'cpu'
        else ''
    end
{%- endmacro %}

{#-
    What a commitment is good for, so that its fee and the usage that it covers have the same key.
    By resource, from the SKU of the fee or of the usage: "n2/cpu/americas" of both "Commitment v1: N2 Cpu in Americas for
    1 Year" and "N2 Instance Core running in Americas"; the SKU of a fee leaves out the name of the first generation, N1.
    By spend, from the SKU of the fee or the name of a credit: "gce" of both "Commitment - dollar based v1: GCE flexible for
    1 year" and "Committed Usage Discount - Dollar Based: GCE G2".
-#}
{% macro gcp_commitment_key(name, sku_description) -%}
    case
        when is_spend_based
        then
            'spend/'
            || lower(regexp_extract({{ name }}, '(?i): *(gce\b|\S+(?: \S+)?)', 1))
        else
            concat_ws(
                '/',
                'resource',
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
    end
{%- endmacro %}
