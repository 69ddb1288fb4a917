{#-
    A unit that the seed `pricing_units` does not know, in FOCUS's unit format: as it is where it has that format already
    (`GB-Hours`, `Requests/Second`, `1000 Tokens`), else its words, and its unit of time behind a hyphen:
    `Lambda GB-Seconds` for `Lambda-GB-Seconds`. Null for null.
-#}
{% macro focus_unit_of(unit) -%}
    {%- set time = "(?:year|month|day|hour|minute|second)" -%}
    {%- set named_time = "regexp_extract(" ~ unit ~ ", '(?i)(" ~ time ~ ")s?$', 1)" -%}
    {%- set words = "[A-Za-z][A-Za-z0-9]*(?: +[A-Za-z][A-Za-z0-9]*)*" -%}
    {%- set times = "(?:Year|Month|Day|Hour|Minute|Second)" -%}
    {#- The validator wants ASCII: letters lose their accents. -#}
    {%- set plain_unit = (
        "translate(replace("
        ~ unit
        ~ ", 'ß', 'ss'), 'àáâãäåçèéêëìíîïñòóôõöøùúûüýÿÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝ', 'aaaaaaceeeeiiiinoooooouuuuyyAAAAAACEEEEIIIINOOOOOOUUUUY')"
    ) -%}
    {%- set plain_words = (
        "trim(regexp_replace(regexp_replace("
        ~ plain_unit
        ~ ", '(?i)[^a-z]*"
        ~ time
        ~ "s?$', ''), '[^A-Za-z0-9]+', ' ', 'g'))"
    ) -%}
    case
        when
            regexp_full_match(
                {{ unit }},
                '(?:[0-9]+ )?{{ words }}|{{ words }}-{{ times }}s|{{ words }}/{{ times }}|{{ words }}/[0-9]+ {{ times }}s'
            )
        then {{ unit }}
        when {{ unit }} is not null
        then
            concat_ws(
                '-',
                case
                    when regexp_matches({{ plain_words }}, '^[A-Za-z]')
                    then {{ plain_words }}
                    when {{ plain_words }} = ''
                    then 'Units'
                    else 'Unit ' || {{ plain_words }}
                end,
                nullif(
                    upper(left({{ named_time }}, 1))
                    || lower(substr({{ named_time }}, 2))
                    || 's',
                    's'
                )
            )
    end
{%- endmacro %}
