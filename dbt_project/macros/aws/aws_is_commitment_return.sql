{#-
    Whether a refund of a commitment gives its fee back, as its description tells ("Savings Plan return"). Others name the
    plan too and are discounts on it (of an enterprise or private pricing agreement, of a reseller): what they take off is
    effective. One that tells neither is no return.
-#}
{% macro aws_is_commitment_return() -%}
    (
        coalesce(
            regexp_matches(
                line_item_line_item_description,
                '(?i)\b(return(s|ed|ing)?|refund(s|ed|ing)?|cancel(s|l?ed|l?ing|lation)?|revers(ed|al))\b'
            ),
            false
        )
        and not regexp_matches(
            line_item_line_item_description,
            '(?i)\b(discounts?|edp|ppa|spp|enterprise|private|bundled|credits?|tax(es)?|vat)\b'
        )
    )
{%- endmacro %}
