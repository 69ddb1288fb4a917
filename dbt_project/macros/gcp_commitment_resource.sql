{#- Which resource of a machine a GCP description speaks of: gpu, ssd, ram, cpu, or an empty text. -#}
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
