{#- The keys that have a column of their own, and the column. The other keys of the policy are in the compliance marts. -#}
{% macro tag_dimensions() %}
    {{
        return(
            {
                "cost_center": "cost-center",
                "ai_project": "ai-project",
                "ai_model": "ai-model",
                "ai_stage": "ai-stage",
                "environment": "environment",
                "owner": "owner",
                "experiment_id": "experiment-id",
            }
        )
    }}
{% endmacro %}
