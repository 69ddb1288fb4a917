{#-
    A tag key without case, separators and the prefix a cloud puts before it: `CostCenter`, `cost_center` and
    `user:cost-center` are all `costcenter`. `finops.policy.tags.spelling` has the same rule for the policy's own names.
-#}
{% macro folded_tag_key(key) -%}
    regexp_replace(
        regexp_replace(
            lower(trim({{ key }})), '^(?:user[:_/]|cost_category/|accounttag/)', ''
        ),
        '[-_. :/]',
        '',
        'g'
    )
{%- endmacro %}
