{#-
    What this build knows of its charges and their tags, as CTEs: `charge_sums` and `resource_sums`, the two aggregations
    of charges, their `details`, how their tags are resolved (`resolutions`), and what the tags say (`tag_set_values`).
-#}
{% macro tagged_charges() %}
    charge_sums as (select * from {{ ref("charge_sums") }}),

    resource_sums as (select * from {{ ref("resource_resolutions") }}),

    details as (
        select * from {{ ref("focus_charge_details") }} where {{ is_in_scope() }}
    ),

    resolutions as (select * from {{ ref("tag_resolutions") }}),

    tag_set_values as (select * from {{ ref("tag_set_values") }})
{% endmacro %}
