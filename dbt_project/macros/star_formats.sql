{#-
    Formats whose bills are large enough to be mapped in two halves from the start: `int_<format>__charges`, line by line,
    and `int_<format>__charge_details`, once per combination of native columns. The others yield one flat
    `int_<format>__mapped_to_focus`, which the fact splits.
-#}
{% macro star_formats() %} {{ return(["aws_cur2", "aws_cur_legacy"]) }} {% endmacro %}
