{#- The columns that a key of the tag policy may fill (its `dimension`). The other keys are in the compliance marts. -#}
{% macro tag_dimensions() %}
    {{
        return(
            [
                "cost_center",
                "ai_project",
                "ai_model",
                "ai_stage",
                "environment",
                "owner",
                "experiment_id",
                "resource_type",
            ]
        )
    }}
{% endmacro %}
