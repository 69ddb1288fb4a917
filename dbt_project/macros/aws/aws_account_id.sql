{#- An AWS account id: twelve digits, of which a spreadsheet or a number drops the leading zeros. -#}
{% macro aws_account_id(expression) -%}
    case
        when
            length({{ expression }}) < 12
            and regexp_full_match({{ expression }}, '[0-9]+')
        then lpad({{ expression }}, 12, '0')
        else {{ expression }}
    end
{%- endmacro %}
