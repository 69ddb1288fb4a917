{#-
    A 64-bit hash of the columns, null and empty text told apart. Used as the key of a few thousand combinations within one
    provider and month, both sides of which are written by the same build.
-#}
{% macro hash_of(columns) %}
    {{ return(adapter.dispatch("hash_of", "finops")(columns)) }}
{% endmacro %}

{% macro default__hash_of(columns) -%} hash({{ columns | join(", ") }}) {%- endmacro %}
