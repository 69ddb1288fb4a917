{#- What workloads of a Kubernetes node cost, and what is idle of it, is the node's cost, exactly. -#}
{%- set key = "billing_period, provider, billing_currency, charge_date" -%}
{%- set measures = ["billed_cost", "effective_cost"] -%}

with
    workloads as (
        select
            {{ key }},
            node_resource_id as resource_id,
            {% for measure in measures %}
                sum({{ measure }}) as shared_{{ measure }},
            {% endfor %}
        from {{ ref("mart_kubernetes_costs") }}
        where {{ is_in_scope() }}
        group by {{ key }}, node_resource_id
    ),

    nodes as (
        select
            {{ key }},
            resource_id,
            {% for measure in measures %}
                sum({{ measure }}) as {{ measure }},
            {% endfor %}
        from {{ ref("kpi_charges") }}
        where
            (provider, resource_id)
            in (select (provider, resource_id) from {{ ref("node_usage") }})
        group by {{ key }}, resource_id
    )

select *,
from workloads
full join nodes using ({{ key }}, resource_id)
where
    false
    {% for measure in measures %}
        or shared_{{ measure }} is distinct from {{ measure }}
    {% endfor %}
