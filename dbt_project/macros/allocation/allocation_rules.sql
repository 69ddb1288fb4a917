{#-
    The rules of allocation.yml for the months in scope, as `finops.transform.allocation_inputs` writes them: `prices`,
    `pools` and `bases` (the selections that a pool is split by), in their order.
-#}
{% macro allocation_rules() %}
    {% if not execute %}
        {{ return({"prices": [], "pools": [], "bases": []}) }}
    {% endif %}
    {% set query %}
        select content from read_text('{{ inputs_folder() }}/ops/allocation.json')
    {% endset %}
    {{ return(fromjson(run_query(query).rows[0]["content"])) }}
{% endmacro %}
