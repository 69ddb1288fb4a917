{#-
    The lines of a format that is delivered as Parquet or as CSV, renamed and cast: the SELECT of its staging model. `parquet`
    and `csv` are the two sources. `texts`, `amounts` and `moments` name the columns, each with the names it has in the
    files, the first that holds something counts. `expressions` are further columns with the SQL that yields them, alike in
    both. `nested` are columns that Parquet may hold as JSON text, as a map, a struct or a list, each with its one name; they
    become JSON text. Only lines of the month that the path names are kept, by the moment `period_start`: a file may hold others.

    A file may have a column `Provider` of its own, which the column of the path replaces; `provider as provider` gives it
    the spelling of the other formats.
-#}
{% macro staged_lines(
    parquet,
    csv,
    period_start,
    texts={},
    amounts={},
    moments={},
    expressions={},
    nested={}
) %}
    with
        lines as (
            {%- for relation in [parquet, csv] %}
                {%- set is_text = not loop.first %}
                select
                    provider as provider,
                    source as source,
                    billing_period as billing_period,
                    {%- for name, natives in texts.items() %}
                        {{ text_of(natives) }} as {{ name }},
                    {%- endfor %}
                    {%- for name, native in nested.items() %}
                        {% if is_text %} {{ text_of([native]) }}
                        {% else %} {{ json_text_of(adapter.quote(native)) }}
                        {% endif %} as {{ name }},
                    {%- endfor %}
                    {%- for name, sql in expressions.items() %}
                        {{ sql }} as {{ name }},
                    {%- endfor %}
                    {%- for name, natives in amounts.items() %}
                        {% if is_text %} {{ money_from_text(text_of(natives)) }}
                        {% else %} {{ money(first_of(natives)) }}
                        {% endif %} as {{ name }},
                    {%- endfor %}
                    {%- for name, natives in moments.items() %}
                        {{ first_moment_of(natives) }} as {{ name }},
                    {%- endfor %}
                from {{ relation }} {{ "union all" if loop.first }}
            {%- endfor %}
        )

    select *
    from lines
    where {{ is_of_billing_period(period_start) }}
{% endmacro %}

{#- The first of a column's names that is not null. -#}
{% macro first_of(names) -%}
    coalesce({% for name in names %}{{ adapter.quote(name) }}, {% endfor %} null)
{%- endmacro %}

{#- The first of a text column's names that holds something; an empty text is nothing. -#}
{% macro text_of(names) -%}
    coalesce(
        {%- for name in names %}
            nullif(cast({{ adapter.quote(name) }} as varchar), ''){{ "," }}
        {% endfor %} null
    )
{%- endmacro %}
